package cabinet_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/cabinet"
	"sluice/wsus/update/samples"
)

// corpusRefusals says, by a part of the file's name, what part of the error
// explains why a cabinet of the corpus is refused. All others must decode as
// cabextract decodes them.
var corpusRefusals = []struct{ file, text string }{
	{"cve-2010-2800-mszip-infinite-loop", `member "file.txt": data block 0 of folder 0`},
	{"cve-2010-2801-qtm-flush", "quantum"},
	{"cve-2014-9732-folders-segfault", "folder 1 has the unknown method"},
	{"cve-2015-4470-mszip-over-read", "version 129.3"},
	{"cve-2015-4471-lzx-under-read", "ends inside member entry 0"},
	{"filename-read-violation-1", "member entry 0 has no name"},
	{"filename-read-violation-", "data blocks hold at most"},
	{"lzx-main-tree-no-lengths", `member "file.txt": data block 0 of folder 0`},
	{"lzx-premature-matches", `member "file.txt": data block 0 of folder 0`},
	{"qtm-max-size-block", "quantum"},
	{"cabs_mixed", `member "qtm.txt": data block 0 of folder 2`},
	{"cabd_mszip_lzx_qtm", `member "qtm.txt": data block 0 of folder 2`},
	{"cabs_search", `signature "hell"`},
	{"cabs_split-", "one part of a set"},
	{"cabd_multi_basic", "one part of a set"},
	{"cabd_partial_str", "one part of a set"},
	{"cabd_partial_nofolder", "ends inside folder entry 0"},
	{"cabd_partial_nofiles", "ends inside member entry 0"},
	{"cabd_partial_shortfile1", "ends inside member entry 0"},
	{"cabd_partial_shortfile2", "ends inside member entry 1"},
	{"cabd_partial_shortheader", "ends inside its header"},
	{"cabd_bad_folderindex", `member "welcome.c": folder index 1`},
	{"cabd_bad_nofiles", "no members"},
	{"cabd_bad_signature", `signature "mscf"`},
	{"cve-2017-11423-fname-overread", "name of member entry 0 is longer"},
	{"hidden-file-bad-folderid", "folder index 1"},
	{"hidden-file-beyond-eof", "ends inside member entry 0"},
	{"cabd_search_basic", `signature "FILL"`},
}

func TestCorpus(t *testing.T) {
	for _, path := range samples.Glob(t, "catalog/cab-corpus/*/*.cab") {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cab := readFile(t, path)
			got, err := contents(cab, cabinet.Limits{TotalBytes: 32 << 20})
			for _, refusal := range corpusRefusals {
				if strings.Contains(name, refusal.file) {
					if err == nil || !strings.Contains(err.Error(), refusal.text) {
						t.Errorf("error %v, want one with %q", err, refusal.text)
					}
					return
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			var gotSums []string
			for _, c := range got {
				gotSums = append(gotSums, fmt.Sprintf("%x", sha256.Sum256(c.Data)))
			}
			slices.Sort(gotSums)
			if diff := cmp.Diff(extractedSums(t, path, len(got)), gotSums); diff != "" {
				t.Errorf("digests of the members (-cabextract +got):\n%s", diff)
			}
		})
	}
}

// extractedSums returns the digests of what cabextract extracts, sorted. It
// writes empty members under names that may coincide, so they are made up to n.
func extractedSums(t *testing.T, path string, n int) []string {
	t.Helper()
	program, err := exec.LookPath("cabextract")
	if err != nil {
		t.Skip("cabextract is not installed")
	}
	dir := t.TempDir()
	if out, err := exec.Command(program, "-q", "-d", dir, path).CombinedOutput(); err != nil {
		t.Fatalf("cabextract: %v\n%s", err, out)
	}
	var sums []string
	err = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if len(b) > 0 {
			sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(b)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for len(sums) < n {
		sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(nil)))
	}
	slices.Sort(sums)
	return sums
}

// TestBomb refuses a 26 KB cabinet of 14.7 MB by each limit that should.
func TestBomb(t *testing.T) {
	cab := samples.Read(t, "catalog/cab-corpus/libmspack/cabextract_test_cabs_large-files-cab.cab")
	const size = 14_689_228
	for _, tt := range []struct {
		name string
		lim  cabinet.Limits
		good bool
	}{
		{"total at the limit", cabinet.Limits{TotalBytes: size}, true},
		{"total", cabinet.Limits{TotalBytes: size - 1}, false},
		{"member at the limit", cabinet.Limits{MemberBytes: size}, true},
		{"member", cabinet.Limits{MemberBytes: size - 1}, false},
		{"ratio", cabinet.Limits{Ratio: 500}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := contents(cab, tt.lim)
			if tt.good {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantErr(t, err, cabinet.ErrLimit)
		})
	}
}

// TestCorruptExport refuses an export that a text filter took nine bytes from.
func TestCorruptExport(t *testing.T) {
	cab := samples.Read(t, "catalog/wsusutil-export/wsus-export-2015-06-10-CORRUPT-9-bytes-short.cab")
	got, err := contents(cab, cabinet.Limits{})
	wantErr(t, err, cabinet.ErrChecksum)
	for _, text := range []string{`member "package.xml"`, "of folder 0", "9 of the cabinet's 504377 bytes are missing"} {
		if err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("error %q, want %q in it", err, text)
		}
	}
	if len(got) > 1 {
		t.Errorf("%d members, want none after the broken one", len(got))
	}
}

// goodCabinets are the media and fixtures that the fault tests damage.
func goodCabinets(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"fixture lzx": readFile(t, filepath.Join("testdata", "lzx.cab"))}
	for _, m := range methods {
		all["fixture "+m.name] = fixture(t, m.method)
	}
	return all
}

// TestFaults damages good cabinets: cut short, they must fail; with a bit
// flipped in their data, they must fail or yield the same.
func TestFaults(t *testing.T) {
	t.Run("fixtures", func(t *testing.T) {
		for name, cab := range goodCabinets(t) {
			t.Run(name, func(t *testing.T) { testFaults(t, cab) })
		}
	})
	for _, name := range []string{
		"catalog/msu/Windows6.1-KB2999226-x64.msu",
		"catalog/msu/rsat-kb958830-parts/WSUSSCAN.cab",
		"catalog/wsusutil-export/wsus-export-2024-06-19.cab",
		"catalog/wsusscn2/wsusscn2-synthetic-766.cab",
		"catalog/cab-corpus/normal/lzx21-e8-binary.cab",
		"catalog/cab-corpus/normal/gcab-multi-folder-compressed.cab",
		"wsus/blobs/266f6222-c89d-43f2-9f8a-69340271e677.200.blob.cab",
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			testFaults(t, samples.Read(t, name))
		})
	}
}

const faults = 5

func testFaults(t *testing.T, cab []byte) {
	want, err := contents(cab, cabinet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	size := int(open(t, cab).CabinetSize())
	for i := range faults {
		cut := size * (2*i + 1) / (2 * faults)
		if _, err := contents(cab[:cut], cabinet.Limits{}); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", cut, size)
		}
		at := size * (i + 1) / (faults + 1)
		flipped := bytes.Clone(cab)
		flipped[at] ^= 1 << i
		got, err := contents(flipped, cabinet.Limits{TotalBytes: 64 << 20})
		inData := at >= blockOffsets(cab)[0] && hasChecksums(cab)
		if diff := sameContents(got, want); inData && err == nil && diff != "" {
			t.Errorf("with bit %d of byte %d flipped: no error, yet %s", i, at, diff)
		}
	}
}
