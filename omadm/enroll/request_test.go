package enroll_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	deviceID  = "A1B2C3D4E5F60718293A4B5C6D7E8F90"
	anna      = `<wsse:UsernameToken u:Id="x"><wsse:Username>anna@ship.example</wsse:Username><wsse:Password wsse:Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">correct horse</wsse:Password></wsse:UsernameToken>`
	userToken = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken"
)

func binaryToken(kind, text string) string {
	return `<wsse:BinarySecurityToken ValueType="` + kind + `">` + base64.StdEncoding.EncodeToString([]byte(text)) + `</wsse:BinarySecurityToken>`
}

// fixture returns a message of testdata with its marks filled in.
func fixture(t testing.TB, name string, pairs ...string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(pairs...).Replace(string(b))
}

func discoverRequest(t testing.TB, version string, policies ...string) string {
	t.Helper()
	var list strings.Builder
	for _, p := range policies {
		list.WriteString("<AuthPolicy>" + p + "</AuthPolicy>")
	}
	return fixture(t, "discover.xml", "VERSION", version, "POLICIES", list.String())
}

// issueRequest is a request of a device, with changes.
type issueRequest struct {
	credential, context, device string
	csr                         []byte
}

func (q issueRequest) xml(t testing.TB) string {
	t.Helper()
	or := func(s, def string) string {
		if s == "" {
			return def
		}
		return s
	}
	return fixture(t, "token.xml", "CREDENTIAL", or(q.credential, anna), "KIND", "Issue", "TYPE", "PKCS10",
		"REQUEST", base64.StdEncoding.EncodeToString(q.csr), "DEVICE", or(q.device, deviceID), "CONTEXT", or(q.context, "Full"))
}

func renewRequest(t testing.TB, signed []byte, device string) string {
	t.Helper()
	return fixture(t, "token.xml", "CREDENTIAL", "", "KIND", "Renew", "TYPE", "PKCS7",
		"REQUEST", base64.StdEncoding.EncodeToString(signed), "DEVICE", device, "CONTEXT", "Full")
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func commonName(device string) string { return "B94F2B4E-0F0D-4A4B-8C1B-3B6F1A!" + device }

func newCSR(t testing.TB, key crypto.Signer, commonName string) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// identity is a certificate with its key, for TLS.
func identity(cert *x509.Certificate, key crypto.Signer) *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// sign wraps content in PKCS #7, signed without attributes.
func sign(t testing.TB, content []byte, cert *x509.Certificate, key crypto.Signer) []byte {
	t.Helper()
	sum := sha256.Sum256(content)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	octets := marshal(t, content)
	type algorithm struct{ OID asn1.ObjectIdentifier }
	type inner struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	type signer struct {
		Version int
		ID      struct {
			Issuer asn1.RawValue
			Serial asn1.RawValue
		}
		Digest, Algorithm algorithm
		Signature         []byte
	}
	data := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	sha := algorithm{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}}
	s := signer{Version: 1, Digest: sha, Algorithm: algorithm{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}, Signature: signature}
	s.ID.Issuer = asn1.RawValue{FullBytes: cert.RawIssuer}
	s.ID.Serial = asn1.RawValue{FullBytes: marshal(t, cert.SerialNumber)}
	signed := marshal(t, struct {
		Version      int
		Digests      []algorithm `asn1:"set"`
		Content      inner
		Certificates asn1.RawValue
		Signers      []signer `asn1:"set"`
	}{
		1, []algorithm{sha}, inner{data, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: octets}},
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: cert.Raw}, []signer{s},
	})
	return marshal(t, inner{
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2},
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: signed},
	})
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// faultOf reads a fault as Windows does; its zero value is none.
type faultOf struct {
	Code    string `xml:"Body>Fault>Code>Value"`
	Subcode string `xml:"Body>Fault>Code>Subcode>Value"`
	Reason  string `xml:"Body>Fault>Reason>Text"`
	Detail  struct {
		ErrorType string
		Message   string
		TraceID   string `xml:"TraceId"`
	} `xml:"Body>Fault>Detail>DeviceEnrollmentServiceError"`
}

func (a answer) fault(t testing.TB) faultOf {
	t.Helper()
	var f faultOf
	if err := xml.Unmarshal([]byte(a.body), &f); err != nil {
		t.Fatalf("answer is no XML: %v\n%s", err, a.body)
	}
	return f
}

// wantFault checks the subcode and the error type of a refusal, and that what
// Windows and an administrator need is there.
func (a answer) wantFault(t testing.TB, log *logged, subcode, errorType string) {
	t.Helper()
	f := a.fault(t)
	if f.Subcode != subcode || f.Detail.ErrorType != errorType || f.Code != "s:Receiver" {
		t.Errorf("fault %s %s %s, want s:Receiver %s %s\n%s", f.Code, f.Subcode, f.Detail.ErrorType, subcode, errorType, log)
	}
	if a.status != 500 || a.length != int64(len(a.body)) || a.header.Get("Content-Type") != "application/soap+xml; charset=utf-8" {
		t.Errorf("status %d, length %d of %d, type %q", a.status, a.length, len(a.body), a.header.Get("Content-Type"))
	}
	if f.Reason == "" || f.Reason != f.Detail.Message || len(f.Detail.TraceID) != 36 {
		t.Errorf("reason %q, message %q, trace %q", f.Reason, f.Detail.Message, f.Detail.TraceID)
	}
	if !strings.Contains(log.String(), "trace="+f.Detail.TraceID) {
		t.Errorf("the log does not have the trace %s:\n%s", f.Detail.TraceID, log)
	}
}

// document is a provisioning document as read.
type document struct {
	Version string `xml:"version,attr"`
	node
}

type node struct {
	Type  string `xml:"type,attr"`
	Parms []struct {
		Name  string  `xml:"name,attr"`
		Value *string `xml:"value,attr"`
		Kind  string  `xml:"datatype,attr"`
	} `xml:"parm"`
	Parts []node `xml:"characteristic"`
}

// provisioned returns the provisioning document of an answer.
func (a answer) provisioned(t testing.TB) document {
	t.Helper()
	var env struct {
		Action string `xml:"Header>Action"`
		Token  struct {
			ValueType string `xml:"ValueType,attr"`
			Text      string `xml:",chardata"`
		} `xml:"Body>RequestSecurityTokenResponseCollection>RequestSecurityTokenResponse>RequestedSecurityToken>BinarySecurityToken"`
	}
	if err := xml.Unmarshal([]byte(a.body), &env); err != nil {
		t.Fatal(err)
	}
	doc, err := base64.StdEncoding.DecodeString(env.Token.Text)
	if a.status != 200 || err != nil || len(doc) == 0 {
		t.Fatalf("status %d, token: %v\n%s", a.status, err, a.body)
	}
	if !strings.HasSuffix(env.Token.ValueType, "/DeviceEnrollmentProvisionDoc") || !strings.HasSuffix(env.Action, "/RSTRC/wstep") {
		t.Errorf("token of type %q, action %q", env.Token.ValueType, env.Action)
	}
	return parseDocument(t, doc)
}

func parseDocument(t testing.TB, b []byte) document {
	t.Helper()
	var d document
	if err := xml.Unmarshal(b, &d); err != nil {
		t.Fatalf("provisioning document: %v\n%s", err, b)
	}
	return d
}

// values returns every parm by its path, and every characteristic without parms.
func (d document) values() map[string]string {
	out := map[string]string{}
	var walk func(n node, path string)
	walk = func(n node, path string) {
		if len(n.Parms) == 0 && len(n.Parts) == 0 {
			out[path] = ""
		}
		for _, p := range n.Parms {
			value := "(none)"
			if p.Value != nil {
				value = *p.Value
			}
			if p.Kind != "" {
				value += " " + p.Kind
			}
			out[path+"/"+p.Name] = value
		}
		seen := map[string]int{}
		for _, c := range n.Parts {
			key := c.Type
			if seen[c.Type]++; seen[c.Type] > 1 {
				key = fmt.Sprintf("%s#%d", key, seen[c.Type])
			}
			walk(c, strings.TrimPrefix(path+"/"+key, "/"))
		}
	}
	walk(d.node, "")
	return out
}

// find returns the characteristic at a path.
func (d document) find(path string) *node {
	n := &d.node
	for kind := range strings.SplitSeq(path, "/") {
		var next *node
		for i := range n.Parts {
			if n.Parts[i].Type == kind {
				next = &n.Parts[i]
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

// leaf returns the device's certificate of a document.
func (d document) leaf(t testing.TB, store string) *x509.Certificate {
	t.Helper()
	n := d.find("CertificateStore/My/" + store)
	if n == nil {
		t.Fatalf("no store My/%s", store)
	}
	for _, c := range n.Parts {
		if c.Type == "PrivateKeyContainer" {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(*c.Parms[0].Value)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	t.Fatalf("no certificate in My/%s", store)
	return nil
}
