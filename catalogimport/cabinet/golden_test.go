package cabinet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/cabinet"
	"sluice/wsus/update/samples"
)

// TestGolden compares every member of real cabinets with what cabextract made
// of them. A sample inside another is named by the members that lead to it.
func TestGolden(t *testing.T) {
	const (
		corpus = "catalog/cab-corpus/"
		msu    = "catalog/msu/"
	)
	for _, tt := range []struct {
		golden string
		path   string
		inside []string
		skip   string // a member that cannot be read
		err    error  // with this error
	}{
		{golden: "KB2999226.msu", path: msu + "Windows6.1-KB2999226-x64.msu"},
		{golden: "KB2999226.inner-cab", path: msu + "Windows6.1-KB2999226-x64.msu", inside: []string{"windows6.1-kb2999226-x64.CAB"}},
		{golden: "KB2999226.WSUSSCAN", path: msu + "Windows6.1-KB2999226-x64.msu", inside: []string{"wsusscan.cab"}},
		{golden: "KB2999226.WSUSSCAN-package", path: msu + "Windows6.1-KB2999226-x64.msu", inside: []string{"WSUSSCAN.cab", "package.cab"}},
		{golden: "KB958830.WSUSSCAN", path: msu + "rsat-kb958830-parts/WSUSSCAN.cab"},
		{golden: "KB958830.WSUSSCAN-package", path: msu + "rsat-kb958830-parts/WSUSSCAN.cab", inside: []string{"package.cab"}},
		{golden: "libmspack-large-files", path: corpus + "libmspack/cabextract_test_cabs_large-files-cab.cab"},
		{golden: "libmspack-mszip_lzx_qtm", path: corpus + "libmspack/libmspack_test_test_files_cabd_mszip_lzx_qtm.cab", skip: "qtm.txt", err: cabinet.ErrQuantum},
		{golden: "libmspack-normal_2files_1folder", path: corpus + "libmspack/libmspack_test_test_files_cabd_normal_2files_1folder.cab"},
		{golden: "libmspack-normal_2files_2folders", path: corpus + "libmspack/libmspack_test_test_files_cabd_normal_2files_2folders.cab"},
		{golden: "libmspack-reserve_HFD", path: corpus + "libmspack/libmspack_test_test_files_cabd_reserve_HFD.cab"},
		{golden: "lzx21-e8-binary", path: corpus + "normal/lzx21-e8-binary.cab"},
		{golden: "wsus-export-2024", path: "catalog/wsusutil-export/wsus-export-2024-06-19.cab"},
		{golden: "wsusscn2-synthetic-766", path: "catalog/wsusscn2/wsusscn2-synthetic-766.cab"},
	} {
		t.Run(tt.golden, func(t *testing.T) {
			t.Parallel()
			r := open(t, samples.Read(t, tt.path))
			for _, name := range tt.inside {
				b, err := r.ReadMember(name, 1<<30)
				if err != nil {
					t.Fatal(err)
				}
				r = open(t, b)
			}
			want := strings.Split(strings.TrimSpace(string(samples.Read(t, "catalog/golden/"+tt.golden+".sha256"))), "\n")
			if tt.skip != "" {
				want = slices.DeleteFunc(want, func(line string) bool { return strings.HasSuffix(line, " "+tt.skip) })
				wantErr(t, readAll(r, tt.skip), tt.err)
			}
			var got []string
			err := r.Walk(context.Background(), func(m cabinet.Member, rd io.Reader) error {
				if m.Name == tt.skip {
					return nil
				}
				h := sha256.New()
				n, err := io.Copy(h, rd)
				if err == nil && n != m.Size {
					t.Errorf("member %s yields %d bytes, its size is %d", m.Name, n, m.Size)
				}
				got = append(got, fmt.Sprintf("%x %d %s", h.Sum(nil), n, m.Name))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBlobs reads the cabinets that a server keeps update documents in.
func TestBlobs(t *testing.T) {
	for _, path := range samples.Glob(t, "wsus/blobs/*.blob.cab") {
		name := path[strings.LastIndexAny(path, `/\`)+1:]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t, samples.Read(t, "wsus/blobs/"+name))
			members := r.Members()
			if len(members) != 1 {
				t.Fatalf("%d members, want 1", len(members))
			}
			got, err := r.ReadMember(members[0].Name, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			want := samples.Read(t, "wsus/blobs/"+strings.TrimSuffix(name, ".blob.cab")+".xml")
			if !bytes.Equal(got, want) && !bytes.Equal(fromUTF16(got), want) {
				t.Errorf("got %d bytes that begin %.40q, want %d that begin %.40q", len(got), got, len(want), want)
			}
		})
	}
}

// fromUTF16 decodes the ASCII of little-endian UTF-16.
func fromUTF16(b []byte) []byte {
	var out []byte
	for i := 0; i+1 < len(b); i += 2 {
		out = append(out, b[i])
	}
	return out
}
