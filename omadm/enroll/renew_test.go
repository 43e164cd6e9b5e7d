package enroll_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/ca"
	"sluice/omadm/enroll"
)

// renewal makes the request of a device's renewal with a new key.
func (e *enrolled) renewal(t testing.TB) string {
	t.Helper()
	return renewRequest(t, sign(t, newCSR(t, newKey(t), commonName(deviceID)), e.leaf, e.key), deviceID)
}

func TestRenew(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	for _, tt := range []struct {
		name   string
		change func(string) string
		cert   bool
	}{
		{"with the certificate by TLS", nil, true},
		{"without, as behind a proxy", nil, false},
		{"type of MS-MDE2", func(s string) string {
			return strings.Replace(s, "http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS7",
				"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#PKCS7", 1)
		}, true},
		{"with a name and no password", func(s string) string {
			return strings.Replace(s, `mustUnderstand="1"></wsse:Security>`, `mustUnderstand="1">`+strings.Replace(anna, "correct horse", "", 1)+`</wsse:Security>`, 1)
		}, true},
		{"without a DeviceID", func(s string) string { return strings.Replace(s, `Name="DeviceID"`, `Name="Other"`, 1) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := a.enrol(t)
			body := d.renewal(t)
			if tt.change != nil {
				body = tt.change(body)
			}
			var cert *tls.Certificate
			if tt.cert {
				cert = d.identity()
			}
			doc := a.post(t, enroll.EnrollmentPath, body, cert).provisioned(t)
			leaf := doc.leaf(t, "User")
			if leaf.Equal(d.leaf) || leaf.Subject.String() != d.leaf.Subject.String() || !leaf.Equal(d.kept.certs[1]) {
				t.Errorf("renewed certificate %s of %s", leaf.SerialNumber, leaf.Subject)
			}
		})
	}
}

func TestRenewDocument(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	d := a.enrol(t)
	doc := a.post(t, enroll.EnrollmentPath, d.renewal(t), d.identity()).provisioned(t)
	root := a.trusted().Current().Certificate()
	leaf := thumbprint(doc.leaf(t, "User"))
	want := map[string]string{
		"CertificateStore/Root/System/" + thumbprint(root) + "/EncodedCertificate": encoded(root),
		"CertificateStore/My/User/" + leaf + "/EncodedCertificate":                 encoded(doc.leaf(t, "User")),
		"CertificateStore/My/User/" + leaf + "/PrivateKeyContainer":                "",
		"APPLICATION/PROVIDER-ID": "sluice",
	}
	if diff := cmp.Diff(want, doc.values()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Machines lie in store for months: an ended certificate may be renewed for as
// long as the authority says, and no longer.
func TestRenewAfterTheEnd(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *enroll.Config) { c.Life = 90 * 24 * time.Hour })
	d := a.enrol(t)
	a.wait(90*24*time.Hour + ca.RenewGrace - time.Hour)
	a.post(t, enroll.EnrollmentPath, d.renewal(t), d.identity()).provisioned(t)
	a.wait(2 * time.Hour)
	a.post(t, enroll.EnrollmentPath, d.renewal(t), d.identity()).wantFault(t, a.log, "s:Authorization", "NotEligibleToRenew")
	a.post(t, enroll.EnrollmentPath, d.renewal(t), nil).wantFault(t, a.log, "s:Authorization", "NotEligibleToRenew")
}

// A device of the previous root renews with the new one, and learns of both.
func TestRenewAfterRollover(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	d := a.enrol(t)
	old := a.trusted().Current()
	next, err := old.Rollover("sluice test", a.now())
	if err != nil {
		t.Fatal(err)
	}
	a.setTrust(ca.NewTrust(next, old.Certificate()))
	doc := a.post(t, enroll.EnrollmentPath, d.renewal(t), d.identity()).provisioned(t)
	if err := doc.leaf(t, "User").CheckSignatureFrom(next.Certificate()); err != nil {
		t.Errorf("the certificate is not of the new root: %v", err)
	}
	for _, root := range []*ca.Authority{next, old} {
		if doc.find("CertificateStore/Root/System/"+thumbprint(root.Certificate())) == nil {
			t.Errorf("the document does not have the root %s", root.Certificate().Subject)
		}
	}
}

func TestRenewRefuses(t *testing.T) {
	t.Parallel()
	stranger, err := ca.New("another site", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name               string
		act                func(t *testing.T, a *appliance, d *enrolled) answer
		subcode, errorType string
	}{
		{"revoked at the desk", func(t *testing.T, a *appliance, d *enrolled) answer {
			d.kept.state = enroll.ErrRevoked
			return a.post(t, enroll.EnrollmentPath, d.renewal(t), d.identity())
		}, "s:Authorization", "NotEligibleToRenew"},
		{"enrollment ended", func(t *testing.T, a *appliance, d *enrolled) answer {
			d.kept.state = enroll.ErrEnded
			return a.post(t, enroll.EnrollmentPath, d.renewal(t), d.identity())
		}, "s:Authorization", "NotEligibleToRenew"},
		{"own certificate that the desk does not know", func(t *testing.T, a *appliance, d *enrolled) answer {
			key := newKey(t)
			cert, err := a.trusted().Current().IssueDevice(key.Public(), "5e6b5f0c-9b1e-4a0e-8d0d-0c7f7a3f1b11", a.now(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			return a.post(t, enroll.EnrollmentPath, (&enrolled{key: key, leaf: cert}).renewal(t), identity(cert, key))
		}, "s:Authorization", "NotEligibleToRenew"},
		{"certificate of another authority, signer alone", func(t *testing.T, a *appliance, d *enrolled) answer {
			key := newKey(t)
			cert, err := stranger.IssueDevice(key.Public(), d.kept.enrollment.ID, a.now(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			return a.post(t, enroll.EnrollmentPath, (&enrolled{key: key, leaf: cert}).renewal(t), nil)
		}, "s:Authorization", "NotEligibleToRenew"},
		{"signed by another device than that of TLS", func(t *testing.T, a *appliance, d *enrolled) answer {
			return a.post(t, enroll.EnrollmentPath, d.renewal(t), a.enrol(t).identity())
		}, "s:Authentication", "NotEligibleToRenew"},
		{"certificate of another device, own signature", func(t *testing.T, a *appliance, d *enrolled) answer {
			forged := &enrolled{key: newKey(t), leaf: d.leaf}
			return a.post(t, enroll.EnrollmentPath, forged.renewal(t), nil)
		}, "s:CertificateRequest", "CertificateRequest"},
		{"for another device", func(t *testing.T, a *appliance, d *enrolled) answer {
			signed := sign(t, newCSR(t, newKey(t), commonName("00000000000000000000000000000000")), d.leaf, d.key)
			return a.post(t, enroll.EnrollmentPath, renewRequest(t, signed, deviceID), d.identity())
		}, "s:CertificateRequest", "CertificateRequest"},
		{"says that it is another device", func(t *testing.T, a *appliance, d *enrolled) answer {
			signed := sign(t, newCSR(t, newKey(t), ""), d.leaf, d.key)
			return a.post(t, enroll.EnrollmentPath, renewRequest(t, signed, "00000000000000000000000000000000"), d.identity())
		}, "s:CertificateRequest", "CertificateRequest"},
		{"key of another enrollment", func(t *testing.T, a *appliance, d *enrolled) answer {
			other := a.enrol(t)
			signed := sign(t, newCSR(t, other.key, commonName(deviceID)), d.leaf, d.key)
			return a.post(t, enroll.EnrollmentPath, renewRequest(t, signed, deviceID), d.identity())
		}, "s:CertificateRequest", "InvalidEnrollmentData"},
		{"a bare request", func(t *testing.T, a *appliance, d *enrolled) answer {
			return a.post(t, enroll.EnrollmentPath, renewRequest(t, newCSR(t, newKey(t), commonName(deviceID)), deviceID), d.identity())
		}, "s:CertificateRequest", "CertificateRequest"},
		{"not of type PKCS7", func(t *testing.T, a *appliance, d *enrolled) answer {
			return a.post(t, enroll.EnrollmentPath, strings.Replace(d.renewal(t), "#PKCS7", "#PKCS10", 1), d.identity())
		}, "s:CertificateRequest", "CertificateRequest"},
		{"desk fails", func(t *testing.T, a *appliance, d *enrolled) answer {
			a.desk.fail = tls.AlertError(80)
			return a.post(t, enroll.EnrollmentPath, d.renewal(t), d.identity())
		}, "a:InternalServiceFault", "InternalServiceFault"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil)
			d := a.enrol(t)
			tt.act(t, a, d).wantFault(t, a.log, tt.subcode, tt.errorType)
			if len(d.kept.certs) != 1 {
				t.Error("a certificate was kept")
			}
		})
	}
}

// What the authority itself holds revoked is refused before the desk is asked.
func TestRenewRevokedByTheAuthority(t *testing.T) {
	t.Parallel()
	var told atomic.Int32
	a := start(t, func(c *enroll.Config) {
		c.Refused = func(r enroll.Refusal) {
			if !errors.Is(r.Err, ca.ErrRevoked) || r.Reason == "" || r.Addr != "127.0.0.1" {
				t.Errorf("told of %+v", r)
			}
			told.Add(1)
		}
	})
	d := a.enrol(t)
	revoked := ca.NewTrust(a.trusted().Current())
	revoked.Revoked = d.leaf.Equal
	a.setTrust(revoked)
	for _, cert := range []*tls.Certificate{d.identity(), nil} {
		a.post(t, enroll.EnrollmentPath, d.renewal(t), cert).wantFault(t, a.log, "s:Authorization", "NotEligibleToRenew")
	}
	if n := told.Load(); n != 2 {
		t.Errorf("told of %d refusals, want 2", n)
	}
}
