package agent_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/agent"
	"sluice/omadm/device"
	"sluice/wsus/update/samples"
)

func TestEnroll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		machine agent.Machine
		server  string
		token   string
		version string
	}{
		{"Windows 10 22H2", agent.Windows10Pro("pc.example"), "https://mdm.example", "", "5.0"},
		{"1507", agent.Windows10RTM("old.example"), "mdm.example", "", "3.0"},
		{"LTSC", agent.WindowsLTSC("ltsc.example"), "https://mdm.example/EnrollmentServer/Discovery.svc", "", "4.0"},
		{"by e-mail address", agent.Windows11Enterprise("pc11.example"), "user@example", "", "5.0"},
		{"with a token", agent.Windows10Pro("pc.example"), "https://mdm.example", "tok&en", "5.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			cfg := f.config(tt.machine)
			cfg.Server, cfg.Credential.Token = tt.server, tt.token
			a, err := agent.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			r, err := a.Enroll(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			want := &agent.Enrolled{Provider: "fake", Addr: "https://mdm.example/ManagementServer/MDM.svc", Version: tt.version, Digest: "SHA-256"}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			acc := a.State().Account
			if acc.Store != "User" || acc.Client.Name != "device name" || string(acc.Server.Nonce) != "server nonce" || acc.Renewal.Period != 60 {
				t.Errorf("account is %+v", acc)
			}
			_, err = a.Enroll(context.Background())
			if got := agent.HResult(err); got != 0x8018000A {
				t.Errorf("second enrollment: %v", err)
			}
			last := string(f.requests[3].Request)
			if has := strings.Contains(last, "UsernameToken"); has == (tt.token != "") {
				t.Errorf("UsernameToken in the request: %v", has)
			}
			if strings.Contains(last, "p&amp;w") == (tt.token != "") {
				t.Error("the password is missing, or is sent beside a token")
			}
		})
	}
}

// TestRequests compares the requests of an enrollment with the captured ones.
func TestRequests(t *testing.T) {
	t.Parallel()
	m := agent.Windows10Pro("DESKTOP-28FGAI6.example")
	m.Version = agent.Version{10, 0, 19043, 2364}
	m.Edition = agent.EnterpriseEvaluation
	m.DeviceID = "B5B954E81FBCB94EB79BD08BE625F4EE"
	m.MAC = append(m.MAC, m.MAC[0], m.MAC[1], m.MAC[0], m.MAC[1])
	f := newFake(t)
	f.edit = func(op, body string) string {
		if op == "GetPolicies" {
			body = strings.Replace(body, `<hashAlgorithmOIDReference>0</hashAlgorithmOIDReference>`, `<hashAlgorithmOIDReference xsi:nil="true"/>`, 1)
		}
		return body
	}
	f.enrolled(m)
	for i, file := range map[int]string{1: "win10-19043-captured-discover-request.xml", 3: "win10-19043-captured-rst-request.xml"} {
		t.Run(file, func(t *testing.T) {
			want := samples.Read(t, "omadm/enroll/"+file)
			if diff := cmp.Diff(shape(t, want), shape(t, f.requests[i].Request)); diff != "" {
				t.Errorf("structure (-captured +agent):\n%s", diff)
			}
			// Up to what differs by nature the bytes are the same.
			if i == 1 {
				got := strings.NewReplacer("mdm.example", "EnterpriseEnrollment.fleetdm.ngrok.io", "user@example", "demo@fleetdm.ngrok.io").Replace(string(f.requests[i].Request))
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("bytes (-captured +agent):\n%s", diff)
				}
			}
		})
	}
	t.Run("GetPolicies", func(t *testing.T) {
		want := samples.Read(t, "omadm/enroll/getpolicies-request-onpremise.xml")
		if diff := cmp.Diff(shape(t, want), shape(t, f.requests[2].Request)); diff != "" {
			t.Errorf("structure (-specification +agent):\n%s", diff)
		}
	})
}

// TestEnrollRefuses plays servers that are wrong and names what the device shows.
func TestEnrollRefuses(t *testing.T) {
	t.Parallel()
	replace := func(of, from, to string) func(f *fake) {
		return func(f *fake) {
			f.edit = func(op, body string) string {
				if op == of {
					if !strings.Contains(body, from) {
						f.tb.Errorf("%q is not in the answer", from)
					}
					body = strings.Replace(body, from, to, 1)
				}
				return body
			}
		}
	}
	fault := func(file string) func(*fake) {
		return func(f *fake) {
			f.status = http.StatusInternalServerError
			f.edit = func(string, string) string { return readTestdata(f.tb, file) }
		}
	}
	for _, tt := range []struct {
		name  string
		spoil func(*fake)
		want  uint32
		text  string
	}{
		{"no Content-Length", func(f *fake) { f.chunked = true }, 0x80180001, "Content-Length"},
		{"media type", func(f *fake) { f.header = func(_ string, h http.Header) { h.Set("Content-Type", "text/xml") } }, 0x80072F78, "text/xml"},
		{"HTTP 404", func(f *fake) { f.status = http.StatusNotFound }, 0x80190194, "Not Found"},
		{"not XML", replace("Discover", "<DiscoverResult>", "<DiscoverResult>&"), 0x80180001, "well-formed"},
		{"undeclared prefix", replace("Discover", "<DiscoverResult>", "<x:y/><DiscoverResult>"), 0x80180001, "prefix"},
		{"SOAP 1.1", replace("Discover", "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"), 0x80180001, "SOAP 1.2"},
		{"action", replace("Discover", "/DiscoverResponse</a:Action>", "/Discover</a:Action>"), 0x80180001, "Action"},
		{"namespace of discovery", replace("Discover", "management/2012/01/enrollment\"", "management/2012/01/enrollment/\""), 0x80180001, "DiscoverResponse"},
		{"federated", replace("Discover", "OnPremise", "Federated"), 0x80180015, "Federated"},
		{"version above", replace("Discover", ">5.0<", ">9.0<"), 0x80180001, "EnrollmentVersion"},
		{"http address", replace("Discover", "https://mdm.example/EnrollmentServer/Policy.svc", "http://mdm.example/p"), 0x80180001, "EnrollmentPolicyServiceUrl"},
		{"two hosts", replace("Discover", "https://mdm.example/EnrollmentServer/Policy.svc", "https://other.example/p"), 0x80180001, "different hosts"},
		{"schema of policies", replace("GetPolicies", "<policySchema>3<", "<policySchema>2<"), 0x80180001, "policySchema"},
		{"policy field", replace("GetPolicies", `<privateKeyFlags xsi:nil="true"/>`, ""), 0x80180001, "privateKeyFlags"},
		{"digest of nothing", replace("GetPolicies", "<oIDReferenceID>0<", "<oIDReferenceID>1<"), 0x80180001, "points at no oID"},
		{"token type", replace("Issue", "DeviceEnrollmentProvisionDoc", "DeviceEnrollmentToken"), 0x80180001, "ValueType"},
		{"token is not base64", replace("Issue", "base64binary\">", "base64binary\">*"), 0x80180001, "base64"},
		{"wrong password", fault("fault-authentication.xml"), 0x80180002, "user not recognized"},
		{"device cap", fault("fault-devicecap.xml"), 0x80180013, "too many devices"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			tt.spoil(f)
			a := f.agent(agent.Windows10Pro("pc.example"))
			_, err := a.Enroll(context.Background())
			if got := agent.HResult(err); got != tt.want || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error is %v, want 0x%08X with %q", err, tt.want, tt.text)
			}
			if a.Enrolled() {
				t.Error("the device is enrolled all the same")
			}
		})
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.status = http.StatusInternalServerError
	f.edit = func(string, string) string { return readTestdata(t, "fault-devicecap.xml") }
	_, err := f.agent(agent.Windows10Pro("pc.example")).Enroll(context.Background())
	var fault *agent.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("error is %v", err)
	}
	want := &agent.Fault{Subcode: "Authorization", Reason: "Too many devices", Type: "DeviceCapReached", Message: "Too many devices", TraceID: "trace-1"}
	if diff := cmp.Diff(want, fault); diff != "" {
		t.Errorf("fault (-want +got):\n%s", diff)
	}
}

func TestUntrusted(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for _, tt := range []struct {
		name string
		edit func(*agent.Config)
		want uint32
	}{
		{"authority", func(c *agent.Config) { c.Transport.TLS.RootCAs = x509.NewCertPool() }, 0x80072F0D},
		{"name", func(c *agent.Config) { c.Server = "https://other.example" }, 0x80072F06},
		{"clock", func(c *agent.Config) { c.Now = func() time.Time { return clock.AddDate(20, 0, 0) } }, 0x80072F8F},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := f.config(agent.Windows10Pro("pc.example"))
			tt.edit(&cfg)
			a, err := agent.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Enroll(context.Background())
			if got := agent.HResult(err); got != tt.want {
				t.Errorf("error is %v, want 0x%08X", err, tt.want)
			}
		})
	}
}

// TestContext enrols for the device, whose certificate then is in My/System.
func TestContext(t *testing.T) {
	t.Parallel()
	m := agent.Windows10Pro("pc.example")
	m.Context = device.DeviceContext
	f := newFake(t)
	a := f.agent(m)
	_, err := a.Enroll(context.Background())
	if got := agent.HResult(err); got != 0x80180023 || !strings.Contains(err.Error(), "My/System") {
		t.Errorf("a certificate for the user: %v", err)
	}
	f.document = func(doc string) string {
		return strings.NewReplacer(`"User"`, `"System"`, `My%5CUser`, `My%5CSystem`).Replace(doc)
	}
	if _, err := a.Enroll(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := a.State().Account.Store; got != "System" {
		t.Errorf("store is %q", got)
	}
}

// TestSubject finds the certificate by a name of several parts, in the order of
// Windows only.
func TestSubject(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.subject = pkix.Name{Organization: []string{"Example"}, CommonName: "6f0f5b1e"}
	a := f.agent(agent.Windows10Pro("pc.example"))
	f.document = func(doc string) string {
		return strings.Replace(doc, "Subject=O=Example%2CCN=6f0f5b1e", "Subject=CN%3D6f0f5b1e%2CO%3DExample", 1)
	}
	_, err := a.Enroll(context.Background())
	if got := agent.HResult(err); got != 0x80180023 || !strings.Contains(err.Error(), "SSLCLIENTCERTSEARCHCRITERIA") {
		t.Errorf("the other order: %v", err)
	}
	f.document = nil
	if _, err := a.Enroll(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestStateIsKept stops a device and continues it.
func TestStateIsKept(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	b, err := json.Marshal(a.State())
	if err != nil {
		t.Fatal(err)
	}
	state := &agent.State{}
	if err := json.Unmarshal(b, state); err != nil {
		t.Fatal(err)
	}
	cfg := f.config(a.Machine())
	cfg.State = state.Clone()
	again, err := agent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Poll(context.Background(), nil); err != nil {
		t.Error(err)
	}
	if len(f.certs) != 1 || f.certs[0].Subject.CommonName != "6f0f5b1e" {
		t.Errorf("the device showed %v", f.certs)
	}
	state.Account.Key = nil
	cfg.State = state
	if _, err := agent.New(cfg); err == nil {
		t.Error("a state without a key is taken")
	}
}

// TestRequestName has the odd name of the captured request.
func TestRequestName(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		m := agent.Windows10Pro("pc.example")
		m.BareRequests = bare
		f := newFake(t)
		f.enrolled(m)
		if f.name[30:] != "!"+m.DeviceID+map[bool]string{false: "\x00"}[bare] {
			t.Errorf("common name of the request is %q", f.name)
		}
		var id string
		for _, e := range f.csr.Extensions {
			if e.Id.String() == "1.3.6.1.4.1.311.66.1.0" {
				id = string(e.Value)
			}
		}
		if id != m.DeviceID+"\x00" || f.csr.SignatureAlgorithm != x509.SHA256WithRSA {
			t.Errorf("device id %q, signature %s", id, f.csr.SignatureAlgorithm)
		}
	}
}

// TestCapturedRequest holds the request against the captured one, byte for byte
// but for key, name and signature.
func TestCapturedRequest(t *testing.T) {
	t.Parallel()
	captured := samples.Read(t, "omadm/enroll/windows10-19043-captured-csr-sha1.der")
	m := agent.Windows10Pro("pc.example")
	m.DeviceID = "B5B954E81FBCB94EB79BD08BE625F4EE"
	f := newFake(t)
	f.edit = func(op, body string) string {
		return strings.Replace(body, `<hashAlgorithmOIDReference>0</hashAlgorithmOIDReference>`, `<hashAlgorithmOIDReference xsi:nil="true"/>`, 1)
	}
	f.enrolled(m)
	got := f.csr.Raw
	if len(got) != len(captured) {
		t.Fatalf("the request has %d bytes, the captured one %d", len(got), len(captured))
	}
	for _, span := range [][2]int{{0, 24}, {54, 110}, {377, 466}} { // up to the GUID, to the modulus, to the signature
		if diff := cmp.Diff(captured[span[0]:span[1]], got[span[0]:span[1]]); diff != "" {
			t.Errorf("bytes %d to %d (-captured +agent):\n%s", span[0], span[1], diff)
		}
	}
}

// TestRedirected finds the server by a redirect of the plain HTTP name.
func TestRedirected(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	target := "https://mdm.example/EnrollmentServer/Discovery.svc"
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target, http.StatusFound)
	}))
	defer plain.Close()
	cfg := f.config(agent.Windows10Pro("pc.example"))
	cfg.Server = "user@example"
	cfg.Transport.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		switch addr {
		case "EnterpriseEnrollment.example:80":
			return (&net.Dialer{}).DialContext(ctx, network, plain.Listener.Addr().String())
		case "EnterpriseEnrollment.example:443":
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		return f.dial(ctx, network, addr)
	}
	a, err := agent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	target = "http://mdm.example/EnrollmentServer/Discovery.svc"
	if _, err := a.Enroll(context.Background()); agent.HResult(err) != 0x80072EFD {
		t.Errorf("a redirect to plain HTTP: %v", err)
	}
	target = "https://mdm.example/EnrollmentServer/Discovery.svc"
	if _, err := a.Enroll(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := a.State().Account.Discovery; got != target {
		t.Errorf("discovery was at %s", got)
	}
}
