package catalog_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

const (
	pci     = `PCI\VEN_8086&DEV_15BC&REV_10`
	pciAny  = `PCI\VEN_8086&DEV_15BC`
	generic = `PCI\CC_0200`
)

// match returns what a driver says about a hardware id: date is a day of 2025,
// score that of AMD64.10.0.
func match(id string, date int, version uint64, score uint8, change ...func(*update.DriverMatch)) update.DriverMatch {
	m := update.DriverMatch{
		HardwareID: id, Class: "Net", Manufacturer: "Contoso", Provider: "Contoso",
		VerDate: time.Date(2025, 1, date, 0, 0, 0, 0, time.UTC), VerVersion: version,
		Scores: []update.FeatureScore{{OperatingSystem: "amd64.10.0", Score: score}, {OperatingSystem: "X86.6.1", Score: 1}},
	}
	for _, c := range change {
		c(&m)
	}
	return m
}

func driver(n int, matches ...update.DriverMatch) catalog.Row {
	r := row(n, update.Driver)
	r.Drivers = matches
	return r
}

func target(n int) func(*update.DriverMatch) {
	return func(m *update.DriverMatch) { m.Target = append(m.Target, uid(n)) }
}

func distribution(n int) func(*update.DriverMatch) {
	return func(m *update.DriverMatch) { m.Distribution = append(m.Distribution, uid(n)) }
}

func printer(manufacturer, provider string) func(*update.DriverMatch) {
	return func(m *update.DriverMatch) { m.Class, m.Manufacturer, m.Provider = "Printer", manufacturer, provider }
}

// installed returns the driver that a device runs.
func installed(id string, date int, version uint64, rank int32) *catalog.InstalledDriver {
	return &catalog.InstalledDriver{MatchingID: id, Class: "Net", Manufacturer: "Contoso", Provider: "Contoso",
		VerDate: time.Date(2025, 1, date, 0, 0, 0, 0, time.UTC).Unix(), VerVersion: version, Rank: rank}
}

func TestDriverRanking(t *testing.T) {
	t.Parallel()
	device := func(in *catalog.InstalledDriver) catalog.Device {
		return catalog.Device{HardwareIDs: []string{pci, pciAny}, CompatibleIDs: []string{generic}, Installed: in}
	}
	printing := func(in catalog.InstalledDriver) *catalog.InstalledDriver {
		in.Class = "PRINTER"
		return &in
	}
	for _, tt := range []struct {
		name   string
		rows   []catalog.Row
		device catalog.Device
		want   []update.RevisionID
	}{
		{"the only one", []catalog.Row{driver(1, match(pci, 1, 1, 9))}, device(nil), ids(1)},
		{"another device", []catalog.Row{driver(1, match(`PCI\VEN_1234`, 1, 1, 9))}, device(nil), nil},
		{"letter case", []catalog.Row{driver(1, match(`pci\ven_8086&dev_15bc`, 1, 1, 9))}, device(nil), ids(1)},
		{"a computer that stands earlier", []catalog.Row{driver(1, match(pci, 1, 1, 1, target(2))), driver(2, match(generic, 1, 1, 9, target(1)))}, device(nil), ids(2)},
		{"a computer before none", []catalog.Row{driver(1, match(pci, 9, 9, 1)), driver(2, match(generic, 1, 1, 9, target(2)))}, device(nil), ids(2)},
		{"the lower score", []catalog.Row{driver(1, match(pci, 9, 9, 9)), driver(2, match(generic, 1, 1, 8))}, device(nil), ids(2)},
		{"the better id", []catalog.Row{driver(1, match(pciAny, 9, 9, 9)), driver(2, match(pci, 1, 1, 9))}, device(nil), ids(2)},
		{"a hardware id before a compatible one", []catalog.Row{driver(1, match(generic, 9, 9, 9)), driver(2, match(pciAny, 1, 1, 9))}, device(nil), ids(2)},
		{"the newer date", []catalog.Row{driver(1, match(pci, 2, 1, 9)), driver(2, match(pci, 1, 9, 9))}, device(nil), ids(1)},
		{"the higher version", []catalog.Row{driver(1, match(pci, 2, 1, 9)), driver(2, match(pci, 2, 9, 9))}, device(nil), ids(2)},
		{"a computer that is not this one", []catalog.Row{driver(1, match(pci, 1, 1, 1, target(7))), driver(2, match(pci, 1, 1, 9, distribution(7)))}, device(nil), nil},
		{"distributed to this computer", []catalog.Row{driver(1, match(pci, 1, 1, 1, distribution(7), distribution(2)))}, device(nil), ids(1)},
		{"what runs is as good", []catalog.Row{driver(1, match(pci, 5, 5, 9))}, device(installed(pci, 5, 5, 9<<16)), nil},
		{"what runs is older", []catalog.Row{driver(1, match(pci, 5, 5, 9))}, device(installed(pci, 4, 9, 9<<16)), ids(1)},
		{"what runs has the lower score", []catalog.Row{driver(1, match(pci, 5, 5, 9))}, device(installed(pci, 4, 4, 8<<16|0x1003)), nil},
		{"what runs has the higher score and is newer", []catalog.Row{driver(1, match(pci, 5, 5, 9))}, device(installed(pci, 6, 6, 0xFF<<16)), ids(1)},
		{"what runs is in the catalog and the client sends no rank", []catalog.Row{driver(1, match(pci, 5, 5, 9)), driver(2, match(pci, 4, 4, 3))}, device(installed(pci, 4, 4, -1)), nil},
		{"what runs is unknown and the client sends no rank", []catalog.Row{driver(1, match(pci, 5, 5, 9))}, device(installed(pci, 9, 9, -1)), ids(1)},
		{"a printer of the same maker", []catalog.Row{driver(1, match(pci, 9, 9, 9, printer("CONTOSO", "contoso")))}, device(printing(*installed(pci, 1, 1, -1))), ids(1)},
		{"a printer of another maker", []catalog.Row{driver(1, match(pci, 9, 9, 1, printer("Fabrikam", "Contoso"))), driver(2, match(pci, 9, 9, 1, printer("Contoso", "Fabrikam")))},
			device(printing(*installed(pci, 1, 1, -1))), nil},
		{"the highest revision decides", []catalog.Row{driver(1, match(pci, 9, 9, 1)), func() catalog.Row {
			r := driver(2, match(generic, 1, 1, 9))
			revision(1, 2)(&r)
			return r
		}()}, device(nil), ids(2)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, catalog.Rules{}, tt.rows...)
			ans := s.SyncDrivers(&catalog.DriverRequest{Plan: plan(s), Devices: []catalog.Device{tt.device},
				ComputerIDs: []update.ID{uid(1), uid(2)}, ScoreKey: "AMD64.10.0"})
			if diff := cmp.Diff(tt.want, revisions(ans.New)); diff != "" {
				t.Errorf("new (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSyncDrivers(t *testing.T) {
	t.Parallel()
	gated := driver(3, match(`USB\GATED`, 1, 1, 9))
	needs(5)(&gated)
	s := snapshot(t, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 0, update.Install)}, Declined: []update.ID{uid(4)}},
		driver(1, match(pci, 1, 1, 9), match(generic, 1, 1, 9)), driver(2, match(`USB\B`, 1, 1, 9)), gated, driver(4, match(`USB\C`, 1, 1, 9)),
		row(5, update.Detectoid), row(6, update.Software))
	p := plan(s)
	req := &catalog.DriverRequest{Plan: p, Cached: ids(2, 3, 99), Devices: []catalog.Device{
		{HardwareIDs: []string{pci}}, {HardwareIDs: []string{"x"}, CompatibleIDs: []string{generic}}, {HardwareIDs: []string{pci}},
		{HardwareIDs: []string{`USB\B`}}, {HardwareIDs: []string{`USB\GATED`}}, {HardwareIDs: []string{`USB\C`}},
	}}
	ans := s.SyncDrivers(req)
	if len(ans.New) != 1 || describe(ans.New[0]) != "1 Install" || !slices.Equal(ans.New[0].Deployment.HardwareID, []string{pci, generic}) {
		t.Errorf("new %+v, want driver 1 with both ids", ans.New)
	}
	if diff := cmp.Diff(ids(3, 99), ans.OutOfScope); diff != "" {
		t.Errorf("out of scope (-want +got):\n%s", diff)
	}
	if len(ans.Changed) != 1 || describe(ans.Changed[0]) != "2 PreDeploymentCheck" {
		t.Errorf("changed %+v, want driver 2", ans.Changed)
	}
	req.Installed = ids(5)
	if ans := s.SyncDrivers(req); len(ans.Changed) != 2 {
		t.Errorf("with its prerequisite installed: changed %+v, want drivers 2 and 3", ans.Changed)
	}
}

func TestPrinters(t *testing.T) {
	t.Parallel()
	gated := driver(3, match("c", 1, 1, 9, printer("A", "A")))
	needs(5)(&gated)
	s := snapshot(t, catalog.Rules{}, driver(1, match("a", 1, 1, 9, printer("A", "A"))), driver(2, match("b", 1, 1, 9)), gated, row(5, update.Detectoid))
	for _, tt := range []struct {
		installed, held, fresh, changed, drop []update.RevisionID
	}{
		{nil, nil, ids(1), nil, nil},
		{ids(5), nil, ids(1, 3), nil, nil},
		{ids(5), ids(1, 2, 99), ids(3), ids(1), ids(2, 99)},
		{nil, ids(1, 3), nil, ids(1), ids(3)},
	} {
		ans := s.Printers(plan(s), tt.installed, tt.held)
		if fresh, changed := revisions(ans.New), revisions(ans.Changed); !slices.Equal(fresh, tt.fresh) ||
			!slices.Equal(changed, tt.changed) || !slices.Equal(ans.OutOfScope, tt.drop) {
			t.Errorf("Printers(%v, %v) = %v, %v, %v, want %v, %v, %v", tt.installed, tt.held,
				fresh, changed, ans.OutOfScope, tt.fresh, tt.changed, tt.drop)
		}
	}
}

func revisions(entries []catalog.Entry) (out []update.RevisionID) {
	for _, e := range entries {
		out = append(out, e.Revision)
	}
	return out
}

func TestDriversOfCategories(t *testing.T) {
	t.Parallel()
	in := func(n, category int) catalog.Row {
		r := driver(n, match(pci, n, 1, 255))
		needs(category)(&r)
		return r
	}
	s := snapshot(t, catalog.Rules{}, row(1, update.Category), row(2, update.Category), in(3, 1), in(4, 2))
	for _, tt := range []struct {
		filter []update.ID
		drop   []update.RevisionID
	}{
		{nil, ids(3)},
		{[]update.ID{uid(1)}, ids(4)},
		{[]update.ID{uid(9)}, ids(3, 4)},
	} {
		ans := s.SyncDrivers(&catalog.DriverRequest{Plan: plan(s), Installed: ids(1, 2), Cached: ids(3, 4), Filter: tt.filter,
			Devices: []catalog.Device{{HardwareIDs: []string{pci}}}})
		if diff := cmp.Diff(tt.drop, ans.OutOfScope); diff != "" || len(ans.New) != 0 || len(ans.Changed) != 2-len(tt.drop) {
			t.Errorf("limited to %v: out of scope (-want +got), %d new, %d kept:\n%s", tt.filter, len(ans.New), len(ans.Changed), diff)
		}
	}
}
