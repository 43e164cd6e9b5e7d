package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// Every poll reads what is known of a device, so it is kept in a form that reads
// fast, with a version first.
const recordVersion = 1

// maxReported is how many updates of a kind are kept of a report: a device can
// name any.
const maxReported = 10_000

// appendSettings writes what became of settings, by name.
func appendSettings(b []byte, settings map[string]dialogue.Setting) []byte {
	b = binary.AppendUvarint(append(b, recordVersion), uint64(len(settings)))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s := settings[name]
		for _, text := range []string{name, s.Value, s.Detail, s.Effective, s.Skipped, s.OSVersion} {
			b = appendBytes(b, []byte(text))
		}
		deleted := uint64(0)
		if s.Deleted {
			deleted = 1
		}
		b = binary.AppendUvarint(b, deleted)
		b = binary.AppendVarint(b, int64(s.Status))
		b = binary.AppendVarint(b, millis(s.At))
		b = binary.AppendVarint(b, int64(s.Tries))
	}
	return b
}

// readSettings is the inverse of appendSettings; no bytes are no settings.
func readSettings(b []byte) (map[string]dialogue.Setting, error) {
	if len(b) == 0 {
		return map[string]dialogue.Setting{}, nil
	}
	r := blobReader{b: b}
	if v := r.uvarint(); v != recordVersion {
		return nil, fmt.Errorf("%w: settings of version %d", ErrDamaged, v)
	}
	n := r.count()
	settings := make(map[string]dialogue.Setting, min(n, 256))
	for range n {
		name := r.string()
		settings[name] = dialogue.Setting{
			Value: r.string(), Detail: r.string(), Effective: r.string(), Skipped: r.string(), OSVersion: r.string(),
			Deleted: r.uvarint() == 1, Status: device.Status(r.varint()), At: fromMillis(r.varint()),
			Tries: int(r.varint()),
		}
	}
	if r.bad {
		return nil, fmt.Errorf("%w: settings of a device", ErrDamaged)
	}
	return settings, nil
}

// appendReport writes what a device reports of its updates.
func appendReport(b []byte, r *tree.Report) []byte {
	b = binary.AppendVarint(append(b, recordVersion), millis(r.LastScan))
	b = appendUpdates(b, r.Installable, func(b []byte, v tree.Installable) []byte {
		return binary.AppendVarint(binary.AppendUvarint(b, uint64(v.Type)), int64(v.Number))
	})
	b = appendUpdates(b, r.Installed, func(b []byte, number int32) []byte { return binary.AppendVarint(b, int64(number)) })
	b = appendUpdates(b, r.Failed, func(b []byte, v tree.Failure) []byte {
		b = binary.AppendVarint(b, int64(v.HResult))
		return binary.AppendVarint(binary.AppendVarint(b, int64(v.Status)), int64(v.Number))
	})
	b = appendUpdates(b, r.PendingReboot, func(b []byte, v tree.Pending) []byte {
		return binary.AppendVarint(binary.AppendVarint(b, millis(v.Installed)), int64(v.Number))
	})
	b = appendIDs(b, r.Approved)
	b = appendUpdates(b, r.ApprovedTimes, func(b []byte, at time.Time) []byte { return binary.AppendVarint(b, millis(at)) })
	b = appendIDs(b, r.Refused)
	b = appendLength(b, r.Nodes)
	for _, name := range r.Nodes {
		b = appendBytes(b, []byte(name))
	}
	deferUpgrade := uint64(0)
	if r.DeferUpgrade {
		deferUpgrade = 1
	}
	b = binary.AppendUvarint(b, deferUpgrade)
	return appendBytes(appendBytes(b, []byte(r.QualityRollback)), []byte(r.FeatureRollback))
}

// appendLength writes the length of a list and one, or 0 for none.
func appendLength[T any](b []byte, list []T) []byte {
	if list == nil {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, uint64(len(list))+1)
}

func appendIDs(b []byte, ids []update.ID) []byte {
	b = appendLength(b, ids)
	for i := range ids {
		b = append(b, ids[i][:]...)
	}
	return b
}

// appendUpdates writes a list by update, each in the order of the ids.
func appendUpdates[T any](b []byte, list map[update.ID]T, value func([]byte, T) []byte) []byte {
	if list == nil {
		return append(b, 0)
	}
	ids := firstIDs(list, maxReported)
	b = binary.AppendUvarint(b, uint64(len(ids))+1)
	for _, id := range ids {
		b = value(append(b, id[:]...), list[id])
	}
	return b
}

func compareIDs(a, b update.ID) int { return bytes.Compare(a[:], b[:]) }

// readReport is the inverse of appendReport; no bytes are no report.
func readReport(b []byte) (*tree.Report, error) {
	if len(b) == 0 {
		return nil, nil
	}
	r := blobReader{b: b}
	if v := r.uvarint(); v != recordVersion {
		return nil, fmt.Errorf("%w: report of version %d", ErrDamaged, v)
	}
	rep := &tree.Report{LastScan: fromMillis(r.varint())}
	rep.Installable = readUpdates(&r, func() tree.Installable {
		return tree.Installable{Type: tree.Type(r.uvarint()), Number: int32(r.varint())}
	})
	rep.Installed = readUpdates(&r, func() int32 { return int32(r.varint()) })
	rep.Failed = readUpdates(&r, func() tree.Failure {
		return tree.Failure{HResult: int32(r.varint()), Status: int(r.varint()), Number: int32(r.varint())}
	})
	rep.PendingReboot = readUpdates(&r, func() tree.Pending {
		return tree.Pending{Installed: fromMillis(r.varint()), Number: int32(r.varint())}
	})
	rep.Approved = readIDs(&r)
	rep.ApprovedTimes = readUpdates(&r, func() time.Time { return fromMillis(r.varint()) })
	rep.Refused = readIDs(&r)
	if n, ok := readLength(&r, 1); ok {
		rep.Nodes = make([]string, n)
		for i := range rep.Nodes {
			rep.Nodes[i] = r.string()
		}
	}
	rep.DeferUpgrade = r.uvarint() == 1
	rep.QualityRollback, rep.FeatureRollback = r.string(), r.string()
	if r.bad {
		return nil, fmt.Errorf("%w: report of a device", ErrDamaged)
	}
	return rep, nil
}

// readLength reads what appendLength wrote of a list whose items take at least
// so many bytes each. ok is false for none.
func readLength(r *blobReader, size uint64) (n uint64, ok bool) {
	if n = r.uvarint(); n == 0 || r.bad {
		return 0, false
	}
	if n--; n > uint64(len(r.b))/size {
		r.bad, r.b = true, nil
		return 0, false
	}
	return n, true
}

func readIDs(r *blobReader) []update.ID {
	n, ok := readLength(r, 16)
	if !ok {
		return nil
	}
	ids := make([]update.ID, n)
	for i := range ids {
		ids[i] = r.id()
	}
	return ids
}

func readUpdates[T any](r *blobReader, value func() T) map[update.ID]T {
	n, ok := readLength(r, 16)
	if !ok {
		return nil
	}
	list := make(map[update.ID]T, n)
	for range n {
		id := r.id()
		list[id] = value()
	}
	return list
}
