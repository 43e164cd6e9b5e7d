package cabinet_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
)

// open opens a cabinet that must be good.
func open(tb testing.TB, b []byte) *cabinet.Reader {
	tb.Helper()
	r, err := openWith(b, cabinet.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func openWith(b []byte, lim cabinet.Limits) (*cabinet.Reader, error) {
	return cabinet.Open(bytes.NewReader(b), int64(len(b)), lim)
}

// content is a member's name and bytes.
type content struct {
	Name string
	Data []byte
}

// contents opens a cabinet and reads everything in it.
func contents(b []byte, lim cabinet.Limits) ([]content, error) {
	r, err := openWith(b, lim)
	if err != nil {
		return nil, err
	}
	var all []content
	err = r.Walk(context.Background(), func(m cabinet.Member, rd io.Reader) error {
		data, err := io.ReadAll(rd)
		all = append(all, content{m.Name, data})
		return err
	})
	return all, err
}

// sameContents compares names and bytes. It says what differs, or nothing.
func sameContents(got, want []content) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d members, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Name != want[i].Name {
			return fmt.Sprintf("member %d is %q, want %q", i, got[i].Name, want[i].Name)
		}
		if at := firstDifference(got[i].Data, want[i].Data); at >= 0 {
			return fmt.Sprintf("member %q has %d bytes, want %d, and differs at %d", got[i].Name, len(got[i].Data), len(want[i].Data), at)
		}
	}
	return ""
}

// readAll reads one member and drops it.
func readAll(r *cabinet.Reader, name string) error {
	rd, err := r.OpenMember(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, rd)
	return err
}

// wantErr checks that err wraps want.
func wantErr(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Errorf("error %v, want %v", err, want)
	}
}

// write makes a cabinet.
func write(tb testing.TB, c cabwrite.Cabinet, files ...cabwrite.File) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := c.Write(&b, files); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

var modTime = time.Date(2024, 6, 19, 10, 20, 30, 0, time.UTC)

func file(name string, data []byte) cabwrite.File {
	return cabwrite.File{Name: name, Data: data, ModTime: modTime}
}

// rawCabinet makes a cabinet of one member, total bytes long, from payloads
// that are already encoded. Its blocks have no checksum.
func rawCabinet(method uint16, name string, total int, payloads [][]byte) []byte {
	le := binary.LittleEndian
	const membersAt = 44
	dataAt := membersAt + 17 + len(name)
	var data []byte
	for i, p := range payloads {
		data = append(data, 0, 0, 0, 0)
		data = le.AppendUint16(data, uint16(len(p)))
		data = le.AppendUint16(data, uint16(min(encFrame, total-i*encFrame)))
		data = append(data, p...)
	}
	b := append([]byte("MSCF"), 0, 0, 0, 0)
	b = le.AppendUint32(b, uint32(dataAt+len(data)))
	b = append(b, 0, 0, 0, 0, membersAt, 0, 0, 0, 0, 0, 0, 0, 3, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0)
	b = le.AppendUint32(b, uint32(dataAt))
	b = le.AppendUint16(b, uint16(len(payloads)))
	b = le.AppendUint16(b, method)
	b = le.AppendUint32(b, uint32(total))
	b = append(b, 0, 0, 0, 0, 0, 0, 0x21, 0x58, 0, 0, 0x20, 0)
	b = append(append(b, name...), 0)
	return append(b, data...)
}

// cabextract runs the program of that name on a cabinet and returns what it
// prints for one member, or skips the test.
func cabextract(tb testing.TB, cab []byte, args ...string) []byte {
	tb.Helper()
	program, err := exec.LookPath("cabextract")
	if err != nil {
		tb.Skip("cabextract is not installed")
	}
	path := filepath.Join(tb.TempDir(), "test.cab")
	if err := os.WriteFile(path, cab, 0o600); err != nil {
		tb.Fatal(err)
	}
	out, err := exec.Command(program, append(args, path)...).Output()
	if err != nil {
		tb.Fatalf("cabextract refuses the cabinet: %v\n%s", err, out)
	}
	return out
}

// blockOffsets returns where the data blocks of all folders lie.
func blockOffsets(cab []byte) []int {
	le := binary.LittleEndian
	folders, entry, at, blockReserve := int(le.Uint16(cab[26:])), 8, 36, 0
	if le.Uint16(cab[30:])&4 != 0 {
		entry += int(cab[38])
		blockReserve = int(cab[39])
		at = 40 + int(le.Uint16(cab[36:]))
	}
	var offsets []int
	for range folders {
		block := int(le.Uint32(cab[at:]))
		for range le.Uint16(cab[at+4:]) {
			offsets = append(offsets, block)
			block += 8 + blockReserve + int(le.Uint16(cab[block+4:]))
		}
		at += entry
	}
	return offsets
}

// withoutChecksums sets the checksum of every data block to none.
func withoutChecksums(cab []byte) []byte {
	out := bytes.Clone(cab)
	for _, at := range blockOffsets(out) {
		clear(out[at : at+4])
	}
	return out
}

// hasChecksums reports whether every data block has a checksum.
func hasChecksums(cab []byte) bool {
	for _, at := range blockOffsets(cab) {
		if binary.LittleEndian.Uint32(cab[at:]) == 0 {
			return false
		}
	}
	return true
}
