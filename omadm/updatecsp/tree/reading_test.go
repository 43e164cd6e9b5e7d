package tree_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// A whole report is read from the answers to what the parts ask for, and the
// same from names and single values where a device knows no StructData.
func TestWholeReport(t *testing.T) {
	t.Parallel()
	want := full()
	device1 := values(want)
	want.Nodes = []string{"ApprovedUpdates", "DeferUpgrade", "FailedUpdates", "InstallableUpdates", "InstalledUpdates", "LastSuccessfulScanTime", "PendingRebootUpdates", "Rollback"}

	t.Run("StructData", func(t *testing.T) {
		t.Parallel()
		r := tree.NewReading(nil)
		for _, p := range tree.Parts() {
			r.Take(answer(p.Get(), device1))
			for _, cmd := range r.Missing(p, 100) {
				r.Take(answer(cmd, device1))
			}
			if !r.Told(p) || r.Refused(p) != 0 {
				t.Errorf("%s: told %v, refused %v", p.URI(), r.Told(p), r.Refused(p))
			}
		}
		compareReports(t, r, want)
	})
	t.Run("names", func(t *testing.T) {
		t.Parallel()
		r := tree.NewReading(nil)
		for _, p := range tree.Parts() {
			if get := p.Get(); get.URI != p.URI() {
				r.Take(device.Answer{Command: get, Status: device.NotSupported})
				if r.Refused(p) != device.NotSupported || r.Told(p) {
					t.Errorf("%s: told %v, refused %v", p.URI(), r.Told(p), r.Refused(p))
				}
				for _, cmd := range r.Missing(p, 100) {
					r.Take(answer(cmd, device1))
				}
			}
			r.Take(answer(p.GetNames(), device1))
			for _, cmd := range r.Missing(p, 100) {
				r.Take(answer(cmd, device1))
			}
		}
		// ApprovedTime is not worth a question of its own.
		w := want.Clone()
		w.ApprovedTimes = nil
		compareReports(t, r, w)
	})
	t.Run("root with StructData", func(t *testing.T) {
		t.Parallel()
		r := tree.NewReading(nil)
		r.Take(answer(device.Command{Verb: device.Get, URI: "./Vendor/MSFT/Update?list=StructData"}, device1))
		w := want.Clone()
		w.Nodes = nil
		compareReports(t, r, w)
	})
}

func compareReports(t *testing.T, r *tree.Reading, want *tree.Report) {
	t.Helper()
	if d := cmp.Diff(want, r.Report()); d != "" || !r.Report().Equal(want) {
		t.Errorf("report (-want +got):\n%s", d)
	}
	if n := r.Notes(); len(n) > 0 {
		t.Errorf("notes: %q", n)
	}
}

// What devices say in other words means the same.
func TestForms(t *testing.T) {
	t.Parallel()
	const list = "./Vendor/MSFT/Update/InstallableUpdates"
	upper := strings.ToUpper(kb1.String())
	for _, tt := range []struct {
		name  string
		part  tree.Part
		items []device.Item
		want  tree.Report
		notes int
	}{
		{"without ./", tree.InstallableList, leaves("Vendor/MSFT/Update/InstallableUpdates/{"+kb1.String()+"}", "Type", "2", "RevisionNumber", "7"),
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Type: tree.Critical, Number: 7}}}, 0},
		{"with ./Device and a query", tree.InstallableList, leaves("./Device/Vendor/MSFT/Update/InstallableUpdates/%7B"+upper+"%7D", "Type?list=StructData", " 1 "),
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Type: tree.Security}}}, 0},
		{"letter case, no braces", tree.InstallableList, leaves("./vendor/msft/update/installableupdates/"+upper, "REVISIONNUMBER", "0x10"),
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Number: 16}}}, 0},
		{"escaped twice", tree.InstallableList, leaves(list+"/%257b"+upper+"%257d", "Type", "0"),
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {}}}, 0},
		{"a blank in the URI", tree.InstallableList, leaves(list+"/ {"+upper+"}", "Type", "1"),
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Type: tree.Security}}}, 0},
		{"no URI at all", tree.InstallableList, []device.Item{{Data: "{" + kb1.String() + "}/%7b" + kb2.String() + "%7d/" + kb3.String()}},
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {}, kb2: {}, kb3: {}}}, 0},
		{"no children", tree.InstallableList, []device.Item{{URI: list, Format: device.Node}},
			tree.Report{Installable: map[update.ID]tree.Installable{}}, 0},
		{"no items", tree.InstallableList, nil, tree.Report{Installable: map[update.ID]tree.Installable{}}, 0},
		{"node and names and leaves", tree.InstallableList, append([]device.Item{{URI: list, Format: device.Node, Data: "{" + kb1.String() + "}"}, {URI: list + "/{" + kb1.String() + "}", Format: device.Node}},
			leaves(list+"/{"+kb1.String()+"}", "Type", "1")...),
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Type: tree.Security}}}, 0},
		{"rubbish among it", tree.InstallableList, append(leaves(list+"/{"+kb1.String()+"}", "Type", "many", "RevisionNumber", "5", "Colour", "red"),
			device.Item{URI: list + "/{" + kb2.String() + "}/Type/Deeper"}, device.Item{URI: "./DevInfo/Man"}, device.Item{URI: list + "/{nonsense}"},
			device.Item{URI: "./Vendor/MSFT/Update/FailedUpdates/{" + kb2.String() + "}"}, device.Item{URI: list, Data: "x/00000000-0000-0000-0000-000000000000"},
			device.Item{URI: strings.Repeat("x", 100_000)}),
			tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Number: 5}}}, 8},
		{"error code signed", tree.FailedList, leaves("./Vendor/MSFT/Update/FailedUpdates/{"+kb1.String()+"}", "HResult", "-2147024894", "Status", "16"),
			tree.Report{Failed: map[update.ID]tree.Failure{kb1: {HResult: -2147024894, Status: 16}}}, 0},
		{"error code unsigned", tree.FailedList, leaves("./Vendor/MSFT/Update/FailedUpdates/{"+kb1.String()+"}", "HResult", "2147942402", "State", "256"),
			tree.Report{Failed: map[update.ID]tree.Failure{kb1: {HResult: -2147024894, Status: 256}}}, 0},
		{"error code hexadecimal", tree.FailedList, leaves("./Vendor/MSFT/Update/FailedUpdates/{"+kb1.String()+"}", "HResult", "0X80070002", "State", "0x100"),
			tree.Report{Failed: map[update.ID]tree.Failure{kb1: {HResult: -2147024894, Status: 256}}}, 0},
		{"error code too large", tree.FailedList, leaves("./Vendor/MSFT/Update/FailedUpdates/{"+kb1.String()+"}", "HResult", "4294967296", "Status", "-2147483649", "RevisionNumber", "-1"),
			tree.Report{Failed: map[update.ID]tree.Failure{kb1: {}}}, 3},
		{"defer", tree.Defer, []device.Item{{Data: "1"}}, tree.Report{DeferUpgrade: true}, 0},
		{"defer rubbish", tree.Defer, []device.Item{{Data: "perhaps"}}, tree.Report{}, 1},
		{"rollback text", tree.Rollbacks, leaves("./Vendor/MSFT/Update/Rollback", "QualityUpdateStatus", " a\x00b\x1b\xff", "FeatureUpdateStatus", strings.Repeat("x", 1000), "QualityUpdate", ""),
			tree.Report{QualityRollback: "ab", FeatureRollback: strings.Repeat("x", 256)}, 0},
		{"root rubbish", tree.Root, []device.Item{{Data: "b/a//" + strings.Repeat("x", 65) + "/a"}}, tree.Report{Nodes: []string{"a", "b"}}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := tree.NewReading(nil)
			if !r.Take(device.Answer{Command: tt.part.Get(), Status: device.OK, Items: tt.items}) {
				t.Fatal("not taken")
			}
			if d := cmp.Diff(&tt.want, r.Report()); d != "" {
				t.Errorf("report (-want +got):\n%s", d)
			}
			if n := r.Notes(); len(n) != tt.notes {
				t.Errorf("%d notes, want %d: %q", len(n), tt.notes, n)
			}
		})
	}
}

// leaves are items below a node: a leaf and its value, by turns.
func leaves(node string, pairs ...string) []device.Item {
	var items []device.Item
	for i := 0; i < len(pairs); i += 2 {
		items = append(items, device.Item{URI: node + "/" + pairs[i], Format: device.Chr, Data: pairs[i+1]})
	}
	return items
}

func TestTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 15, 6, 7, 0, time.UTC)
	for _, tt := range []struct {
		in   string
		want time.Time
	}{
		{"2026-03-04T15:06:07Z", at},
		{"2026-03-04T17:06:07+02:00", at},
		{"2026-03-04T15:06:07.25Z", at.Add(time.Second / 4)},
		{"2026-03-04T15:06:07.2509999Z", at.Add(time.Second / 4)},
		{"2026-03-04T15:06:07", at},
		{"2026-03-04T15:06:07.25", at.Add(time.Second / 4)},
		{" 2026-03-04 15:06:07 ", at},
		{"2026-03-04 15:06:07Z", at},
		{"2026-03-04T15:06", at.Add(-7 * time.Second)},
		{"2026-03-04T15:06Z", at.Add(-7 * time.Second)},
		{"2026-03-04", at.Truncate(24 * time.Hour)},
		{"20260304T150607Z", at},
		{"20260304T150607", at},
		{"3/4/2026 3:06:07 PM", at},
		{fmt.Sprint(at.Unix()), at},
		{fmt.Sprint((at.Unix() + 11_644_473_600) * 10_000_000), at},
		{"0", time.Time{}},
		{"", time.Time{}},
		{"1601-01-01T00:00:00Z", time.Time{}},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			r := tree.NewReading(&tree.Report{LastScan: at.Add(-time.Hour)})
			r.Take(device.Answer{Command: tree.LastScan.Get(), Status: device.OK, Items: []device.Item{{Data: tt.in}}})
			if got := r.Report().LastScan; got != tt.want || !r.Told(tree.LastScan) {
				t.Errorf("time %q = %v, want %v; notes %q", tt.in, got, tt.want, r.Notes())
			}
		})
	}
	for _, in := range []string{"yesterday", "1", "1999-12-31T23:59:59Z", "2200-01-02T00:00:00Z", "9223372036854775807", "-1", "20260304", "2026-13-01", strings.Repeat("9", 65)} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			r := tree.NewReading(&tree.Report{LastScan: at})
			r.Take(device.Answer{Command: tree.LastScan.Get(), Status: device.OK, Items: []device.Item{{Data: in}}})
			if got := r.Report().LastScan; got != at || len(r.Notes()) != 1 || r.Told(tree.LastScan) {
				t.Errorf("time %q = %v, want it as it was; notes %q", in, got, r.Notes())
			}
		})
	}
}

// What is refused, or not answered, stays as it was before; a list that is not
// there is empty.
func TestNotTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		status  device.Status
		items   []device.Item
		want    map[update.ID]tree.Installable
		refused device.Status
	}{
		{"404", device.NotFound, nil, map[update.ID]tree.Installable{}, 0},
		{"405", device.NotAllowed, nil, full().Installable, device.NotAllowed},
		{"500", device.Failed, []device.Item{{Data: "0x80070005"}}, full().Installable, device.Failed},
		{"no status", 0, nil, full().Installable, 0},
		{"no status but results", 0, []device.Item{{Data: kb2.String()}}, map[update.ID]tree.Installable{kb2: {}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := full()
			r := tree.NewReading(before)
			r.Take(device.Answer{Command: tree.InstallableList.Get(), Status: tt.status, Items: tt.items})
			if d := cmp.Diff(tt.want, r.Report().Installable); d != "" {
				t.Errorf("installable (-want +got):\n%s", d)
			}
			if got := r.Refused(tree.InstallableList); got != tt.refused {
				t.Errorf("refused %d, want %d", got, tt.refused)
			}
			if d := cmp.Diff(full(), before); d != "" {
				t.Errorf("the report from before changed:\n%s", d)
			}
		})
	}
	r := tree.NewReading(nil)
	r.Take(device.Answer{Command: tree.LastScan.Get(), Status: device.NotFound})
	if r.Refused(tree.LastScan) != device.NotFound || r.Report().Installable != nil {
		t.Error("a value that is not there is not refused")
	}
	for _, cmd := range []device.Command{tree.Approve(kb1), {Verb: device.Get, URI: "./DevDetail/SwV"}, {Verb: device.Get}} {
		if r.Take(device.Answer{Command: cmd, Status: device.OK}) {
			t.Errorf("%v is taken for a question", cmd)
		}
	}
}

// A device without an Update CSP has not told that nothing is missing.
func TestNoUpdateCSP(t *testing.T) {
	t.Parallel()
	lists := []tree.Part{tree.InstallableList, tree.InstalledList, tree.FailedList, tree.PendingList, tree.ApprovedList}
	ask := func(r *tree.Reading, p tree.Part) {
		r.Take(device.Answer{Command: p.Get(), Status: device.NotFound})
	}
	want := &tree.Report{Nodes: []string{}}
	r := tree.NewReading(nil)
	for _, p := range append(lists, tree.Root) {
		ask(r, p)
	}
	if d := cmp.Diff(want, r.Report()); d != "" || r.Told(tree.InstalledList) || !r.Told(tree.Root) {
		t.Errorf("report (-want +got):\n%s", d)
	}
	r = tree.NewReading(want)
	for _, p := range lists {
		ask(r, p)
	}
	if d := cmp.Diff(want, r.Report()); d != "" {
		t.Errorf("without asking for the root (-want +got):\n%s", d)
	}
	r.Take(device.Answer{Command: tree.Root.Get(), Status: device.OK, Items: []device.Item{{Data: "FailedUpdates"}}})
	for _, p := range lists {
		if ask(r, p); !r.Told(p) {
			t.Errorf("%s: not told", p.URI())
		}
	}
}

// Of updates that are known only the names are asked for again, and of the
// others no more than is wanted at a time.
func TestMissing(t *testing.T) {
	t.Parallel()
	r := tree.NewReading(&tree.Report{Installed: map[update.ID]int32{kb1: 5, kb2: 0}})
	r.Take(device.Answer{Command: tree.InstalledList.Get(), Status: device.OK, Items: []device.Item{{Data: kb1.String() + "/" + kb2.String() + "/" + kb3.String()}}})
	want := []device.Command{{Verb: device.Get, URI: "./Vendor/MSFT/Update/InstalledUpdates/%7b" + kb2.String() + "%7d/RevisionNumber"}}
	if d := cmp.Diff(want, r.Missing(tree.InstalledList, 1)); d != "" {
		t.Errorf("missing (-want +got):\n%s", d)
	}
	for _, cmd := range r.Missing(tree.InstalledList, 9) {
		r.Take(device.Answer{Command: cmd, Status: device.OK, Items: []device.Item{{URI: cmd.URI, Data: "9"}}})
	}
	if d := cmp.Diff(map[update.ID]int32{kb1: 5, kb2: 9, kb3: 9}, r.Report().Installed); d != "" {
		t.Errorf("installed (-want +got):\n%s", d)
	}
	if m := r.Missing(tree.InstalledList, 9); m != nil {
		t.Errorf("asked again: %v", m)
	}
}

// A list holds so many updates and no more.
func TestBounds(t *testing.T) {
	t.Parallel()
	const limit = 10_000
	for _, p := range []tree.Part{tree.InstallableList, tree.InstalledList, tree.FailedList, tree.PendingList, tree.ApprovedList} {
		var names strings.Builder
		for i := range limit + 5 {
			fmt.Fprintf(&names, "/00000001-0000-0000-0000-%012x", i)
		}
		r := tree.NewReading(nil)
		r.Take(device.Answer{Command: p.GetNames(), Status: device.OK, Items: []device.Item{{Data: names.String()}}})
		got := r.Report()
		if n := len(got.Installable) + len(got.Installed) + len(got.Failed) + len(got.PendingReboot) + len(got.Approved); n != limit || len(r.Notes()) != 5 {
			t.Errorf("%s: %d updates, want %d; notes %q", p.URI(), n, limit, r.Notes())
		}
	}
	r := tree.NewReading(nil)
	r.Take(device.Answer{Command: tree.InstalledList.Get(), Status: device.OK, Items: []device.Item{{Data: strings.Repeat("x/", 1000)}}})
	if n := r.Notes(); len(n) != 17 || n[16] != "and 984 more" {
		t.Errorf("notes %q", n)
	}
}

// Every node of the Update CSP is read or written.
func TestEveryNode(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join(filepath.Dir(samples.Path(t, "")), "ref", "update-csp.csv"))
	if err != nil {
		t.Skip("the table of nodes is not here")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	device1 := values(full())
	for _, row := range rows[1:] {
		node, access := row[0], row[2]+" "+row[3]
		t.Run(node, func(t *testing.T) {
			t.Parallel()
			uri := strings.ReplaceAll(node, "{UpdateID}", "%7b"+kb1.String()+"%7d")
			switch {
			case strings.Contains(access, "Exec"):
				kinds := []tree.Kind{tree.Quality, tree.Feature}
				if !slices.ContainsFunc(kinds, func(k tree.Kind) bool {
					return cmp.Equal(tree.RollBack(k), device.Command{Verb: device.Exec, URI: uri})
				}) {
					t.Errorf("%s is never run", uri)
				}
			case uri == tree.Approve(kb1).URI:
				if cmd := tree.Approve(kb1); cmd.Verb != device.Add || cmd.Format != device.Node || cmd.Data != "" {
					t.Errorf("approval %+v", cmd)
				}
				if cmd := tree.Withdraw(kb1); cmd.Verb != device.Delete || cmd.URI != uri {
					t.Errorf("withdrawal %+v", cmd)
				}
				fallthrough
			default:
				cmd := device.Command{Verb: device.Get, URI: uri}
				r := tree.NewReading(&tree.Report{
					Installable: map[update.ID]tree.Installable{kb1: {}, kb3: {}}, Installed: map[update.ID]int32{kb1: 0},
					Failed: map[update.ID]tree.Failure{kb1: {}}, PendingReboot: map[update.ID]tree.Pending{kb1: {}}, Approved: []update.ID{kb1},
				})
				before := r.Report().Clone()
				a := answer(cmd, device1)
				if strings.HasSuffix(uri, "%7d") {
					return // an inner node; its values have rows of their own
				}
				if a.Status != device.OK { // this device does not have it: any value will do
					a = device.Answer{Command: cmd, Status: device.OK, Items: []device.Item{{URI: uri, Data: map[bool]string{false: "3", true: "2026-03-04T15:06:07Z"}[strings.HasSuffix(uri, "Time")]}}}
				}
				if !r.Take(a) || len(r.Notes()) > 0 {
					t.Fatalf("%s is not read: %q", uri, r.Notes())
				}
				if r.Report().Equal(before) && uri != "./Vendor/MSFT/Update/Rollback" {
					t.Errorf("%s is read and changes nothing", uri)
				}
			}
		})
	}
	if len(rows) != 29 {
		t.Errorf("%d rows, want 28 and a head", len(rows))
	}
}
