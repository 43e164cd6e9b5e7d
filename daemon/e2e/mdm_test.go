package e2e_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/demo"
	"sluice/omadm/device"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// The client that shares no code with sluice finds nothing wrong with recordings
// of other servers, and reckons credentials as another client does.
func TestIndependentDeviceItself(t *testing.T) {
	t.Parallel()
	d := newIndependent(t, &appliance{t: t})
	d.must("vectors", nil)
	const syncML = "omadm/syncml/"
	o := options{"messages": []string{
		samples.Path(t, syncML+"win10-19043-server-ends-session.xml"), samples.Path(t, syncML+"win10-19043-server-answers-unenroll.xml"),
	}}
	d.must("vectors", o)
	wbxml(t)
	o["binary"] = []string{samples.Path(t, "omadm/wbxml/from-xml/win10-19043-server-ends-session.wbxml")}
	d.must("vectors", o)
}

// installable are updates as the Update CSP tells them.
func installable(ids ...string) map[string]any {
	out := map[string]any{}
	for _, i := range ids {
		out[i] = map[string][2]string{"Type": {"int", "1"}, "RevisionNumber": {"int", "1"}}
	}
	return out
}

func installed(ids ...string) map[string]any {
	out := map[string]any{}
	for _, i := range ids {
		out[i] = map[string][2]string{"RevisionNumber": {"int", "1"}}
	}
	return out
}

// TestIndependentDevice takes a device that shares no code with sluice from
// nothing through its life: enrolled, told, heard, approved for, and gone.
func TestIndependentDevice(t *testing.T) {
	t.Parallel()
	media, err := demo.WriteMedia(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := newAppliance(t, "")
	a.load(media.Documents)
	a.start()
	a.account("alice")
	d := newIndependent(t, a)
	const pc = "pc1.site.example"
	const all = "All Computers"

	// Enrolled: it is known before its first session.
	got := d.enrol(pc)
	if got.Policies.KeyLength != 2048 || got.Provisioned.Days != 1095 || got.Policies.Validity != 1095*24*60*60 || got.Provisioned.Store != "User" || got.Provisioned.Client.User != "alice" {
		t.Errorf("enrolled: %+v %+v", got.Policies, got.Provisioned)
	}
	if seen := a.show("pc1"); seen.State != string(device.Active) || seen.LastPoll != nil || seen.Enrollment != got.Provisioned.Client.ID || seen.Context != "Full" || seen.CertificateEnd == nil {
		t.Errorf("before its first session: %+v", seen.Device)
	}

	// Told: what it has is what it is to have.
	told := d.must("poll", nil)
	seen := a.show(pc)
	if seen.OSVersion != "10.0.19045.3803" || seen.Edition != "Enterprise" || seen.Manufacturer != "Python Foundation" || seen.Facts["serial"].Value != "SN & <1>" {
		t.Errorf("facts: %+v %+v", seen.Device, seen.Facts)
	}
	applied := 0
	for _, p := range seen.Policies {
		if p.State == "skipped" && p.Reason != "" {
			continue
		}
		area := "Update/"
		if strings.HasPrefix(p.Name, "DO") && p.Name != "DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection" {
			area = "DeliveryOptimization/"
		}
		on := told.Nodes["Vendor/MSFT/Policy/Config/"+area+p.Name]
		if p.State != "applied" || p.Desired == nil || *p.Desired != on || p.Effective != on {
			t.Errorf("%s is %q on the device, shown: %+v", p.Name, on, p)
		}
		applied++
	}
	if applied < 10 {
		t.Errorf("%d settings were applied", applied)
	}
	for name, want := range map[string]string{"UpdateServiceUrl": a.wsusTLS, "UpdateServiceUrlAlternate": a.wsus} {
		if p := policy(t, seen, name); p.Sent == nil || *p.Sent != strings.Replace(want, "127.0.0.1", "localhost", 1) {
			t.Errorf("%s: %+v, want %s", name, p, want)
		}
	}

	eventually(t, func() error { // last polls are written together
		if a.show(pc).LastPoll == nil {
			return errors.New("the poll is not shown")
		}
		return nil
	})

	// Nothing to change: it is asked for news, and not told again.
	for _, o := range []options{nil, {"repeat": true}, {"login": "none"}, {"begin": "1200"}} {
		if idle := d.must("poll", o); idle.do() != nil || idle.Messages != 2 {
			t.Errorf("idle session: %d messages, %q", idle.Messages, idle.do())
		}
	}

	// Heard: what it reports is shown, and what the catalog lacks is needed.
	const strange = "deadbeef-0000-4000-8000-000000000001"
	d.must("poll", options{"braces": true, "updates": options{
		"InstallableUpdates": installable(id("103"), strange), "InstalledUpdates": installed(id("106")),
		"FailedUpdates":        options{id("107"): map[string][2]string{"HResult": {"int", "-2145124329"}, "Status": {"int", "256"}, "RevisionNumber": {"int", "1"}}},
		"PendingRebootUpdates": options{id("109"): map[string][2]string{"InstalledTime": {"time", "2026-03-12T10:00:00Z"}, "RevisionNumber": {"int", "1"}}},
	}, "set": options{"Vendor/MSFT/Update/LastSuccessfulScanTime": [2]string{"time", "2026-03-12T09:00:00Z"}}})
	a.sluice(0, "devices", "sync", "pc1")
	if !a.show(pc).SyncAsked {
		t.Error("the sync that was asked for is not shown")
	}
	d.must("poll", nil)
	seen = a.show(pc)
	states := map[string]string{}
	for _, u := range seen.Updates {
		states[u.UpdateID.String()] = u.Sources["mdm"].State
	}
	if diff := cmp.Diff(map[string]string{
		id("103"): "NotInstalled", strange: "NotInstalled", id("106"): "Installed", id("107"): "Failed", id("109"): "InstalledPendingReboot",
	}, states); diff != "" {
		t.Errorf("updates (-want +got):\n%s", diff)
	}
	if seen.SyncAsked || seen.LastScan == nil || seen.LastScan.Year() != 2026 {
		t.Errorf("after the sync: %v, last scan %v", seen.SyncAsked, seen.LastScan)
	}
	needed := decode[[]struct {
		UpdateID update.ID `json:"update_id"`
	}](t, a.sluice(0, "devices", "needed", "--json"))
	if len(needed) != 1 || needed[0].UpdateID.String() != strange {
		t.Errorf("needed: %+v", needed)
	}

	// Only the difference is sent; what the device refuses is not tried again
	// until a sync is asked for.
	if r := a.sluice(2, "policies", "set", "--group", all, "ActiveHoursEnd=24"); !strings.Contains(r.stderr, "0 to 23") {
		t.Errorf("a bad value: %s", r.stderr)
	}
	a.sluice(0, "policies", "set", "--group", all, "ActiveHoursStart=7", "ActiveHoursEnd=19")
	differ := d.must("poll", options{"force": options{"ActiveHoursEnd": 500}})
	if diff := cmp.Diff([]string{"Replace ActiveHoursEnd", "Replace ActiveHoursStart"}, differ.do()); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if p := policy(t, a.show(pc), "ActiveHoursEnd"); p.State != "refused" || p.Status != 500 {
		t.Errorf("a setting that the device refused: %+v", p)
	}
	if idle := d.must("poll", nil); idle.do() != nil {
		t.Errorf("sent again: %q", idle.do())
	}
	a.sluice(0, "devices", "sync", "pc1")
	d.must("poll", nil)
	if p := policy(t, a.show(pc), "ActiveHoursEnd"); p.State != "applied" {
		t.Errorf("after a sync: %+v", p)
	}
	a.sluice(0, "policies", "unset", "--group", all, "ActiveHoursStart", "ActiveHoursEnd")
	if gone := d.must("poll", nil); !slices.Equal(gone.do(), []string{"Delete ActiveHoursEnd", "Delete ActiveHoursStart"}) {
		t.Errorf("after unset: %q", gone.do())
	}

	// Approved: with RequireUpdateApproval the device gets the approvals of the
	// WSUS door for what it reports as installable.
	a.sluice(0, "updates", "approve", "KB7000103", "--group", all)
	a.sluice(0, "policies", "set", "--group", all, "RequireUpdateApproval=1")
	definitions := "{e0789628-ce08-4437-be74-2495b842f43b}"
	eventually(t, func() error { return d.approved(definitions, "{"+id("103")+"}") })
	a.sluice(0, "updates", "unapprove", "KB7000103", "--group", all)
	eventually(t, func() error { return d.approved(definitions) })

	// Gone, by the administrator: the device breaks off, then says that it left.
	a.sluice(0, "devices", "unenrol", "--yes", "pc1")
	leave := d.must("poll", options{"drop": true})
	if !leave.Left || !slices.Equal(leave.do(), []string{"Exec Unenroll"}) {
		t.Errorf("told to unenrol: %+v", leave.Commands)
	}
	if s := a.show(pc).State; s != string(device.Leaving) {
		t.Errorf("a device that took the command is %s", s)
	}
	d.must("poll", options{"alerts": goodbye})
	seen = a.show(pc)
	if seen.State != string(device.Unenrolled) || len(seen.Orders) != 1 || seen.Orders[0].State != "done" {
		t.Errorf("a device that left: %s, %+v", seen.State, seen.Orders)
	}
	d.broken(nil, "status 401")
	d.refused("renew", nil, "s:Authorization", "NotEligibleToRenew")

	// Enrolled again with a new image it is the same device, until its user
	// unenrols it.
	first := seen.ID
	d.must("enrol", options{"name": pc, "machine": options{"device_id": strings.Repeat("C", 32)}, "server": d.server, "user": "alice", "password": password})
	if back := d.must("poll", nil); !slices.Contains(back.do(), "Replace UpdateServiceUrl") {
		t.Errorf("a new image was told %q", back.do())
	}
	seen = a.show(pc)
	if seen.ID != first || seen.State != string(device.Active) || len(seen.Enrollments) != 2 {
		t.Errorf("enrolled again: device %d, %s, %+v", seen.ID, seen.State, seen.Enrollments)
	}
	d.must("poll", options{"alerts": goodbye})
	if seen = a.show(pc); seen.State != string(device.Unenrolled) || seen.Enrollments[0].Why != "by its user" {
		t.Errorf("after its user unenrolled it: %s, %+v", seen.State, seen.Enrollments)
	}
	d.broken(nil, "status 401")
}

// goodbye is how Windows says that a device leaves.
var goodbye = []options{{"code": 1226, "type": "com.microsoft:mdm.unenrollment.userrequest", "format": "int", "data": "1"}}

// approved compares the updates that the device may install, after a session.
func (d *independent) approved(want ...string) error {
	d.t.Helper()
	got := d.must("poll", options{"braces": true}).Children["ApprovedUpdates"]
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		return &difference{"ApprovedUpdates", diff}
	}
	return nil
}

type difference struct{ what, diff string }

func (d *difference) Error() string { return d.what + " (-want +got):\n" + d.diff }
