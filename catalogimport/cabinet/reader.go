package cabinet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Reader gives access to one cabinet. Its methods may be called from several
// goroutines if its source's ReadAt may.
type Reader struct {
	src  io.ReaderAt
	size int64 // of the source
	lim  Limits

	declared     int64 // cbCabinet
	end          int64 // where reading stops: declared or size, the lesser
	reserve      []byte
	blockReserve int // reserve bytes in the header of each data block
	folders      []folder
	members      []Member
	byName       map[string][]int // folded name to members, in order
}

// Open reads the directory of the cabinet in the first size bytes of src and
// checks it against lim. Nothing is decoded yet. A refusal is a [*FormatError];
// any other error is src's.
//
// A source that is shorter than the cabinet says (see [Reader.CabinetSize]) is
// accepted if its directory is whole: what is there can be read, and reading
// what is not reports where it breaks off.
func Open(src io.ReaderAt, size int64, lim Limits) (*Reader, error) {
	r := &Reader{src: src, size: size, lim: lim.withDefaults()}
	if err := r.readDirectory(); err != nil {
		return nil, err
	}
	return r, nil
}

// Members returns all members in the order of [Reader.Walk].
func (r *Reader) Members() []Member { return slices.Clone(r.members) }

// CabinetSize returns the size in bytes that the cabinet says it has. In a
// signed cabinet the signature starts there.
func (r *Reader) CabinetSize() int64 { return r.declared }

// Reserve returns a copy of the application's reserve area in the header
// (MS-CAB section 2.1, abReserve), which is empty in most cabinets. That of a
// signed one has 20 bytes and says where the signature lies.
func (r *Reader) Reserve() []byte { return bytes.Clone(r.reserve) }

// Lookup finds a member by name. Case is ignored and '\' is the same as '/', as
// on Windows; of several such members the one with exactly this name wins, or
// else the first.
func (r *Reader) Lookup(name string) (Member, bool) {
	matches := r.byName[foldName(name)]
	if len(matches) == 0 {
		return Member{}, false
	}
	for _, i := range matches {
		if r.members[i].Name == name {
			return r.members[i], true
		}
	}
	return r.members[matches[0]], true
}

// Walk calls fn for every member in the order of their bytes: folder by folder,
// and by offset within one. The reader that fn gets yields the member's bytes
// and is valid until fn returns. What fn leaves unread is skipped, and a folder
// is decoded no further than somebody reads.
//
// Walk ends with the first error of fn, or nil if that is [ErrStop]. The
// member's reader fails with a [*FormatError] where the cabinet is at fault and
// with ctx's error once that is done.
func (r *Reader) Walk(ctx context.Context, fn func(m Member, rd io.Reader) error) error {
	var s *folderStream
	for _, m := range r.members {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s == nil || s.index != m.Folder {
			s = r.newFolderStream(ctx, m.Folder)
		}
		if err := fn(m, &memberReader{stream: s, member: m, next: m.Offset}); err != nil {
			if errors.Is(err, ErrStop) {
				return nil
			}
			return err
		}
	}
	return nil
}

// OpenMember returns a reader for the bytes of the member that
// [Reader.Lookup] finds. What lies before the member in its folder is decoded
// first, so use [Reader.Walk] to read several. It returns an error that wraps
// [ErrNotFound] if there is none.
func (r *Reader) OpenMember(name string) (io.Reader, error) {
	m, ok := r.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("cabinet: open %q: %w", name, ErrNotFound)
	}
	return r.open(m), nil
}

func (r *Reader) open(m Member) io.Reader {
	// A single member's reader is cancelled by not reading on.
	s := r.newFolderStream(context.Background(), m.Folder)
	return &memberReader{stream: s, member: m, next: m.Offset}
}

// ReadMember returns the bytes of the member that [Reader.Lookup] finds. It
// returns an error that wraps [ErrNotFound] if there is none and [ErrLimit] if it
// has more than limit bytes.
func (r *Reader) ReadMember(name string, limit int64) ([]byte, error) {
	m, ok := r.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("cabinet: read %q: %w", name, ErrNotFound)
	}
	if m.Size > limit {
		return nil, fmt.Errorf("cabinet: read %q: %w: %d bytes, at most %d are allowed", m.Name, ErrLimit, m.Size, limit)
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, r.open(m)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
