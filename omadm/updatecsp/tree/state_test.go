package tree_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

func TestStates(t *testing.T) {
	t.Parallel()
	failed := func(hresult int32, bits int) tree.Report {
		return tree.Report{Failed: map[update.ID]tree.Failure{kb1: {HResult: hresult, Status: bits, Number: 3}}}
	}
	const access = -2147024891
	for _, tt := range []struct {
		name   string
		report tree.Report
		want   tree.Standing
	}{
		{"installable", tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Number: 3}}}, tree.Standing{State: update.NotInstalled, Number: 3}},
		{"installed", tree.Report{Installed: map[update.ID]int32{kb1: 3}}, tree.Standing{State: update.Installed, Number: 3}},
		{"pending", tree.Report{PendingReboot: map[update.ID]tree.Pending{kb1: {Number: 3}}}, tree.Standing{State: update.InstalledPendingReboot, Number: 3}},
		{"failed", failed(access, 256), tree.Standing{State: update.Failed, Number: 3, HResult: access}},
		{"failed without a code", failed(0, 16), tree.Standing{State: update.Failed, Number: 3}},
		{"failed without anything", failed(0, 0), tree.Standing{State: update.Failed, Number: 3}},
		{"failed with a warning", failed(0x240005, 0), tree.Standing{State: update.Failed, Number: 3, HResult: 0x240005}},
		{"found again", failed(0, 1), tree.Standing{State: update.NotInstalled, Number: 3}},
		{"downloading again", failed(0, 4), tree.Standing{State: update.NotInstalled, Number: 3}},
		{"downloaded", failed(0, 32), tree.Standing{State: update.Downloaded, Number: 3}},
		{"installing", failed(0, 64), tree.Standing{State: update.Downloaded, Number: 3}},
		{"restart", failed(0, 512), tree.Standing{State: update.InstalledPendingReboot, Number: 3}},
		{"done", failed(0, 1024), tree.Standing{State: update.Installed, Number: 3}},
		{"installable and failed", tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Number: 3}}, Failed: failed(access, 256).Failed},
			tree.Standing{State: update.Failed, Number: 3, HResult: access}},
		{"installable and installed", tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Number: 3}}, Installed: map[update.ID]int32{kb1: 3}},
			tree.Standing{State: update.Installed, Number: 3}},
		{"newer installable", tree.Report{Installable: map[update.ID]tree.Installable{kb1: {Number: 4}}, Installed: map[update.ID]int32{kb1: 3}},
			tree.Standing{State: update.NotInstalled, Number: 4}},
		{"failed and installed", tree.Report{Failed: failed(access, 256).Failed, Installed: map[update.ID]int32{kb1: 3}},
			tree.Standing{State: update.Installed, Number: 3}},
		{"newer failed", tree.Report{Failed: failed(access, 256).Failed, Installed: map[update.ID]int32{kb1: 2}},
			tree.Standing{State: update.Failed, Number: 3, HResult: access}},
		{"failed and pending", tree.Report{Failed: failed(access, 256).Failed, PendingReboot: map[update.ID]tree.Pending{kb1: {}}},
			tree.Standing{State: update.InstalledPendingReboot}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(map[update.ID]tree.Standing{kb1: tt.want}, tt.report.States()); d != "" {
				t.Errorf("states (-want +got):\n%s", d)
			}
		})
	}
	if got := (*tree.Report)(nil).States(); got != nil {
		t.Errorf("states of no report: %v", got)
	}
}

func TestStatusText(t *testing.T) {
	t.Parallel()
	for bits, want := range map[int]string{
		0: "", 1: "new", 16 | 256: "download failed, install failed", 4096: "after restart", 8192 | 2: "ready to download, 0x2000",
		-1 & 0xffffffff: "new, ready to download, downloading, download blocked, download failed, ready to install, installing, install blocked, install failed, restart required, completed, commit failed, after restart, 0xffffe000",
	} {
		if got := tree.StatusText(bits); got != want {
			t.Errorf("StatusText(%d) = %q, want %q", bits, got, want)
		}
	}
}

// A report comes back from JSON as it was, and what was not told does not become
// an empty list.
func TestJSON(t *testing.T) {
	t.Parallel()
	for _, want := range []*tree.Report{full(), {}, {Installed: map[update.ID]int32{}, Approved: []update.ID{}}} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := new(tree.Report)
		if err := json.Unmarshal(b, got); err != nil || !got.Equal(want) {
			t.Errorf("%v, got\n%s", err, cmp.Diff(want, got))
		}
	}
	if (&tree.Report{}).Equal(&tree.Report{Approved: []update.ID{}}) || (&tree.Report{}).Equal(nil) || !(*tree.Report)(nil).Equal(nil) {
		t.Error("what was not told equals an empty list, or something nothing")
	}
}
