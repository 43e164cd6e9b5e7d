package e2e_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"sluice/wsus/update/samples"
)

// TestRealPackage carries a package of Microsoft's from the medium to a computer.
func TestRealPackage(t *testing.T) {
	t.Parallel()
	path := samples.Path(t, "catalog/msu/Windows6.1-KB2999226-x64.msu")
	a := newAppliance(t, "")
	if r := a.sluice(3, "import", "--json", path); decode[imported](t, r).Revisions != 0 {
		t.Errorf("without --accept-unsigned: %s", r.stdout)
	}
	got := a.load(path)
	if got.Format != "msu" || got.Files != 1 || got.New == 0 {
		t.Errorf("import: %+v", got)
	}
	a.start()
	u := a.updateOf("2999226")
	if u.FilesMissing != 0 {
		t.Errorf("%d files are missing", u.FilesMissing)
	}
	a.sluice(0, "updates", "approve", u.UpdateID, "--group", "All Computers")
	root := a.authority()
	state := filepath.Join(t.TempDir(), "state.json")
	eventually(t, func() error {
		r := run(t, "simulate", "--json", "--url", a.wsusTLS, "--ca", root, "--machine", "windows7", "--install", "--state", state)
		if r.code != 0 {
			return fmt.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
		s := decode[simulated](t, r)
		if err := s.check(); err != nil {
			return err
		}
		if c := s.Computers[0]; len(c.Applied) != 1 || c.Applied[0] != u.UpdateID || c.Payload != 851797 || c.ToInstall != 0 {
			return fmt.Errorf("the computer: %+v", c)
		}
		return nil
	})
	show := decode[struct {
		Computers struct{ Installed int }
	}](t, a.sluice(0, "updates", "show", "--json", u.UpdateID))
	if show.Computers.Installed != 1 {
		t.Errorf("installed on %d computers, want 1", show.Computers.Installed)
	}
}

// TestRealExport imports an export of a WSUS of 2024, twice.
func TestRealExport(t *testing.T) {
	if testing.Short() {
		t.Skip("a bulk import")
	}
	t.Parallel()
	path := samples.Path(t, "catalog/wsusutil-export/wsus-export-2024-06-19.cab")
	a := newAppliance(t, "")
	if r := a.sluice(3, "import", "--json", path); decode[imported](t, r).Revisions != 0 {
		t.Errorf("without --accept-unsigned: %s", r.stdout)
	}
	const revisions, categories, detectoids = 4125, 451, 3674
	if got := a.load(path); got.Revisions != revisions || got.New != revisions || got.Unchanged != 0 || len(got.Refused) != 0 {
		t.Errorf("first import: %d revisions, %d new, refused %v", got.Revisions, got.New, got.Refused)
	}
	a.start()
	if got := a.load(path); got.Revisions != revisions || got.New != 0 || got.Unchanged != revisions {
		t.Errorf("second import: %d revisions, %d new, %d unchanged", got.Revisions, got.New, got.Unchanged)
	}
	types := map[string]int{}
	for _, u := range decode[[]listed](t, a.sluice(0, "updates", "list", "--json")) {
		types[u.Type]++
	}
	if types["Category"] != categories || types["Detectoid"] != detectoids || len(types) != 2 {
		t.Errorf("listed: %v", types)
	}

	corrupt := samples.Path(t, "catalog/wsusutil-export/wsus-export-2015-06-10-CORRUPT-9-bytes-short.cab")
	if got := decode[imported](t, a.sluice(3, "import", "--json", "--accept-unsigned", corrupt)); got.Revisions != 0 || len(got.Refused) == 0 {
		t.Errorf("an export that is cut short: %d revisions, refused %v", got.Revisions, got.Refused)
	}
	if n := len(decode[[]listed](t, a.sluice(0, "updates", "list", "--json"))); n != revisions {
		t.Errorf("%d revisions after a medium that was refused, want %d", n, revisions)
	}
}
