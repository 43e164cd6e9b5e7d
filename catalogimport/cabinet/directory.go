package cabinet

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Sizes and flags of MS-CAB section 2.
const (
	headerSize = 36
	folderSize = 8
	memberSize = 16
	blockSize  = 8

	flagPrev    = 1
	flagNext    = 2
	flagReserve = 4

	// folderContinued is the least folder index that means "continued from or
	// to another cabinet".
	folderContinued = 0xFFFD

	// frameSize is the most output of one data block.
	frameSize = 32768
)

// method is the typeCompress field of a folder.
type method uint16

const (
	methodNone    = 0
	methodMSZIP   = 1
	methodQuantum = 2
	methodLZX     = 3
)

func (m method) kind() int       { return int(m & 15) }
func (m method) windowBits() int { return int(m >> 8 & 31) }

// folder is a CFFOLDER and what the members make of it.
type folder struct {
	offset int64 // of the first data block in the cabinet
	blocks int
	method method
	extent int64 // end of its last member, so what has to be decoded at most
}

// directoryReader reads the fields of the directory in order and knows where
// it stands. Its first error sticks.
type directoryReader struct {
	br  *bufio.Reader
	off int64
	err error
}

func newDirectoryReader(r io.ReaderAt, off, end int64) *directoryReader {
	return &directoryReader{br: bufio.NewReader(io.NewSectionReader(r, off, max(0, end-off))), off: off}
}

// take returns the next n bytes; what names them for the error.
func (d *directoryReader) take(n int, what string) []byte {
	b := make([]byte, n)
	if d.err != nil {
		return b
	}
	if _, err := io.ReadFull(d.br, b); err != nil {
		d.err = directoryError(d.off, what, err)
	}
	d.off += int64(n)
	return b
}

// name returns the next zero-ended string of at most limit bytes.
func (d *directoryReader) name(limit int, what string) []byte {
	if d.err != nil {
		return nil
	}
	start := d.off
	var b []byte
	for {
		c, err := d.br.ReadByte()
		if err != nil {
			d.err = directoryError(start, what, err)
			return nil
		}
		d.off++
		if c == 0 {
			return b
		}
		if len(b) == limit {
			d.err = &FormatError{Offset: start, What: fmt.Sprintf("%s is longer than %d bytes", what, limit), Err: ErrLimit}
			return nil
		}
		b = append(b, c)
	}
}

func directoryError(off int64, what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &FormatError{Offset: off, What: "ends inside " + what, Err: io.ErrUnexpectedEOF}
	}
	return fmt.Errorf("cabinet: read %s: %w", what, err)
}

// readDirectory reads header, folders and members (MS-CAB sections 2.1 to 2.3)
// and holds all that they declare against the limits.
func (r *Reader) readDirectory() error {
	d := newDirectoryReader(r.src, 0, r.size)
	h := d.take(headerSize, "its header")
	if d.err != nil {
		return d.err
	}
	le := binary.LittleEndian
	if !bytes.Equal(h[:4], []byte("MSCF")) {
		return &FormatError{Offset: 0, What: fmt.Sprintf("signature %q, want \"MSCF\"", h[:4])}
	}
	r.declared = int64(le.Uint32(h[8:]))
	r.end = min(r.declared, r.size)
	membersAt := int64(le.Uint32(h[16:]))
	minor, major := h[24], h[25]
	folders, members := int(le.Uint16(h[26:])), int(le.Uint16(h[28:]))
	flags := le.Uint16(h[30:])
	switch {
	case major != 1 || minor != 3:
		return &FormatError{Offset: 24, What: fmt.Sprintf("version %d.%d, want 1.3", major, minor)}
	case flags&(flagPrev|flagNext) != 0:
		return &FormatError{Offset: 30, What: fmt.Sprintf("flags 0x%04x", flags), Err: ErrMultipart}
	case folders == 0:
		return &FormatError{Offset: 26, What: "has no folders"}
	case members == 0:
		return &FormatError{Offset: 28, What: "has no members"}
	case members > r.lim.Members:
		return &FormatError{Offset: 28, What: fmt.Sprintf("%d members, at most %d are allowed", members, r.lim.Members), Err: ErrLimit}
	}
	folderReserve := 0
	if flags&flagReserve != 0 {
		b := d.take(4, "its reserve sizes")
		folderReserve, r.blockReserve = int(b[2]), int(b[3])
		r.reserve = d.take(int(le.Uint16(b)), "its reserve area")
	}
	if err := r.readFolders(d, folders, folderReserve); err != nil {
		return err
	}
	if err := r.readMembers(newDirectoryReader(r.src, membersAt, r.end), members); err != nil {
		return err
	}
	return r.layOut()
}

func (r *Reader) readFolders(d *directoryReader, n, reserve int) error {
	r.folders = make([]folder, n)
	for i := range r.folders {
		b := d.take(folderSize+reserve, fmt.Sprintf("folder entry %d", i))
		if d.err != nil {
			return d.err
		}
		f := folder{
			offset: int64(binary.LittleEndian.Uint32(b)),
			blocks: int(binary.LittleEndian.Uint16(b[4:])),
			method: method(binary.LittleEndian.Uint16(b[6:])),
		}
		at := d.off - int64(len(b)) + 6
		if f.method.kind() > methodLZX {
			return &FormatError{Offset: at, What: fmt.Sprintf("folder %d has the unknown method 0x%04x", i, uint16(f.method))}
		}
		if f.method.kind() == methodLZX && (f.method.windowBits() < minWindowBits || f.method.windowBits() > maxWindowBits) {
			return &FormatError{Offset: at, What: fmt.Sprintf("folder %d has an LZX window of %d bits, want %d to %d",
				i, f.method.windowBits(), minWindowBits, maxWindowBits)}
		}
		r.folders[i] = f
	}
	return nil
}

func (r *Reader) readMembers(d *directoryReader, n int) error {
	le := binary.LittleEndian
	for i := range n {
		at := d.off
		b := d.take(memberSize, fmt.Sprintf("member entry %d", i))
		name := d.name(r.lim.NameLen, fmt.Sprintf("the name of member entry %d", i))
		if d.err != nil {
			return d.err
		}
		attrs := Attributes(le.Uint16(b[14:]))
		m := Member{
			Name:       decodeName(name, attrs&AttrUTF8 != 0),
			Size:       int64(le.Uint32(b)),
			Offset:     int64(le.Uint32(b[4:])),
			Folder:     int(le.Uint16(b[8:])),
			ModTime:    dosTime(le.Uint16(b[10:]), le.Uint16(b[12:])),
			Attributes: attrs,
		}
		refuse := func(offset int64, cause error, format string, args ...any) error {
			return &FormatError{Offset: at + offset, Member: m.Name, What: fmt.Sprintf(format, args...), Err: cause}
		}
		switch {
		case m.Name == "":
			return refuse(memberSize, nil, "member entry %d has no name", i)
		case m.Folder >= folderContinued:
			return refuse(8, ErrMultipart, "folder index 0x%04x", m.Folder)
		case m.Folder >= len(r.folders):
			return refuse(8, nil, "folder index %d, the cabinet has %d folders", m.Folder, len(r.folders))
		case m.Size > r.lim.MemberBytes:
			return refuse(0, ErrLimit, "%d bytes, at most %d are allowed", m.Size, r.lim.MemberBytes)
		}
		f := &r.folders[m.Folder]
		if room := int64(f.blocks) * frameSize; m.Size > 0 && m.end() > room {
			return refuse(0, nil, "ends at byte %d of folder %d, whose %d data blocks hold at most %d",
				m.end(), m.Folder, f.blocks, room)
		}
		if m.Size > 0 {
			f.extent = max(f.extent, m.end())
		}
		r.members = append(r.members, m)
	}
	return nil
}

// layOut puts the members in the order of their bytes, which is the order of
// the directory in every cabinet that a cabinet maker wrote, and checks what
// can only be said of all of them.
func (r *Reader) layOut() error {
	slices.SortStableFunc(r.members, func(a, b Member) int {
		if a.Folder != b.Folder {
			return a.Folder - b.Folder
		}
		return int(a.Offset - b.Offset)
	})
	var total int64
	for _, f := range r.folders {
		total += f.extent
	}
	if total > r.lim.TotalBytes {
		return &FormatError{What: fmt.Sprintf("unpacks to %d bytes, at most %d are allowed", total, r.lim.TotalBytes), Err: ErrLimit}
	}
	if total > ratioFree && total > int64(r.lim.Ratio)*r.end {
		return &FormatError{What: fmt.Sprintf("%d bytes unpack to %d, at most %d times as many are allowed",
			r.end, total, r.lim.Ratio), Err: ErrLimit}
	}
	r.byName = make(map[string][]int, len(r.members))
	var prev Member
	for i, m := range r.members {
		if m.Size > 0 {
			if m.Folder == prev.Folder && m.Offset < prev.end() {
				return &FormatError{Member: m.Name, What: fmt.Sprintf("overlaps member %q in folder %d", prev.Name, m.Folder)}
			}
			prev = m
		}
		key := foldName(m.Name)
		r.byName[key] = append(r.byName[key], i)
	}
	return nil
}
