package cabwrite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
)

var methods = []struct {
	name   string
	method cabwrite.Method
}{{"none", cabwrite.None}, {"MSZIP", cabwrite.MSZIP}, {"LZX", cabwrite.LZX}}

// read returns the files of a cabinet.
func read(tb interface{ Fatal(...any) }, cab []byte) []cabwrite.File {
	r, err := cabinet.Open(bytes.NewReader(cab), int64(len(cab)), cabinet.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	var files []cabwrite.File
	err = r.Walk(context.Background(), func(m cabinet.Member, rd io.Reader) error {
		data, err := io.ReadAll(rd)
		files = append(files, cabwrite.File{Name: m.Name, Data: data, ModTime: m.ModTime})
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		files := make([]cabwrite.File, rapid.IntRange(1, 5).Draw(t, "files"))
		for i := range files {
			data := make([]byte, rapid.IntRange(0, 100_000).Draw(t, "size"))
			for j := range data {
				data[j] = byte(rng.IntN(20))
			}
			files[i] = cabwrite.File{
				Name:    fmt.Sprintf("dir/ü%d", i),
				Data:    data,
				ModTime: time.Date(1980+rng.IntN(128), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), 2*rng.IntN(30), 0, time.UTC),
			}
		}
		c := cabwrite.Cabinet{
			Method:        rapid.SampledFrom([]cabwrite.Method{cabwrite.None, cabwrite.MSZIP, cabwrite.LZX}).Draw(t, "method"),
			Reserve:       make([]byte, rapid.SampledFrom([]int{0, 20, 6144}).Draw(t, "reserve")),
			FolderReserve: rapid.Byte().Draw(t, "folder reserve"),
			DataReserve:   rapid.Byte().Draw(t, "data reserve"),
			FolderBytes:   rapid.Int64Range(0, 200_000).Draw(t, "folder bytes"),
		}
		var b bytes.Buffer
		if err := c.Write(&b, files); err != nil {
			t.Fatal(err)
		}
		got := read(t, b.Bytes())
		for i := range files {
			if got[i].Name != files[i].Name || !got[i].ModTime.Equal(files[i].ModTime) || !bytes.Equal(got[i].Data, files[i].Data) {
				t.Fatalf("file %d is not what was written", i)
			}
		}
	})
}

// TestCabextract has another reader take the cabinets.
func TestCabextract(t *testing.T) {
	program, err := exec.LookPath("cabextract")
	if err != nil {
		t.Skip("cabextract is not installed")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 100_001)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	files := []cabwrite.File{
		{Name: "a.txt", Data: bytes.Repeat([]byte("text "), 20_000)},
		{Name: "empty"},
		{Name: "dir/größe", Data: noise},
	}
	for _, tt := range methods {
		for i, c := range []cabwrite.Cabinet{
			{Method: tt.method},
			{Method: tt.method, Reserve: make([]byte, 20), FolderReserve: 1, DataReserve: 2, FolderBytes: 1},
		} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, i), func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "test.cab")
				var b bytes.Buffer
				if err := c.Write(&b, files); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command(program, "-t", path).CombinedOutput(); err != nil {
					t.Fatalf("cabextract -t: %v\n%s", err, out)
				}
				want := bytes.Join([][]byte{files[0].Data, files[2].Data}, nil)
				got, err := exec.Command(program, "-q", "-p", path).Output()
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("cabextract -p: %v, %d bytes, want %d", err, len(got), len(want))
				}
			})
		}
	}
}

func TestWriteTimes(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"odd second", "2024-06-19T10:20:31Z", "2024-06-19T10:20:30Z"},
		{"zone", "2024-06-19T10:20:30+02:00", "2024-06-19T10:20:30Z"},
		{"too early", "1979-12-31T23:59:59Z", "1980-01-01T00:00:00Z"},
		{"too late", "2108-01-01T00:00:00Z", "2107-12-31T23:59:58Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := time.Parse(time.RFC3339, tt.in)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := cabwrite.Write(&b, []cabwrite.File{{Name: "a", ModTime: in}}, cabwrite.None); err != nil {
				t.Fatal(err)
			}
			got := read(t, b.Bytes())[0].ModTime.Format(time.RFC3339)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("time (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	one := []cabwrite.File{{Name: "a"}}
	for _, tt := range []struct {
		name    string
		cabinet cabwrite.Cabinet
		files   []cabwrite.File
		want    string
	}{
		{"no files", cabwrite.Cabinet{}, nil, "no files"},
		{"too many files", cabwrite.Cabinet{}, make([]cabwrite.File, 65536), "65536 files"},
		{"no name", cabwrite.Cabinet{}, []cabwrite.File{{}}, "name must have"},
		{"zero in a name", cabwrite.Cabinet{}, []cabwrite.File{{Name: "a\x00b"}}, "name must have"},
		{"name too long", cabwrite.Cabinet{}, []cabwrite.File{{Name: strings.Repeat("a", 256)}}, "name must have"},
		{"reserve too large", cabwrite.Cabinet{Reserve: make([]byte, 60001)}, one, "60001 bytes"},
		{"method", cabwrite.Cabinet{Method: 2}, one, "unknown method 0x0002"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.cabinet.Write(io.Discard, tt.files)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	t.Run("longest name", func(t *testing.T) {
		if err := cabwrite.Write(io.Discard, []cabwrite.File{{Name: strings.Repeat("a", 255)}}, cabwrite.None); err != nil {
			t.Error(err)
		}
	})
	t.Run("writer", func(t *testing.T) {
		boom := errors.New("boom")
		for after := range 2 {
			if err := cabwrite.Write(&failing{after, boom}, []cabwrite.File{{Name: "a", Data: []byte("a")}}, cabwrite.None); !errors.Is(err, boom) {
				t.Errorf("writer that fails after %d writes: error %v, want %v", after, err, boom)
			}
		}
	})
}

// failing is a writer that fails after some writes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}
