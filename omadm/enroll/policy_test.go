package enroll_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/enroll"
	"sluice/wsus/update/samples"
)

func policiesRequest(t testing.TB, credential string) string {
	t.Helper()
	return fixture(t, "policies.xml", "CREDENTIAL", credential)
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *enroll.Config) { c.Life = 100 * 24 * time.Hour })
	for name, credential := range map[string]string{
		"password":               anna,
		"token":                  binaryToken(userToken, "ABCD-EFGH"),
		"token as a password":    strings.Replace(anna, "correct horse", "ABCD-EFGH", 1),
		"line break after it":    strings.Replace(anna, "correct horse", "correct horse\n", 1),
		"token with line breaks": strings.Replace(binaryToken(userToken, "ABCD-EFGH"), "\">", "\">\n  ", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := a.post(t, enroll.PolicyPath, policiesRequest(t, credential), nil)
			if got.status != 200 {
				t.Fatalf("status %d\n%s\n%s", got.status, got.body, a.log)
			}
			var r struct {
				Valid int    `xml:"Body>GetPoliciesResponse>response>policies>policy>attributes>certificateValidity>validityPeriodSeconds"`
				Renew int    `xml:"Body>GetPoliciesResponse>response>policies>policy>attributes>certificateValidity>renewalPeriodSeconds"`
				Hash  string `xml:"Body>GetPoliciesResponse>oIDs>oID>value"`
			}
			if err := xml.Unmarshal([]byte(got.body), &r); err != nil {
				t.Fatal(err)
			}
			if r.Valid != 100*86400 || r.Renew != 42*86400 || r.Hash != "2.16.840.1.101.3.4.2.1" {
				t.Errorf("%+v, want 100 days, 42 days and SHA-256", r)
			}
		})
	}
}

// The answer has the elements of the example of MS-MDE2, in its order, but for
// those of attestation.
func TestPoliciesShape(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	want := shape(t, string(samples.Read(t, "omadm/enroll/getpolicies-response.xml")))
	got := shape(t, a.post(t, enroll.PolicyPath, policiesRequest(t, anna), nil).body)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-example +ours):\n%s", diff)
	}
}

// shape lists the elements of the body with their namespaces and what is nil.
func shape(t *testing.T, doc string) []string {
	t.Helper()
	var out []string
	d := xml.NewDecoder(strings.NewReader(doc[strings.Index(doc, "<GetPoliciesResponse"):strings.Index(doc, "</s:Body>")]))
	d.Strict = false // prefixes are declared further out
	for {
		tok, err := d.Token()
		if err != nil {
			return out
		}
		e, ok := tok.(xml.StartElement)
		if !ok || e.Name.Local == "AttestationFailureBehavior" || e.Name.Local == "OperationTimeout" {
			continue
		}
		line := e.Name.Space + " " + e.Name.Local
		for _, at := range e.Attr {
			if at.Name.Local == "nil" {
				line += " nil=" + at.Value
			}
		}
		out = append(out, line)
	}
}

// A device that renews asks too, with a certificate and no password.
func TestPoliciesOfADeviceThatRenews(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	d := a.enrol(t)
	empty := strings.Replace(anna, "correct horse", "", 1)
	if got := a.post(t, enroll.PolicyPath, policiesRequest(t, empty), d.identity()); got.status != 200 {
		t.Errorf("with the certificate: %s", got.body)
	}
	a.post(t, enroll.PolicyPath, policiesRequest(t, empty), nil).wantFault(t, a.log, "s:Authentication", "Authentication")
	d.kept.state = enroll.ErrRevoked
	a.post(t, enroll.PolicyPath, policiesRequest(t, empty), d.identity()).wantFault(t, a.log, "s:Authorization", "NotEligibleToRenew")
}
