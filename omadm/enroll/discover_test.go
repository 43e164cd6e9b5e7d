package enroll_test

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"sluice/omadm/enroll"
)

type discovered struct {
	Action    string `xml:"Header>Action"`
	RelatesTo string `xml:"Header>RelatesTo"`
	Result    struct {
		AuthPolicy        string
		EnrollmentVersion string
		PolicyURL         string  `xml:"EnrollmentPolicyServiceUrl"`
		EnrollmentURL     string  `xml:"EnrollmentServiceUrl"`
		AuthenticationURL *string `xml:"AuthenticationServiceUrl"`
	} `xml:"Body>DiscoverResponse>DiscoverResult"`
}

func (a answer) discovered(t testing.TB) discovered {
	t.Helper()
	var d discovered
	if err := xml.Unmarshal([]byte(a.body), &d); err != nil || a.status != 200 {
		t.Fatalf("status %d: %v\n%s", a.status, err, a.body)
	}
	return d
}

func TestDiscoverGet(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		got := a.do(t, method, public+"/enrollmentserver/DISCOVERY.svc", "", nil)
		if got.status != 200 || got.body != "" || got.header.Get("Content-Length") != "0" {
			t.Errorf("%s = %d %q, want 200 and nothing", method, got.status, got.body)
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"PUT", enroll.DiscoveryPath, 405, "POST, GET, HEAD"},
		{"GET", enroll.PolicyPath, 405, "POST"},
		{"GET", enroll.EnrollmentPath, 405, "POST"},
		{"GET", "/EnrollmentServer/", 404, ""},
		{"POST", "/ManagementServer/MDM.svc", 404, ""},
	} {
		got := a.do(t, tt.method, public+tt.path, "", nil)
		if got.status != tt.status || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s = %d, Allow %q, want %d, %q", tt.method, tt.path, got.status, got.header.Get("Allow"), tt.status, tt.allow)
		}
	}
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *enroll.Config) { c.Public = "https://sluice.ship.example:8443" })
	for _, tt := range []struct {
		name, url, version string
		policies           []string
		wantVersion, base  string
	}{
		{"windows 11 25H2", public, "9.0", []string{"OnPremise", "Federated"}, "4.0", public},
		{"windows 10", public, "4.0", []string{"Federated", "OnPremise"}, "4.0", public},
		{"windows 10 1507", public, "3.0", []string{"OnPremise"}, "3.0", public},
		{"no minor version", public, "5", []string{"OnPremise"}, "4.0", public},
		{"found by e-mail address", "https://enterpriseenrollment.SHIP.example", "4.0", []string{"OnPremise"}, "4.0", "https://enterpriseenrollment.ship.example"},
		{"port of https", public + ":443", "4.0", []string{"OnPremise"}, "4.0", public},
		{"another port", public + ":8443", "4.0", []string{"OnPremise"}, "4.0", public + ":8443"},
		{"address", "https://10.0.0.1", "4.0", []string{"OnPremise"}, "4.0", "https://10.0.0.1"},
		{"unknown name", "https://unknown.example", "4.0", []string{"OnPremise"}, "4.0", public + ":8443"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := a.do(t, "POST", tt.url+enroll.DiscoveryPath, discoverRequest(t, tt.version, tt.policies...), nil)
			d := got.discovered(t)
			if d.Result.AuthPolicy != "OnPremise" || d.Result.EnrollmentVersion != tt.wantVersion || d.Result.AuthenticationURL != nil {
				t.Errorf("result %+v, want OnPremise of version %s", d.Result, tt.wantVersion)
			}
			if d.Result.PolicyURL != tt.base+enroll.PolicyPath || d.Result.EnrollmentURL != tt.base+enroll.EnrollmentPath {
				t.Errorf("URLs %s and %s, want them on %s", d.Result.PolicyURL, d.Result.EnrollmentURL, tt.base)
			}
			if !strings.HasSuffix(d.Action, "/IDiscoveryService/DiscoverResponse") || d.RelatesTo != "urn:uuid:00000000-0000-4000-8000-000000000001" {
				t.Errorf("action %q, relates to %q", d.Action, d.RelatesTo)
			}
			if got.length != int64(len(got.body)) || got.header.Get("Content-Type") != "application/soap+xml; charset=utf-8" {
				t.Errorf("length %d of %d, type %q", got.length, len(got.body), got.header.Get("Content-Type"))
			}
		})
	}
}

// What clients and examples do and should not be refused for.
func TestDiscoverTolerates(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	usual := discoverRequest(t, "4.0", "OnPremise")
	for _, tt := range []struct{ name, from, to string }{
		{"slash at the end of the namespace", `enrollment">`, `enrollment/">`},
		{"no action", usual[strings.Index(usual, "<a:Action"):strings.Index(usual, "<a:MessageID")], ""},
		{"white space around the action", "/Discover<", "/Discover\r\n  <"},
		{"no policies", "<AuthPolicies><AuthPolicy>OnPremise</AuthPolicy></AuthPolicies>", ""},
		{"no header", usual[strings.Index(usual, "<s:Header>"):strings.Index(usual, "<s:Body>")], ""},
		{"a header that must be understood", "<s:Header>", `<s:Header><x:New xmlns:x="urn:x" s:mustUnderstand="1"/>`},
		{"byte order mark and declaration", "<s:Envelope", "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := strings.Replace(usual, tt.from, tt.to, 1)
			if body == usual {
				t.Fatal("nothing was changed")
			}
			if d := a.post(t, enroll.DiscoveryPath, body, nil).discovered(t); d.Result.AuthPolicy != "OnPremise" {
				t.Errorf("result %+v", d.Result)
			}
		})
	}
}

func TestDiscoverRefuses(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	usual := discoverRequest(t, "4.0", "OnPremise")
	for _, tt := range []struct{ name, from, to, subcode, errorType string }{
		{"only federated", "OnPremise", "Federated", "s:Authorization", "NotSupported"},
		{"only certificate", "OnPremise", "Certificate", "s:Authorization", "NotSupported"},
		{"windows 8.1", ">4.0<", ">1.0<", "s:Authorization", "DeviceNotSupported"},
		{"version that is none", ">4.0<", ">four<", "s:MessageFormat", "MessageFormat"},
		{"version below zero", ">4.0<", ">-4.0<", "s:MessageFormat", "MessageFormat"},
		{"no version", "<RequestVersion>4.0</RequestVersion>", "", "s:MessageFormat", "MessageFormat"},
		{"two versions", "<RequestVersion>", "<RequestVersion>4.0</RequestVersion><RequestVersion>", "s:MessageFormat", "MessageFormat"},
		{"another action", "IDiscoveryService/Discover", "IDiscoveryService/Other", "s:MessageFormat", "MessageFormat"},
		{"another namespace", "2012/01", "2013/01", "s:MessageFormat", "MessageFormat"},
		{"soap 1.1", "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/", "s:MessageFormat", "MessageFormat"},
		{"two bodies", "<s:Body>", "<s:Body/><s:Body>", "s:MessageFormat", "MessageFormat"},
		{"two requests", "<s:Body>", `<s:Body><Discover xmlns="http://schemas.microsoft.com/windows/management/2012/01/enrollment"/>`, "s:MessageFormat", "MessageFormat"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := strings.Replace(usual, tt.from, tt.to, 1)
			if body == usual {
				t.Fatal("nothing was changed")
			}
			a.post(t, enroll.DiscoveryPath, body, nil).wantFault(t, a.log, tt.subcode, tt.errorType)
		})
	}
}
