package cabinet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
)

// Where a cabinet of TestRefusals has its fields: one folder, the members "a"
// (200 bytes) and "b" (40000), two data blocks.
const (
	folderAt  = 36
	memberAAt = 44
	memberBAt = memberAAt + 18
	blockAt   = memberBAt + 18
)

// TestRefusals damages a good cabinet in one place each.
func TestRefusals(t *testing.T) {
	le := binary.LittleEndian
	put16 := func(at int, v uint16) func([]byte) { return func(b []byte) { le.PutUint16(b[at:], v) } }
	put32 := func(at int, v uint32) func([]byte) { return func(b []byte) { le.PutUint32(b[at:], v) } }
	for _, tt := range []struct {
		name   string
		method cabwrite.Method
		damage func([]byte)
		is     error  // cause, if a caller can ask for it
		member string // that the error names
		text   string // part of the message
	}{
		{"signature", 0, func(b []byte) { b[0] = 'm' }, nil, "", `signature "mSCF"`},
		{"version", 0, func(b []byte) { b[25] = 2 }, nil, "", "version 2.3"},
		{"previous cabinet", 0, put16(30, 1), cabinet.ErrMultipart, "", "flags 0x0001"},
		{"next cabinet", 0, put16(30, 2), cabinet.ErrMultipart, "", "flags 0x0002"},
		{"no folders", 0, put16(26, 0), nil, "", "no folders"},
		{"no members", 0, put16(28, 0), nil, "", "no members"},
		{"members past the declared end", 0, put32(8, memberBAt+5), io.ErrUnexpectedEOF, "", "member entry 1"},
		{"name past the declared end", 0, put32(8, memberBAt+17), io.ErrUnexpectedEOF, "", "name of member entry 1"},
		{"members beyond the end", 0, put32(16, 1<<31), io.ErrUnexpectedEOF, "", "member entry 0"},
		{"unknown method", 0, put16(folderAt+6, 4), nil, "", "unknown method 0x0004"},
		{"window too small", 0, put16(folderAt+6, 14<<8|3), nil, "", "window of 14 bits"},
		{"window too large", 0, put16(folderAt+6, 22<<8|3), nil, "", "window of 22 bits"},
		{"quantum", 0, put16(folderAt+6, 0x1472), cabinet.ErrQuantum, "a", "block 0 of folder 0"},
		{"continued from", 0, put16(memberBAt+8, 0xFFFD), cabinet.ErrMultipart, "b", "0xfffd"},
		{"continued to", 0, put16(memberBAt+8, 0xFFFE), cabinet.ErrMultipart, "b", "0xfffe"},
		{"continued both", 0, put16(memberBAt+8, 0xFFFF), cabinet.ErrMultipart, "b", "0xffff"},
		{"folder index", 0, put16(memberBAt+8, 1), nil, "b", "folder index 1"},
		{"no name", 0, func(b []byte) { b[memberAAt+16] = 0 }, nil, "", "no name"},
		{"size past the blocks", 0, put32(memberBAt, 65337), nil, "b", "2 data blocks"},
		{"offset past the blocks", 0, put32(memberBAt+4, 1<<31), nil, "b", "2 data blocks"},
		{"overlap", 0, put32(memberBAt+4, 199), nil, "b", `overlaps member "a"`},
		{"fewer bytes than members", 0, put32(memberBAt, 40001), nil, "b", "only 2 data blocks"},
		{"checksum", 0, func(b []byte) { b[blockAt+8+50] ^= 1 }, cabinet.ErrChecksum, "a", "block 0 of folder 0"},
		{"checksum of the second block", 0, func(b []byte) { b[len(b)-1] ^= 1 }, cabinet.ErrChecksum, "b", "block 1 of folder 0"},
		{"block continues elsewhere", 0, put16(blockAt+6, 0), cabinet.ErrMultipart, "a", "another cabinet"},
		{"block too large", 0, put16(blockAt+6, 32769), nil, "a", "32769 bytes of output"},
		{"stored sizes differ", 0, func(b []byte) { put32(blockAt, 0)(b); put16(blockAt+6, 32767)(b) }, nil, "a", "not compressed"},
		{"data beyond the end", 0, put32(folderAt, 1<<31), io.ErrUnexpectedEOF, "a", "block 0"},
		{"data beyond the declared end", 0, put32(8, 1000), io.ErrUnexpectedEOF, "a", "block 0"},
		{"MSZIP mark", cabwrite.MSZIP, func(b []byte) { put32(blockAt, 0)(b); b[blockAt+8] = 'X' }, nil, "a", `"CK"`},
		{"MSZIP too long", cabwrite.MSZIP, func(b []byte) { put32(blockAt, 0)(b); put16(blockAt+6, 32000)(b) }, nil, "a", "more than the declared 32000 bytes"},
		{"MSZIP garbage", cabwrite.MSZIP, func(b []byte) { put32(blockAt, 0)(b); b[blockAt+10] = 7 }, nil, "a", "inflate"},
		{"LZX block type", cabwrite.LZX, func(b []byte) { put32(blockAt, 0)(b); b[blockAt+9] = 0 }, nil, "a", "block type 0"},
		{"LZX trees of noise", cabwrite.LZX, func(b []byte) { put32(blockAt, 0)(b); b[blockAt+9] = 0x10 }, nil, "a", "Huffman"},
		{"LZX short block", cabwrite.LZX, func(b []byte) { put32(blockAt, 0)(b); put16(blockAt+6, 32766)(b) }, nil, "b", "last data block may be short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cab := write(t, cabwrite.Cabinet{Method: tt.method}, file("a", noise(200)), file("b", noise(40_000)))
			if _, err := contents(cab, cabinet.Limits{}); err != nil {
				t.Fatal(err)
			}
			tt.damage(cab)
			_, err := contents(cab, cabinet.Limits{})
			var format *cabinet.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error %v, want a FormatError", err)
			}
			if tt.is != nil {
				wantErr(t, err, tt.is)
			}
			if format.Member != tt.member || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %q about member %q, want one with %q about %q", err, format.Member, tt.text, tt.member)
			}
		})
	}
}

// TestMissingBytes says how much of a cabinet that was cut short is missing.
func TestMissingBytes(t *testing.T) {
	cab := write(t, cabwrite.Cabinet{}, file("a", noise(200)))
	_, err := contents(cab[:len(cab)-9], cabinet.Limits{})
	wantErr(t, err, io.ErrUnexpectedEOF)
	if want := "9 of the cabinet's"; !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want %q in it", err, want)
	}
}

// TestSourceErrors passes on what the file says, not as the cabinet's fault.
func TestSourceErrors(t *testing.T) {
	boom := errors.New("boom")
	cab := write(t, cabwrite.Cabinet{}, file("a", noise(200)))
	for _, good := range []int{0, 40, 50, blockAt, blockAt + 4} {
		r, err := cabinet.Open(failingAt{cab, good, boom}, int64(len(cab)), cabinet.Limits{})
		if err == nil {
			err = readAll(r, "a")
		}
		wantErr(t, err, boom)
		if errors.As(err, new(*cabinet.FormatError)) {
			t.Errorf("with %d good bytes: %v is a FormatError", good, err)
		}
	}
}

// failingAt is a source that fails behind its first bytes.
type failingAt struct {
	b    []byte
	good int
	err  error
}

func (f failingAt) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(f.good) {
		return iotest.ErrReader(f.err).Read(p)
	}
	n, err := bytes.NewReader(f.b[:f.good]).ReadAt(p, off)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}
