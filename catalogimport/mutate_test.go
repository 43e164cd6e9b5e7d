package catalogimport_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/damage"
	"sluice/wsus/update/samples"
)

// mutate returns a damaged copy of b, cut short or with one bit flipped, and
// says what it did.
func mutate(rng *rand.Rand, b []byte) ([]byte, string) {
	if rng.IntN(3) == 0 {
		return damage.Cut(rng, b)
	}
	return damage.Flip(rng, b)
}

// TestMutations imports damaged copies of every good medium: each is refused, by
// a text that names the file, with nothing kept, or is imported with exactly the
// same revisions.
func TestMutations(t *testing.T) {
	t.Parallel()
	good := map[string][]byte{}
	for name, path := range goodMedia(t) {
		if b, err := os.ReadFile(path); err == nil {
			good[name] = b
		}
	}
	for name, b := range good {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			damaged(t, b)
		})
	}
	for _, name := range []string{export2024, kb2999226} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			damaged(t, samples.Read(t, name))
		})
	}
}

func damaged(t *testing.T, good []byte) {
	a := newAppliance()
	a.mustImport(t, medium(t, "good", good))
	want := a.hashes()
	rng := rand.New(rand.NewPCG(uint64(len(good)), 1))
	for range mutations {
		b, what := mutate(rng, good)
		a := newAppliance()
		path := medium(t, "damaged", b)
		rep, err := a.importPath(path)
		if err != nil {
			wantRefused(t, err, path)
			if len(a.applied) > 0 || a.state != "" && a.state != "abandoned" {
				t.Errorf("%s: refused, but %d revisions are applied, the import is %q", what, len(a.applied), a.state)
			}
			continue
		}
		if diff := cmp.Diff(want, a.hashes()); diff != "" {
			t.Errorf("%s: imported with other revisions (-want +got):\n%s\n%+v", what, diff, rep)
		}
	}
}

// TestMutatedDocuments damages one document of a folder. Nothing there has a
// checksum, so the one may be refused or be another; all the others are whole.
func TestMutatedDocuments(t *testing.T) {
	t.Parallel()
	dir := documentsFolder(t)
	a := newAppliance()
	a.mustImport(t, dir)
	want := a.hashes()
	files, err := filepath.Glob(filepath.Join(dir, "updates", "*"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 * mutations {
		i := rng.IntN(len(files))
		good, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		b, what := mutate(rng, good)
		if err := os.WriteFile(files[i], b, 0o644); err != nil {
			t.Fatal(err)
		}
		a := newAppliance()
		rep := a.mustImport(t, dir)
		same := 0
		for id, h := range a.hashes() {
			if want[id] == h {
				same++
			}
		}
		if same < len(want)-1 || rep.New+len(rep.Refused) < len(want) {
			t.Errorf("%s, %s: %d of %d documents are the same; %+v", files[i], what, same, len(want), rep)
		}
		if err := os.WriteFile(files[i], good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMutatedContent flips a bit of a payload: it is refused, the rest is not.
func TestMutatedContent(t *testing.T) {
	t.Parallel()
	dir := documentsFolder(t)
	files, err := filepath.Glob(filepath.Join(dir, "payloads", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(files[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
	rep := newAppliance().mustImport(t, dir)
	if len(rep.Refused) != 1 || rep.Files != len(files)-1 || filepath.Base(rep.Refused[0].Item) != filepath.Base(files[0]) {
		t.Errorf("%d of %d files, refused %v; want all but the damaged one", rep.Files, len(files), rep.Refused)
	}
}
