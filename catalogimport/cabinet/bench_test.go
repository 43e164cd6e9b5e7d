package cabinet_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update/samples"
)

// benchFolders is how often the sample is repeated: 16 times 16.7 MB.
const benchFolders = 16

// benchCabinet returns a real export or, where there is none, a cabinet of made
// documents of about its size.
func benchCabinet(b *testing.B) []byte {
	b.Helper()
	if path, ok := samples.Find(b, "catalog/wsusutil-export/wsus-export-2024-06-19.cab"); ok {
		cab, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		return cab
	}
	var text bytes.Buffer
	for it := range synth.New(synth.Shape{Revisions: 4000, Seed: 1, MaxCore: 4 << 10}).Items() {
		text.Write(it.Document)
	}
	var cab bytes.Buffer
	if err := cabwrite.Write(&cab, []cabwrite.File{{Name: "metadata.txt", Data: text.Bytes()}}, cabwrite.LZX); err != nil {
		b.Fatal(err)
	}
	return cab.Bytes()
}

// BenchmarkLZXDecode measures decoding of 267 MB of a real export, and the
// cabextract program on the same cabinet, so that their ratio can be taken
// from one run. Use -count=5 and compare the medians.
func BenchmarkLZXDecode(b *testing.B) {
	cab := repeatFolder(b, benchCabinet(b), benchFolders)
	r := open(b, cab)
	var total int64
	for _, m := range r.Members() {
		total += m.Size
	}
	b.Run("sluice", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			err := r.Walk(context.Background(), func(_ cabinet.Member, rd io.Reader) error {
				_, err := io.Copy(io.Discard, rd)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cabextract", func(b *testing.B) {
		program, err := exec.LookPath("cabextract")
		if err != nil {
			b.Skip("cabextract is not installed")
		}
		path := filepath.Join(b.TempDir(), "bench.cab")
		if err := os.WriteFile(path, cab, 0o600); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(total)
		for b.Loop() {
			if err := exec.Command(program, "--quiet", "--pipe", path).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// repeatFolder makes a cabinet of n folders that are all the one folder of cab,
// each with its members under a name of its own: a large cabinet of real data
// from a small one.
func repeatFolder(tb testing.TB, cab []byte, n int) []byte {
	tb.Helper()
	le := binary.LittleEndian
	r := open(tb, cab)
	members := r.Members()
	folderAt := 36
	if le.Uint16(cab[30:])&4 != 0 {
		folderAt += 4 + len(r.Reserve())
	}
	var dir bytes.Buffer
	for i := range n {
		for _, m := range members {
			entry := le.AppendUint32(nil, uint32(m.Size))
			entry = le.AppendUint32(entry, uint32(m.Offset))
			entry = le.AppendUint16(entry, uint16(i))
			entry = append(entry, 0x21, 0x58, 0, 0, 0x20, 0)
			dir.Write(fmt.Appendf(entry, "%d-%s\x00", i, m.Name))
		}
	}
	const header = 36
	dataAt := header + 8*n + dir.Len()
	data := cab[le.Uint32(cab[folderAt:]):r.CabinetSize()]
	out := append([]byte(nil), cab[:header]...)
	le.PutUint32(out[8:], uint32(dataAt+len(data)))
	le.PutUint32(out[16:], uint32(header+8*n))
	le.PutUint16(out[26:], uint16(n))
	le.PutUint16(out[28:], uint16(n*len(members)))
	le.PutUint16(out[30:], 0)
	for range n {
		out = le.AppendUint32(out, uint32(dataAt))
		out = append(out, cab[folderAt+4:folderAt+8]...)
	}
	out = append(out, dir.Bytes()...)
	return append(out, data...)
}
