package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIndependentDeviceWays enrols a device in each way that needs no directory,
// and has it hold sessions in each notation and manner that there is.
func TestIndependentDeviceWays(t *testing.T) {
	t.Parallel()
	a := started(t)
	token := a.token("--uses", "3")
	byAccount, bySecret, byToken := newIndependent(t, a), newIndependent(t, a), newIndependent(t, a)
	byAccount.enrol("ways1.site.example")
	if got := bySecret.must("enrol", options{
		"name": "ways2.site.example", "server": bySecret.server, "user": "package@ways2", "password": token, "kind": "Device", "digest": "sha1", "utf8": true,
	}); got.Provisioned.Store != "System" {
		t.Errorf("certificate for My/%s", got.Provisioned.Store)
	}
	byToken.must("enrol", options{"name": "ways3.site.example", "server": byToken.server, "token": token, "kind": "Device", "version": "9.0"})
	byToken.must("enrol", options{"name": "ways3.site.example", "server": byToken.server, "token": token, "kind": "Device"})
	byToken.refused("enrol", options{"name": "ways4.site.example", "server": byToken.server, "token": token}, "s:Authentication", "Authentication")
	if s := a.show("ways3"); len(s.Enrollments) != 2 {
		t.Errorf("enrolled twice: %+v", s.Enrollments)
	}

	// The nonce of the provisioning document is good for the first credentials.
	if got := byToken.must("poll", options{
		"auth": "md5", "early": true, "set": options{"DevDetail/LrgObj": [2]string{"bool", "true"}},
	}); len(got.Challenged) != 0 {
		t.Errorf("with the nonce that it was given a device was challenged: %q", got.Challenged)
	}
	want := byAccount.must("poll", nil)
	many := make([]string, 60)
	for i := range many {
		many[i] = "00000000-0000-4000-8000-0000000000" + string("0123456789abcdef"[i/16]) + string("0123456789abcdef"[i%16])
	}
	updates := options{"InstallableUpdates": installable(many...), "InstalledUpdates": installed(many...)}
	for _, tt := range []struct {
		name   string
		binary bool
		o      options
	}{
		{"WBXML", true, options{"encoding": "wbxml"}},
		{"WBXML without a string table", true, options{"encoding": "wbxml", "flags": []string{"-n"}}},
		{"prolog", false, options{"dress": "prolog"}},
		{"document type", false, options{"dress": "doctype"}},
		{"lines", false, options{"dress": "lines"}},
		{"prefix", false, options{"dress": "prefix"}},
		{"CDATA", false, options{"dress": "cdata"}},
		{"answers in parts", false, options{"split": 20}},
		{"answers in parts, WBXML", true, options{"split": 20, "encoding": "wbxml"}},
		{"results in pieces", false, options{"pieces": 100}},
		{"small messages", false, options{"sizes": options{"MaxMsgSize": 2048}}},
		{"answers lost", false, options{"repeat": true}},
		{"MD5", false, options{"auth": "md5"}},
		{"MD5 with the nonce that is known", false, options{"auth": "md5", "early": true}},
		{"MD5, WBXML", true, options{"auth": "md5", "encoding": "wbxml"}},
		{"basic", false, options{"auth": "basic"}},
		{"the server proves itself", false, options{"demand": 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.binary {
				wbxml(t)
			}
			d := bySecret
			d.t = t
			// Everything is asked and told again, to be as at first.
			a.sluice(0, "devices", "sync", "ways2")
			tt.o["updates"] = updates
			got := d.must("poll", tt.o)
			if got.End != "complete" {
				t.Errorf("the session ended %q", got.End)
			}
			if diff := cmp.Diff(policies(want.Nodes), policies(got.Nodes)); diff != "" {
				t.Errorf("settings (-account +this):\n%s", diff)
			}
			if s := a.show("ways2"); s.SyncAsked || len(s.Updates) != len(many) {
				t.Errorf("sync asked: %v, %d updates", s.SyncAsked, len(s.Updates))
			}
		})
	}
	bySecret.t = t

	// A value that does not fit goes in pieces to a device that takes them.
	long := "http://localhost/" + strings.Repeat("x", 980)
	a.sluice(0, "policies", "set", "--group", "All Computers", "UpdateServiceUrlAlternate="+long)
	got := byToken.must("poll", options{"sizes": options{"MaxMsgSize": 4096}})
	if on := got.Nodes["Vendor/MSFT/Policy/Config/Update/UpdateServiceUrlAlternate"]; on != long {
		t.Errorf("a long value arrived as %q", on)
	}
	a.sluice(0, "policies", "set", "--group", "All Computers", "UpdateServiceUrlAlternate="+long+"y")
	got = byToken.must("poll", options{"sizes": options{"MaxMsgSize": 1024}})
	if on := got.Nodes["Vendor/MSFT/Policy/Config/Update/UpdateServiceUrlAlternate"]; on != long+"y" || got.Chunks == 0 {
		t.Errorf("in %d pieces a long value arrived as %q", got.Chunks, on)
	}

	// What must not be sent twice is not, also where its answer was lost.
	a.sluice(0, "devices", "rollback", "quality", "--yes", "ways1")
	if got := byAccount.must("poll", options{"break_on": "QualityUpdate"}); !slices.Contains(got.do(), "Exec QualityUpdate") {
		t.Errorf("told %q", got.do())
	}
	if o := a.show("ways1").Orders; len(o) != 1 || o[0].State != "sent" || o[0].Sent == nil {
		t.Errorf("a rollback that was not answered: %+v", o)
	}
	a.sluice(0, "devices", "rollback", "feature", "--yes", "ways1")
	if got := byAccount.must("poll", nil); !slices.Equal(got.do(), []string{"Exec FeatureUpdate"}) {
		t.Errorf("told %q", got.do())
	}
	for _, o := range a.show("ways1").Orders {
		if done := o.State == "done"; done != strings.Contains(o.What, "feature") {
			t.Errorf("order %+v", o)
		}
	}

	// A session that breaks off is made good by the next one.
	a.sluice(0, "policies", "set", "--group", "All Computers", "ActiveHoursStart=6")
	if got := byAccount.must("poll", options{"abort": true}); got.End != "aborted" {
		t.Errorf("the session ended %q", got.End)
	}
	a.sluice(0, "policies", "set", "--group", "All Computers", "ActiveHoursEnd=20")
	if got := byAccount.must("poll", options{"break_after": 1}); got.End != "broken off" {
		t.Errorf("the session ended %q", got.End)
	}
	byAccount.must("poll", nil)
	for name, value := range map[string]string{"ActiveHoursStart": "6", "ActiveHoursEnd": "20"} {
		if p := policy(t, a.show("ways1"), name); p.State != "applied" || p.Sent == nil || *p.Sent != value {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// policies are the settings in a tree.
func policies(nodes map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range nodes {
		if name, ok := strings.CutPrefix(k, "Vendor/MSFT/Policy/Config/"); ok {
			out[name] = v
		}
	}
	return out
}

// TestIndependentDeviceRenews renews certificates, and has others not renew them.
func TestIndependentDeviceRenews(t *testing.T) {
	t.Parallel()
	a := started(t)
	d := newIndependent(t, a)
	d.enrol("renew1.site.example")
	d.must("poll", nil)
	before := a.show("renew1")
	d.must("renew", nil)
	// The answer may have been lost: the old certificate counts until the new one
	// is used.
	d.must("poll", options{"old": true})
	d.must("poll", nil)
	d.broken(options{"old": true}, "status 401")
	d.must("poll", nil)
	after := a.show("renew1")
	if after.ID != before.ID || after.Enrollment != before.Enrollment || len(after.Enrollments) != 1 {
		t.Errorf("renewed: %+v, was %+v", after, before)
	}
	other := newIndependent(t, a)
	other.enrol("renew2.site.example")
	d.refused("renew", options{"signer": other.folder}, "s:Authentication", "NotEligibleToRenew")
	d.refused("renew", options{"csr_id": strings.Repeat("0", 32)}, "s:CertificateRequest", "CertificateRequest")
	a.sluice(0, "devices", "unenrol", "--force", "--yes", "renew1")
	d.refused("renew", nil, "s:Authorization", "NotEligibleToRenew")
	other.must("renew", nil)
	other.must("poll", nil)
}
