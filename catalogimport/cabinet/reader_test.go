package cabinet_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
)

var methods = []struct {
	name   string
	method cabwrite.Method
}{{"none", cabwrite.None}, {"MSZIP", cabwrite.MSZIP}, {"LZX", cabwrite.LZX}}

// noise returns n bytes that do not compress.
func noise(n int) []byte {
	rng := rand.New(rand.NewPCG(uint64(n), 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func sampleFiles() []cabwrite.File {
	return []cabwrite.File{
		file("readme.txt", bytes.Repeat([]byte("Updates through the gap. "), 3000)),
		file("Empty", nil),
		file("c/1", noise(40_001)),
		file("l/en/größe.xml", []byte("<a/>")),
		file("last", bytes.Repeat([]byte{0xE8, 0, 1, 0, 0}, 20_000)),
	}
}

func TestWalk(t *testing.T) {
	for _, tt := range methods {
		for _, folderBytes := range []int64{0, 50_000} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, folderBytes), func(t *testing.T) {
				t.Parallel()
				files := sampleFiles()
				c := cabwrite.Cabinet{Method: tt.method, Reserve: []byte("reserved"), FolderReserve: 3, DataReserve: 5, FolderBytes: folderBytes}
				cab := write(t, c, files...)
				got, err := contents(append(cab, "signature"...), cabinet.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				var want []content
				for _, f := range files {
					want = append(want, content{f.Name, f.Data})
				}
				if diff := sameContents(got, want); diff != "" {
					t.Error(diff)
				}
				r := open(t, cab)
				if r.CabinetSize() != int64(len(cab)) || string(r.Reserve()) != "reserved" {
					t.Errorf("size %d, reserve %q; want %d, %q", r.CabinetSize(), r.Reserve(), len(cab), "reserved")
				}
			})
		}
	}
}

func TestMembers(t *testing.T) {
	cab := write(t, cabwrite.Cabinet{FolderBytes: 4}, file("a/b", []byte("123")), file("ü", []byte("45")))
	want := []cabinet.Member{
		{Name: "a/b", Size: 3, ModTime: modTime, Attributes: cabinet.AttrArchive},
		{Name: "ü", Size: 2, ModTime: modTime, Attributes: cabinet.AttrArchive | cabinet.AttrUTF8, Folder: 1},
	}
	if diff := cmp.Diff(want, open(t, cab).Members()); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

// TestWalkOrder reads a directory whose entries are not in the order of the
// members' bytes.
func TestWalkOrder(t *testing.T) {
	cab := write(t, cabwrite.Cabinet{}, file("one", []byte("first")), file("two", []byte("then")))
	first, second := cab[44:64], cab[64:84]
	swapped := bytes.Clone(cab)
	copy(swapped[44:], second)
	copy(swapped[64:], first)
	got, err := contents(swapped, cabinet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]content{{"one", []byte("first")}, {"two", []byte("then")}}, got); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}

func TestWalkSkips(t *testing.T) {
	for _, tt := range methods {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := sampleFiles()
			r := open(t, write(t, cabwrite.Cabinet{Method: tt.method}, files...))
			var held io.Reader
			i := 0
			err := r.Walk(context.Background(), func(m cabinet.Member, rd io.Reader) error {
				defer func() { i++ }()
				switch m.Name {
				case "readme.txt": // a part, one byte at a time
					got, err := io.ReadAll(io.LimitReader(iotest.OneByteReader(rd), 40_000))
					if err == nil && !bytes.Equal(got, files[i].Data[:40_000]) {
						t.Errorf("the start of %s is wrong", m.Name)
					}
					held = rd
					return err
				case "last":
					got, err := io.ReadAll(rd)
					if err == nil && !bytes.Equal(got, files[i].Data) {
						t.Errorf("%s is wrong after skipped members", m.Name)
					}
					return err
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := held.Read(make([]byte, 1)); err == nil {
				t.Errorf("a reader that the walk has left behind yields %d bytes", n)
			}
		})
	}
}

func TestWalkEnds(t *testing.T) {
	r := open(t, write(t, cabwrite.Cabinet{Method: cabwrite.MSZIP}, sampleFiles()...))
	boom := errors.New("boom")
	for _, tt := range []struct {
		name      string
		err, want error
	}{
		{"stop", fmt.Errorf("enough: %w", cabinet.ErrStop), nil},
		{"error", boom, boom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			err := r.Walk(context.Background(), func(cabinet.Member, io.Reader) error {
				calls++
				return tt.err
			})
			if !errors.Is(err, tt.want) || calls != 1 {
				t.Errorf("%d calls, error %v; want 1, %v", calls, err, tt.want)
			}
		})
	}
	t.Run("cancelled in a member", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		err := r.Walk(ctx, func(_ cabinet.Member, rd io.Reader) error {
			cancel()
			_, err := io.Copy(io.Discard, rd)
			return err
		})
		wantErr(t, err, context.Canceled)
	})
	t.Run("cancelled between members", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		err := r.Walk(ctx, func(cabinet.Member, io.Reader) error {
			cancel()
			return nil
		})
		wantErr(t, err, context.Canceled)
	})
}

func TestLookup(t *testing.T) {
	r := open(t, write(t, cabwrite.Cabinet{},
		file("Dir/Package.CAB", []byte("1")), file("dir/package.cab", []byte("22")), file("other", []byte("333"))))
	for _, tt := range []struct {
		name string
		want int64 // size, 0 for none
	}{
		{"dir/package.cab", 2},
		{"Dir/Package.CAB", 1},
		{`DIR\PACKAGE.CAB`, 1},
		{"OTHER", 3},
		{"package.cab", 0},
	} {
		m, ok := r.Lookup(tt.name)
		if ok != (tt.want > 0) || m.Size != tt.want {
			t.Errorf("Lookup(%q) = size %d, %t; want %d", tt.name, m.Size, ok, tt.want)
		}
	}
	wantErr(t, readAll(r, "package.cab"), cabinet.ErrNotFound)
	_, err := r.ReadMember("package.cab", 10)
	wantErr(t, err, cabinet.ErrNotFound)
	if got, err := r.ReadMember("other", 3); err != nil || string(got) != "333" {
		t.Errorf("ReadMember at its limit = %q, %v; want 333", got, err)
	}
	_, err = r.ReadMember("other", 2)
	wantErr(t, err, cabinet.ErrLimit)
}

func TestLimits(t *testing.T) {
	cab := write(t, cabwrite.Cabinet{FolderBytes: 100}, file("a", noise(60)), file("bb", noise(50)), file("ccc", noise(40)))
	// Compressed below one part in a hundred.
	dense := write(t, cabwrite.Cabinet{Method: cabwrite.MSZIP}, file("zeros", make([]byte, 4<<20)))
	ratio := (4<<20 + len(dense) - 1) / len(dense)
	for _, tt := range []struct {
		name     string
		cab      []byte
		at, over cabinet.Limits
	}{
		{"total", cab, cabinet.Limits{TotalBytes: 150}, cabinet.Limits{TotalBytes: 149}},
		{"member", cab, cabinet.Limits{MemberBytes: 60}, cabinet.Limits{MemberBytes: 59}},
		{"members", cab, cabinet.Limits{Members: 3}, cabinet.Limits{Members: 2}},
		{"name", cab, cabinet.Limits{NameLen: 3}, cabinet.Limits{NameLen: 2}},
		{"ratio", dense, cabinet.Limits{Ratio: ratio}, cabinet.Limits{Ratio: ratio - 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := contents(tt.cab, tt.at); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			_, err := openWith(tt.cab, tt.over)
			wantErr(t, err, cabinet.ErrLimit)
		})
	}
	small := write(t, cabwrite.Cabinet{Method: cabwrite.MSZIP}, file("zeros", make([]byte, 1<<20)))
	if _, err := openWith(small, cabinet.Limits{Ratio: 1}); err != nil {
		t.Errorf("the ratio is held against one MiB of output: %v", err)
	}
}

// TestGap counts what must be decoded although no member has it.
func TestGap(t *testing.T) {
	cab := write(t, cabwrite.Cabinet{}, file("a", noise(100)), file("b", noise(100)))
	binary.LittleEndian.PutUint32(cab[44:], 10) // shrink the first member
	if _, err := openWith(cab, cabinet.Limits{TotalBytes: 110}); !errors.Is(err, cabinet.ErrLimit) {
		t.Errorf("error %v, want %v", err, cabinet.ErrLimit)
	}
	got, err := contents(cab, cabinet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []content{{"a", noise(100)[:10]}, {"b", noise(100)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}
