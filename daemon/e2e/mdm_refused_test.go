package e2e_test

import (
	"strings"
	"testing"
)

// TestIndependentDeviceRefused has the door refuse what no honest device sends,
// while it serves one that is.
func TestIndependentDeviceRefused(t *testing.T) {
	t.Parallel()
	a := started(t)
	honest := newIndependent(t, a)
	honest.enrol("honest.site.example")
	honest.must("poll", nil)

	d := newIndependent(t, a)
	one := options{"name": "stranger.site.example", "server": d.server, "user": "alice", "password": password}
	with := func(name string, value any) options {
		o := options{name: value}
		for k, v := range one {
			if k != name {
				o[k] = v
			}
		}
		return o
	}
	for _, tt := range []struct {
		name          string
		o             options
		subcode, kind string
	}{
		{"wrong password", with("password", "guess"), "s:Authentication", "Authentication"},
		{"unknown account", with("user", "mallory"), "s:Authentication", "Authentication"},
		{"unknown token", options{"name": "stranger.site.example", "server": d.server, "token": "KJ56-5F83-V7QJ-M6SN-23PE-6SEG-SK4K"}, "s:Authentication", "Authentication"},
		{"a request for another name", with("csr_id", strings.Repeat("0", 32)), "s:CertificateRequest", "CertificateRequest"},
		{"a weak key", with("bits", 1024), "s:CertificateRequest", "CertificateRequest"},
		{"a broken signature", with("damage", true), "s:CertificateRequest", "CertificateRequest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newIndependent(t, a)
			d.refused("enrol", tt.o, tt.subcode, tt.kind)
		})
	}
	if n := a.audited(t, "device.enroll", "refused"); n == 0 {
		t.Error("no refusal is in the audit log")
	}

	d.enrol("replay.site.example")
	d.refused("replay", nil, "s:CertificateRequest", "InvalidEnrollmentData")
	used := newIndependent(t, a)
	token := a.token()
	used.must("enrol", options{"name": "token.site.example", "server": d.server, "token": token})
	used.refused("replay", nil, "s:Authentication", "Authentication")

	// Credentials of the session.
	used.broken(options{"auth": "none"}, "status 407")
	used.broken(options{"auth": "md5", "early": true, "wrong_nonce": true}, "status 401")
	used.broken(options{"auth": "basic", "secret": "guess"}, "status 401")
	used.broken(options{"device_id": strings.Repeat("0", 32)}, "status 401")
	used.must("poll", options{"auth": "md5"})

	// The second message of a session cannot be its fifth; nothing is lost by it.
	a.sluice(0, "devices", "sync", "token")
	used.broken(options{"out_of_order": 5}, "status 400")
	if s := a.show("token"); !s.SyncAsked {
		t.Error("a session that broke off was a whole sync")
	}
	used.must("poll", nil)

	// Messages: refused by the status of HTTP or of the SyncHdr, and never with
	// commands.
	for name, c := range used.act("refused", nil).Cases {
		if want, ok := refusals[name]; ok && want != c.Status {
			t.Errorf("%s: status %q, want %q (HTTP %d)", name, c.Status, want, c.HTTP)
		}
		if refused := c.HTTP >= 400 && c.HTTP < 500 || c.HTTP == 200 && c.Status >= "400"; !refused || c.Commands != 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	for name, c := range used.act("refused-enrollment", options{"server": d.server}).Cases {
		if c.HTTP != 500 || c.Subcode == "" {
			t.Errorf("%s: %+v", name, c)
		}
	}

	// An administrator ends it without the device: all its credentials end.
	a.sluice(0, "devices", "unenrol", "--force", "--yes", "token")
	used.broken(nil, "status 401")
	used.broken(options{"auth": "md5"}, "status 401")
	used.broken(options{"auth": "basic"}, "status 401")
	used.refused("renew", nil, "s:Authorization", "NotEligibleToRenew")

	if got := honest.must("poll", nil); got.do() != nil {
		t.Errorf("an honest device was told %q", got.do())
	}
	if s := a.show("token"); s.State != "retired" {
		t.Errorf("a device that was ended is %s", s.State)
	}
	if n := a.audited(t, "device.session", "refused"); n == 0 {
		t.Error("no refusal of a session is in the audit log")
	}
	if strings.Contains(a.log.String(), "panic") {
		t.Errorf("the daemon panicked:\n%s", a.log)
	}
	a.small()
}

// refusals are the statuses of messages that are refused with a certain one.
var refusals = map[string]string{
	"another version": "513", "another device": "401", "no certificate": "407", "unknown certificate": "401",
	"certificate of the same name": "401", "MsgID 0": "400", "deep": "413", "many commands": "413",
}
