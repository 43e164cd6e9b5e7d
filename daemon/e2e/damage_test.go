package e2e_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/damage"
	"sluice/daemon/demo"
	"sluice/wsus/update/samples"
)

// goodMedia returns media of one file that a daemon takes, by name: those that
// the project makes, and real ones where they are.
func goodMedia(t *testing.T) map[string]string {
	t.Helper()
	media, err := demo.WriteMedia(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"export": media.Export, "package": media.Package, "records": madeMedium(t, 60)}
	if testing.Short() && !patient {
		return good
	}
	for _, sample := range []string{
		"catalog/msu/Windows6.1-KB2999226-x64.msu", "catalog/wsusutil-export/wsus-export-2024-06-19.cab",
	} {
		if path, ok := samples.Find(t, sample); ok {
			good[filepath.Base(sample)] = path
		}
	}
	return good
}

// TestDamagedMedia gives a running daemon damaged copies of good media: each is
// refused by a text that names it, with nothing kept, or imported as if it were
// whole; a payload file alone may be refused. The daemon goes on and its memory
// stays small.
func TestDamagedMedia(t *testing.T) {
	t.Parallel()
	for name, path := range goodMedia(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			whole := newAppliance(t, "")
			whole.load(path)
			want := titles(whole)

			a := newAppliance(t, "")
			a.start()
			dir := t.TempDir() // without the content folder of the good one
			rng := rand.New(rand.NewPCG(uint64(len(good)), 2))
			taken := 0
			for i := range 2 * damages {
				b, what := damage.Cut(rng, good)
				if i%2 == 1 {
					b, what = damage.Flip(rng, good)
				}
				copied := filepath.Join(dir, filepath.Base(path))
				if err := os.WriteFile(copied, b, 0o600); err != nil {
					t.Fatal(err)
				}
				before := titles(a)
				r := run(t, "import", "--json", "--accept-unsigned", copied, "--config", a.config, "--data", a.data)
				switch r.code {
				case 0:
					taken++
					if diff := cmp.Diff(want, titles(a)); diff != "" {
						t.Errorf("%s: imported, but not as the whole medium (-whole +damaged):\n%s", what, diff)
					}
				case 3:
					rep := decode[imported](t, r)
					if len(rep.Refused) == 0 || rep.Refused[len(rep.Refused)-1].Reason == "" || !strings.Contains(r.stdout, filepath.Base(path)) {
						t.Errorf("%s: refused without a reason: %s", what, r.stdout)
					}
					if diff := cmp.Diff(before, titles(a)); diff != "" {
						t.Errorf("%s: refused, but something was kept:\n%s", what, diff)
					}
				default:
					t.Errorf("%s: exit code %d: %s%s", what, r.code, r.stdout, r.stderr)
				}
			}
			t.Logf("%d of %d damaged copies were as good as whole", taken, 2*damages)
			a.sound()
			a.small()
		})
	}
}

// titles lists the updates of an appliance, without what depends on files.
func titles(a *appliance) map[string]string {
	a.t.Helper()
	list := make(map[string]string)
	for _, u := range decode[[]listed](a.t, a.sluice(0, "updates", "list", "--json")) {
		list[u.UpdateID] = u.Title
	}
	return list
}
