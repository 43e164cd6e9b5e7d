package store

import (
	"encoding/binary"
	"fmt"
	"time"

	"sluice/wsus/update"
)

// relations is how a revision refers to others and to hardware: the part of it
// that the graph in memory needs and that the database does not search.
type relations struct {
	prerequisites []update.Clause
	bundles       [][]update.Identity
	supersedes    []update.ID
	drivers       []update.DriverMatch
}

// relationsVersion begins the blob.
const relationsVersion = 1

// encode returns the blob: the four lists, each with its length in front,
// numbers as varints, ids as their bytes.
func (r *relations) encode() []byte {
	b := []byte{relationsVersion}
	b = appendList(b, r.prerequisites, func(b []byte, c update.Clause) []byte {
		return appendList(append(b, flag(c.IsCategory)), c.Any, appendID)
	})
	b = appendList(b, r.bundles, func(b []byte, group []update.Identity) []byte {
		return appendList(b, group, func(b []byte, i update.Identity) []byte {
			return binary.AppendVarint(appendID(b, i.ID), int64(i.Number))
		})
	})
	b = appendList(b, r.supersedes, appendID)
	return appendList(b, r.drivers, appendDriver)
}

func appendDriver(b []byte, d update.DriverMatch) []byte {
	b = appendBytes(b, []byte(d.HardwareID))
	b = append(b, flag(!d.VerDate.IsZero()))
	if !d.VerDate.IsZero() {
		b = binary.AppendVarint(b, d.VerDate.Unix())
	}
	b = binary.AppendUvarint(b, d.VerVersion)
	for _, s := range []string{d.Class, d.Manufacturer, d.Provider, d.Model} {
		b = appendBytes(b, []byte(s))
	}
	b = appendList(b, d.Scores, func(b []byte, s update.FeatureScore) []byte {
		return append(appendBytes(b, []byte(s.OperatingSystem)), s.Score)
	})
	b = appendList(b, d.Distribution, appendID)
	return appendList(b, d.Target, appendID)
}

// decodeRelations is the inverse of encode. An error wraps [ErrDamaged].
func decodeRelations(blob []byte) (*relations, error) {
	in := blobReader{b: blob}
	if v := in.take(1); in.bad || v[0] != relationsVersion {
		return nil, fmt.Errorf("%w: relations of another form", ErrDamaged)
	}
	r := &relations{
		prerequisites: readList(&in, func(in *blobReader) update.Clause {
			return update.Clause{IsCategory: in.flag(), Any: readList(in, (*blobReader).id)}
		}),
		bundles: readList(&in, func(in *blobReader) []update.Identity {
			return readList(in, func(in *blobReader) update.Identity {
				return update.Identity{ID: in.id(), Number: int32(in.varint())}
			})
		}),
		supersedes: readList(&in, (*blobReader).id),
		drivers:    readList(&in, readDriver),
	}
	if in.bad || len(in.b) > 0 {
		return nil, fmt.Errorf("%w: relations cut short or too long", ErrDamaged)
	}
	return r, nil
}

func readDriver(in *blobReader) update.DriverMatch {
	d := update.DriverMatch{HardwareID: in.string()}
	if in.flag() {
		d.VerDate = time.Unix(in.varint(), 0).UTC()
	}
	d.VerVersion = in.uvarint()
	for _, s := range []*string{&d.Class, &d.Manufacturer, &d.Provider, &d.Model} {
		*s = in.string()
	}
	d.Scores = readList(in, func(in *blobReader) update.FeatureScore {
		s := update.FeatureScore{OperatingSystem: in.string()}
		if b := in.take(1); !in.bad {
			s.Score = b[0]
		}
		return s
	})
	d.Distribution = readList(in, (*blobReader).id)
	d.Target = readList(in, (*blobReader).id)
	return d
}

func (r *blobReader) flag() bool {
	b := r.take(1)
	return !r.bad && b[0] != 0
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func appendID(b []byte, id update.ID) []byte { return append(b, id[:]...) }

func appendList[T any](b []byte, list []T, item func([]byte, T) []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, v := range list {
		b = item(b, v)
	}
	return b
}

func readList[T any](in *blobReader, item func(*blobReader) T) []T {
	n := in.count()
	if n == 0 {
		return nil
	}
	list := make([]T, 0, min(n, 256))
	for range n {
		v := item(in)
		if in.bad {
			return nil
		}
		list = append(list, v)
	}
	return list
}
