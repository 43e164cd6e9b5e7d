package enroll_test

import (
	"bytes"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/enroll"
)

// enrolled is a device that was enrolled.
type enrolled struct {
	key  crypto.Signer
	leaf *x509.Certificate
	kept *kept
	doc  document
}

func (e *enrolled) identity() *tls.Certificate { return identity(e.leaf, e.key) }

// enrol enrols a device.
func (a *appliance) enrol(t testing.TB) *enrolled {
	t.Helper()
	key := newKey(t)
	got := a.post(t, enroll.EnrollmentPath, issueRequest{csr: newCSR(t, key, commonName(deviceID))}.xml(t), nil)
	doc := got.provisioned(t)
	leaf := doc.leaf(t, "User")
	return &enrolled{key: key, leaf: leaf, kept: a.desk.of(device.EnrollmentID(leaf.Subject.CommonName)), doc: doc}
}

func TestIssue(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	got := a.post(t, enroll.EnrollmentPath, issueRequest{csr: newCSR(t, key, commonName(deviceID))}.xml(t), nil)
	doc := got.provisioned(t)
	leaf := doc.leaf(t, "User")
	k := a.desk.only()
	if k == nil {
		t.Fatal("nothing was kept")
	}
	want := device.Enrollment{
		ID: k.enrollment.ID, Device: deviceID, Context: device.UserContext, State: device.Active, User: "anna@ship.example", Created: a.now(),
		Hardware: "00FF", Name: "BRIDGE-04", OSEdition: 48, OSVersion: "10.0.19045.3803", DeviceType: "CIMClient_Windows",
		MAC: []string{"02-00-00-00-00-01", "02-00-00-00-00-02"},
	}
	if diff := cmp.Diff(want, k.enrollment); diff != "" {
		t.Errorf("enrollment (-want +got):\n%s", diff)
	}
	if !leaf.PublicKey.(*rsa.PublicKey).Equal(&key.PublicKey) || leaf.Subject.String() != "CN="+string(k.enrollment.ID) || !leaf.Equal(k.certs[0]) {
		t.Errorf("certificate of %s, not that of the key and the enrollment %s", leaf.Subject, k.enrollment.ID)
	}
	if life := leaf.NotAfter.Sub(a.now()); life < 1094*24*time.Hour || life > 1096*24*time.Hour {
		t.Errorf("the certificate lives %v, want three years", life)
	}
	if _, ok := a.desk.keys[sha256.Sum256(leaf.RawSubjectPublicKeyInfo)]; !ok {
		t.Error("the hash of the key is not that of its SubjectPublicKeyInfo")
	}
	if c := a.desk.creds[0]; c.Addr != "127.0.0.1" {
		t.Errorf("address %q, want 127.0.0.1", c.Addr)
	}
	if log := a.log.String(); !strings.Contains(log, "msg=enrolled") || strings.Contains(log, "correct horse") {
		t.Errorf("log:\n%s", log)
	}
	checkSecrets(t, doc, k.auth)
}

// What the device has and what is kept of it must fit.
func checkSecrets(t *testing.T, doc document, auth enroll.Secrets) {
	t.Helper()
	v := doc.values()
	a1 := func(name, secret string) string {
		sum := md5.Sum([]byte(name + ":" + secret))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	nonce := func(path string) []byte {
		b, err := base64.StdEncoding.DecodeString(v[path])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const client, server = "APPLICATION/APPAUTH#2/", "APPLICATION/APPAUTH/"
	want := enroll.Secrets{
		ClientName: v[client+"AAUTHNAME"], ClientA1: a1(v[client+"AAUTHNAME"], v[client+"AAUTHSECRET"]), ClientNonce: nonce(client + "AAUTHDATA"),
		ServerName: enroll.ProviderID, ServerA1: a1(enroll.ProviderID, v[server+"AAUTHSECRET"]), ServerNonce: nonce(server + "AAUTHDATA"),
	}
	if diff := cmp.Diff(want, auth); diff != "" {
		t.Errorf("secrets (-device +kept):\n%s", diff)
	}
	if len(auth.ClientName) < 24 || len(v[client+"AAUTHSECRET"]) < 32 || len(v[server+"AAUTHSECRET"]) < 32 || len(auth.ClientNonce) < 16 ||
		bytes.Equal(auth.ClientNonce, auth.ServerNonce) || v[client+"AAUTHSECRET"] == v[server+"AAUTHSECRET"] {
		t.Errorf("secrets are too short or equal: %+v", v)
	}
}

func TestIssueCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, credential   string
		subcode, errorType string // none where it is good
	}{
		{"password", anna, "", ""},
		{"token", binaryToken(userToken, "ABCD-EFGH"), "", ""},
		{"wrong password", strings.Replace(anna, "correct", "wrong", 1), "s:Authentication", "Authentication"},
		{"a blank more is another password", strings.Replace(anna, "correct horse", "correct horse ", 1), "s:Authentication", "Authentication"},
		{"no password", strings.Replace(anna, "correct horse", "", 1), "s:Authentication", "Authentication"},
		{"unknown person", strings.Replace(anna, "anna@", "bert@", 1), "s:Authentication", "Authentication"},
		{"wrong or expired token", binaryToken(userToken, "AAAA-AAAA"), "s:Authentication", "Authentication"},
		{"token of a cloud directory", binaryToken("urn:ietf:params:oauth:token-type:jwt", "eyJ0"), "s:Authentication", "NotSupported"},
		{"certificate as token", binaryToken("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3", "MII"), "s:Authentication", "NotSupported"},
		{"token of another type", binaryToken("urn:other", "ABCD-EFGH"), "a:InvalidSecurity", "InvalidSecurity"},
		{"token that is not base64", strings.Replace(binaryToken(userToken, "x"), "eA==", "*", 1), "a:InvalidSecurity", "InvalidSecurity"},
		{"empty token", binaryToken(userToken, ""), "a:InvalidSecurity", "InvalidSecurity"},
		{"long token", binaryToken(userToken, strings.Repeat("x", 4097)), "a:InvalidSecurity", "InvalidSecurity"},
		{"long password", strings.Replace(anna, "correct horse", strings.Repeat("x", 1025), 1), "a:InvalidSecurity", "InvalidSecurity"},
		{"long name", strings.Replace(anna, "anna@", strings.Repeat("x", 320), 1), "a:InvalidSecurity", "InvalidSecurity"},
		{"control character in the name", strings.Replace(anna, "anna@", "an&#10;na@", 1), "a:InvalidSecurity", "InvalidSecurity"},
		{"password digest", strings.Replace(anna, "#PasswordText", "#PasswordDigest", 1), "a:InvalidSecurity", "InvalidSecurity"},
		{"two credentials", anna + binaryToken(userToken, "ABCD-EFGH"), "a:InvalidSecurity", "InvalidSecurity"},
		{"two names", strings.Replace(anna, "<wsse:Username>", "<wsse:Username>bert</wsse:Username><wsse:Username>", 1), "a:InvalidSecurity", "InvalidSecurity"},
		{"none", "<u:Timestamp/>", "a:InvalidSecurity", "InvalidSecurity"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil)
			csr := newCSR(t, newKey(t), commonName(deviceID))
			got := a.post(t, enroll.EnrollmentPath, issueRequest{credential: tt.credential, csr: csr}.xml(t), nil)
			if tt.subcode == "" {
				got.provisioned(t)
				return
			}
			got.wantFault(t, a.log, tt.subcode, tt.errorType)
			if a.desk.count() > 0 {
				t.Error("an enrollment was kept")
			}
		})
	}
}

func TestIssueWithoutSecurityHeader(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	body := issueRequest{csr: newCSR(t, newKey(t), commonName(deviceID))}.xml(t)
	i, j := strings.Index(body, "<wsse:Security"), strings.Index(body, "</s:Header>")
	a.post(t, enroll.EnrollmentPath, body[:i]+body[j:], nil).wantFault(t, a.log, "a:InvalidSecurity", "InvalidSecurity")
}

func TestIssueDeskRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err                error
		subcode, errorType string
	}{
		{enroll.ErrCredentials, "s:Authentication", "Authentication"},
		{enroll.ErrTooMany, "s:Authorization", "InMaintenance"},
		{enroll.ErrDeviceCap, "s:Authorization", "DeviceCapReached"},
		{enroll.ErrReplayed, "s:CertificateRequest", "InvalidEnrollmentData"},
		{errors.New("disk full at /secret/place"), "a:InternalServiceFault", "InternalServiceFault"},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			a := start(t, nil)
			a.desk.fail = fmt.Errorf("desk: %w", tt.err)
			csr := newCSR(t, newKey(t), commonName(deviceID))
			for path, body := range map[string]string{
				enroll.EnrollmentPath: issueRequest{csr: csr}.xml(t),
				enroll.PolicyPath:     policiesRequest(t, anna),
			} {
				got := a.post(t, path, body, nil)
				got.wantFault(t, a.log, tt.subcode, tt.errorType)
				if strings.Contains(got.body, "desk:") || strings.Contains(got.body, "disk full") {
					t.Errorf("the fault tells of the inside: %s", got.body)
				}
			}
			if !strings.Contains(a.log.String(), tt.err.Error()) {
				t.Errorf("the cause is not in the log:\n%s", a.log)
			}
		})
	}
}

func TestIssueReplayed(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	body := issueRequest{csr: newCSR(t, newKey(t), commonName(deviceID))}.xml(t)
	a.post(t, enroll.EnrollmentPath, body, nil).provisioned(t)
	a.post(t, enroll.EnrollmentPath, body, nil).wantFault(t, a.log, "s:CertificateRequest", "InvalidEnrollmentData")
	if n := a.desk.count(); n != 1 {
		t.Errorf("%d enrollments, want 1", n)
	}
}

func TestIssueRequests(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := func(t *testing.T) []byte { return newCSR(t, newKey(t), commonName(deviceID)) }
	const other = "00000000000000000000000000000000"
	for _, tt := range []struct {
		name               string
		request            func(t *testing.T) issueRequest
		change             func(body string) string
		subcode, errorType string
	}{
		{"common name alone", func(t *testing.T) issueRequest { return issueRequest{csr: newCSR(t, newKey(t), deviceID)} }, nil, "", ""},
		{"no common name", func(t *testing.T) issueRequest { return issueRequest{csr: newCSR(t, newKey(t), "")} }, nil, "", ""},
		{"DeviceID of the request alone", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string { return strings.Replace(s, `Name="DeviceID"`, `Name="Other"`, 1) }, "", ""},
		{"no context", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string {
				return s[:strings.Index(s, "<ac:AdditionalContext>")] + s[strings.Index(s, "</wst:RequestSecurityToken>"):]
			}, "", ""},
		{"no type of token", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string {
				return s[:strings.Index(s, "<wst:TokenType>")] + s[strings.Index(s, "<wst:RequestType>"):]
			}, "", ""},
		{"request of another device", func(t *testing.T) issueRequest { return issueRequest{csr: newCSR(t, newKey(t), commonName(other))} }, nil, "s:CertificateRequest", "CertificateRequest"},
		{"request of another name", func(t *testing.T) issueRequest { return issueRequest{csr: newCSR(t, newKey(t), "SERVER-01")} }, nil, "s:CertificateRequest", "CertificateRequest"},
		{"weak key", func(t *testing.T) issueRequest { return issueRequest{csr: newCSR(t, weak, commonName(deviceID))} }, nil, "s:CertificateRequest", "CertificateRequest"},
		{"broken signature", func(t *testing.T) issueRequest {
			csr := good(t)
			csr[len(csr)-1] ^= 1
			return issueRequest{csr: csr}
		}, nil, "s:CertificateRequest", "CertificateRequest"},
		{"no request", func(*testing.T) issueRequest { return issueRequest{} }, nil, "s:CertificateRequest", "CertificateRequest"},
		{"request that is none", func(*testing.T) issueRequest { return issueRequest{csr: []byte("hello")} }, nil, "s:CertificateRequest", "CertificateRequest"},
		{"long request", func(*testing.T) issueRequest { return issueRequest{csr: make([]byte, 17<<10)} }, nil, "s:CertificateRequest", "CertificateRequest"},
		{"request of a renewal", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string { return strings.Replace(s, "#PKCS10", "#PKCS7", 1) }, "s:CertificateRequest", "CertificateRequest"},
		{"no DeviceID at all", func(t *testing.T) issueRequest { return issueRequest{csr: newCSR(t, newKey(t), "")} },
			func(s string) string { return strings.Replace(s, `Name="DeviceID"`, `Name="Other"`, 1) }, "s:MessageFormat", "InvalidEnrollmentData"},
		{"two DeviceIDs", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string { return strings.Replace(s, `Name="HWDevID"`, `Name="DeviceID"`, 1) }, "s:MessageFormat", "InvalidEnrollmentData"},
		{"DeviceID with blanks", func(t *testing.T) issueRequest { return issueRequest{device: "A B", csr: good(t)} }, nil, "s:MessageFormat", "InvalidEnrollmentData"},
		{"long DeviceID", func(t *testing.T) issueRequest { return issueRequest{device: strings.Repeat("A", 129), csr: good(t)} }, nil, "s:MessageFormat", "InvalidEnrollmentData"},
		{"part of a device", func(t *testing.T) issueRequest { return issueRequest{context: "AppManagement", csr: good(t)} }, nil, "s:Authorization", "NotSupported"},
		{"recovery", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string { return strings.Replace(s, "/Issue", "/Recovery", 1) }, "s:Authorization", "NotSupported"},
		{"unknown kind", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string { return strings.Replace(s, "/Issue", "/Cancel", 1) }, "s:MessageFormat", "MessageFormat"},
		{"unknown token", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string { return strings.Replace(s, "DeviceEnrollmentToken<", "OtherToken<", 1) }, "s:MessageFormat", "MessageFormat"},
		{"two requests", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string {
				return strings.Replace(s, "<ac:AdditionalContext>", `<wsse:BinarySecurityToken ValueType="x#PKCS10">AA==</wsse:BinarySecurityToken><ac:AdditionalContext>`, 1)
			}, "s:MessageFormat", "MessageFormat"},
		{"too many items", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string {
				return strings.Replace(s, "</ac:AdditionalContext>", strings.Repeat(`<ac:ContextItem Name="MAC"/>`, 256)+"</ac:AdditionalContext>", 1)
			}, "s:MessageFormat", "MessageFormat"},
		{"two contexts", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string {
				return strings.Replace(s, "<ac:AdditionalContext>", "<ac:AdditionalContext/><ac:AdditionalContext>", 1)
			}, "s:MessageFormat", "MessageFormat"},
		{"item with two values", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string {
				return strings.Replace(s, "<ac:Value>48", "<ac:Value>1</ac:Value><ac:Value>48", 1)
			}, "s:MessageFormat", "MessageFormat"},
		{"item without a name", func(t *testing.T) issueRequest { return issueRequest{csr: good(t)} },
			func(s string) string { return strings.Replace(s, `Name="HWDevID"`, "", 1) }, "s:MessageFormat", "MessageFormat"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil)
			body := tt.request(t).xml(t)
			if tt.change != nil {
				body = tt.change(body)
			}
			got := a.post(t, enroll.EnrollmentPath, body, nil)
			if tt.subcode == "" {
				got.provisioned(t)
				if k := a.desk.only(); k.enrollment.Device != deviceID {
					t.Errorf("device %q, want %q", k.enrollment.Device, deviceID)
				}
				return
			}
			got.wantFault(t, a.log, tt.subcode, tt.errorType)
			if a.desk.count() > 0 {
				t.Error("an enrollment was kept")
			}
		})
	}
}

// What a device says of itself is kept in bounds.
func TestIssueLongFacts(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	body := issueRequest{csr: newCSR(t, newKey(t), commonName(deviceID))}.xml(t)
	body = strings.Replace(body, "BRIDGE-04", "&#10;"+strings.Repeat("é", 200), 1)
	body = strings.Replace(body, ">48<", "> *-7* <", 1)
	var more strings.Builder
	for i := range 40 {
		fmt.Fprintf(&more, `<ac:ContextItem Name="MAC"><ac:Value>%d</ac:Value></ac:ContextItem>`, i)
	}
	body = strings.Replace(body, "</ac:AdditionalContext>", more.String()+"</ac:AdditionalContext>", 1)
	a.post(t, enroll.EnrollmentPath, body, nil).provisioned(t)
	e := a.desk.only().enrollment
	if e.Name != strings.Repeat("é", 128) || e.OSEdition != 0 || len(e.MAC) != 32 {
		t.Errorf("name of %d bytes, edition %d, %d MACs, want 256, 0, 32", len(e.Name), e.OSEdition, len(e.MAC))
	}
}
