package cabwrite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// File is a member to write.
type File struct {
	// Name is the member's name with '/' between its parts, at most 255 bytes.
	// It is stored as UTF-8, and marked so if it is not ASCII.
	Name string
	// Data is the content.
	Data []byte
	// ModTime is stored as its clock shows, to two seconds. Times that DOS
	// cannot express (before 1980, after 2107) become the nearest one.
	ModTime time.Time
}

// Method says how folders are stored.
type Method uint16

// The methods, as typeCompress of a folder spells them.
const (
	None  Method = 0
	MSZIP Method = 1
	// LZX has a window of 2 MiB, as Microsoft's media have.
	LZX Method = 0x1503
)

// Cabinet says how a cabinet is written.
type Cabinet struct {
	Method Method
	// Reserve is the application's area in the header (abReserve). That of a
	// cabinet to be signed has 20 bytes.
	Reserve []byte
	// FolderReserve and DataReserve are how many zero bytes follow each
	// folder entry and each data block's header.
	FolderReserve, DataReserve uint8
	// FolderBytes starts a new folder before a member that would make the
	// current one larger than that. Zero puts as much as fits in one.
	FolderBytes int64
}

const (
	headerSize   = 36
	folderSize   = 8
	memberSize   = 16
	flagReserve  = 4
	attrArchive  = 0x20
	attrUTF8     = 0x80
	maxReserve   = 60000
	maxName      = 255
	frameSize    = 32768
	maxFolder    = math.MaxUint16 * frameSize
	reserveSizes = 4
)

// Write writes a cabinet of files without reserve areas, in one folder if they
// fit.
func Write(w io.Writer, files []File, m Method) error {
	return Cabinet{Method: m}.Write(w, files)
}

// group is the files of one folder.
type group struct {
	files []File
	size  int64
	data  []byte // the data blocks
	count int    // how many
}

// Write writes a cabinet of files, in their order.
func (c Cabinet) Write(w io.Writer, files []File) error {
	groups, err := c.plan(files)
	if err != nil {
		return fmt.Errorf("write cabinet: %w", err)
	}
	for _, g := range groups {
		if g.data, g.count, err = c.pack(g.files); err != nil {
			return fmt.Errorf("write cabinet: %w", err)
		}
	}
	directory, err := c.directory(groups, len(files))
	if err != nil {
		return fmt.Errorf("write cabinet: %w", err)
	}
	if _, err := w.Write(directory); err != nil {
		return fmt.Errorf("write cabinet: %w", err)
	}
	for _, g := range groups {
		if _, err := w.Write(g.data); err != nil {
			return fmt.Errorf("write cabinet: %w", err)
		}
	}
	return nil
}

// plan checks the files and puts them into folders.
func (c Cabinet) plan(files []File) ([]*group, error) {
	switch {
	case len(files) == 0:
		return nil, errors.New("no files")
	case len(files) > math.MaxUint16:
		return nil, fmt.Errorf("%d files, a cabinet holds at most %d", len(files), math.MaxUint16)
	case len(c.Reserve) > maxReserve:
		return nil, fmt.Errorf("reserve area of %d bytes, at most %d are allowed", len(c.Reserve), maxReserve)
	}
	limit := int64(maxFolder)
	if c.FolderBytes > 0 {
		limit = min(limit, c.FolderBytes)
	}
	var groups []*group
	for _, f := range files {
		size := int64(len(f.Data))
		switch {
		case f.Name == "" || len(f.Name) > maxName || strings.ContainsRune(f.Name, 0):
			return nil, fmt.Errorf("file %q: the name must have 1 to %d bytes, none of them zero", f.Name, maxName)
		case size > maxFolder:
			return nil, fmt.Errorf("file %q: %d bytes, at most %d fit in a folder", f.Name, size, int64(maxFolder))
		}
		if len(groups) == 0 || groups[len(groups)-1].size+size > limit {
			groups = append(groups, new(group))
		}
		g := groups[len(groups)-1]
		g.files = append(g.files, f)
		g.size += size
	}
	if len(groups) > math.MaxUint16 {
		return nil, fmt.Errorf("%d folders, a cabinet holds at most %d", len(groups), math.MaxUint16)
	}
	return groups, nil
}

// directory makes all that precedes the data blocks.
func (c Cabinet) directory(groups []*group, files int) ([]byte, error) {
	le := binary.LittleEndian
	var flags uint16
	var reserve []byte
	if len(c.Reserve) > 0 || c.FolderReserve > 0 || c.DataReserve > 0 {
		flags = flagReserve
		reserve = le.AppendUint16(nil, uint16(len(c.Reserve)))
		reserve = append(reserve, c.FolderReserve, c.DataReserve)
		reserve = append(reserve, c.Reserve...)
	}
	members := c.members(groups)
	membersAt := headerSize + len(reserve) + len(groups)*(folderSize+int(c.FolderReserve))
	end := int64(membersAt + len(members))
	var folders []byte
	for _, g := range groups {
		folders = le.AppendUint32(folders, uint32(end))
		folders = le.AppendUint16(folders, uint16(g.count))
		folders = le.AppendUint16(folders, uint16(c.Method))
		folders = append(folders, make([]byte, c.FolderReserve)...)
		if end += int64(len(g.data)); end > math.MaxUint32 {
			return nil, errors.New("the cabinet is larger than 4 GiB")
		}
	}
	out := append([]byte("MSCF"), 0, 0, 0, 0)
	out = le.AppendUint32(out, uint32(end))
	out = le.AppendUint32(out, 0)
	out = le.AppendUint32(out, uint32(membersAt))
	out = append(out, 0, 0, 0, 0, 3, 1)
	out = le.AppendUint16(out, uint16(len(groups)))
	out = le.AppendUint16(out, uint16(files))
	out = le.AppendUint16(out, flags)
	out = append(out, 0, 0, 0, 0) // set and number in it
	return bytes.Join([][]byte{out, reserve, folders, members}, nil), nil
}

// members makes the CFFILE entries.
func (c Cabinet) members(groups []*group) []byte {
	le := binary.LittleEndian
	var out []byte
	for i, g := range groups {
		offset := uint32(0)
		for _, f := range g.files {
			date, clock := dosTime(f.ModTime)
			attributes := uint16(attrArchive)
			if strings.ContainsFunc(f.Name, func(r rune) bool { return r > 127 }) {
				attributes |= attrUTF8
			}
			out = le.AppendUint32(out, uint32(len(f.Data)))
			out = le.AppendUint32(out, offset)
			out = le.AppendUint16(out, uint16(i))
			out = le.AppendUint16(out, date)
			out = le.AppendUint16(out, clock)
			out = le.AppendUint16(out, attributes)
			out = append(out, strings.ReplaceAll(f.Name, "/", `\`)...)
			out = append(out, 0)
			offset += uint32(len(f.Data))
		}
	}
	return out
}

// dosTime encodes a time as DOS does (MS-CAB section 2.3).
func dosTime(t time.Time) (date, clock uint16) {
	switch {
	case t.Year() < 1980:
		t = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	case t.Year() > 2107:
		t = time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)
	}
	date = uint16((t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day())
	clock = uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2)
	return date, clock
}
