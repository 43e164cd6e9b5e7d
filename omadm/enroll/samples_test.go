package enroll_test

import (
	"encoding/base64"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/enroll"
	"sluice/wsus/update/samples"
)

// Every recorded request and every example is answered rightly.
func TestSamples(t *testing.T) {
	t.Parallel()
	const (
		example = "7BA748C8-703E-4DF2-A74A-92984117346A" // the device of the examples
		noCSR   = "DER format PKCS#10 certificate request in Base64 encoding Insterted Here"
		noToken = "B64EncodedSampleBinarySecurityToken"
	)
	csr := func(t *testing.T) string {
		return base64.StdEncoding.EncodeToString(newCSR(t, newKey(t), commonName(example)))
	}
	// The examples have words where a device has a request or a token.
	whole := func(t *testing.T, s string) string { return strings.Replace(s, noCSR, csr(t), 1) }
	withToken := func(t *testing.T, s string) string {
		token := base64.StdEncoding.EncodeToString([]byte("ABCD-EFGH"))
		return whole(t, strings.NewReplacer(noToken+`"`, token, noToken, token).Replace(s))
	}
	type answered func(t *testing.T, a *appliance, got answer)
	discovers := func(version string) answered {
		return func(t *testing.T, _ *appliance, got answer) {
			if d := got.discovered(t); d.Result.EnrollmentVersion != version || d.Result.AuthPolicy != "OnPremise" {
				t.Errorf("result %+v, want version %s", d.Result, version)
			}
		}
	}
	refuses := func(subcode, errorType string) answered {
		return func(t *testing.T, a *appliance, got answer) { got.wantFault(t, a.log, subcode, errorType) }
	}
	answers := func(t *testing.T, a *appliance, got answer) {
		if got.status != 200 || !strings.Contains(got.body, "<GetPoliciesResponse") {
			t.Errorf("status %d\n%s\n%s", got.status, got.body, a.log)
		}
	}
	enrols := func(want device.Enrollment) answered {
		return func(t *testing.T, a *appliance, got answer) {
			got.provisioned(t)
			e := a.desk.only().enrollment
			want.ID, want.Created, want.State = e.ID, e.Created, device.Active
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("enrollment (-want +got):\n%s", diff)
			}
		}
	}
	ofExamples := device.Enrollment{
		Device: example, Context: device.UserContext, Hardware: strings.Repeat("F", 64), Name: "MY_WINDOWS_DEVICE",
		OSEdition: 4, OSVersion: "10.0.9999.0", ApplicationVersion: "10.0.9999.0", DeviceType: "CIMClient_Windows", Locale: "en-us",
		MAC: []string{"FF:FF:FF:FF:FF:FF", "CC:CC:CC:CC:CC:CC"},
	}
	onPremise := ofExamples
	onPremise.User = "user@contoso.com"

	for _, tt := range []struct {
		file, why string
		change    func(*testing.T, string) string
		want      answered
	}{
		{"win10-19043-captured-discover-request.xml", "a real client", nil, discovers("4.0")},
		{"discover-request-onpremise.xml", "slash after the namespace, line breaks around values, WindowsPhone", nil, discovers("3.0")},
		{"discover-request-federated.xml", "cannot enrol on-premise", nil, refuses("s:Authorization", "NotSupported")},
		{"discover-request-certificate.xml", "cannot enrol on-premise", nil, refuses("s:Authorization", "NotSupported")},

		{"getpolicies-request-onpremise.xml", "a person's password", nil, answers},
		{"getpolicies-request-federated.xml", "the token is no base64", nil, refuses("a:InvalidSecurity", "InvalidSecurity")},
		{"getpolicies-request-federated.xml", "with a token of ours", withToken, answers},
		{"getpolicies-request-federated.xml", "with a token of a cloud directory", func(t *testing.T, s string) string {
			return strings.Replace(withToken(t, s), userToken, "urn:ietf:params:oauth:token-type:jwt", 1)
		}, refuses("s:Authentication", "NotSupported")},
		{"getpolicies-request-certificate.xml", "a signature with a certificate of somebody's", nil, refuses("s:Authentication", "NotSupported")},

		{"win10-19043-captured-rst-request.xml", "a real client, request signed with SHA-1", nil, enrols(device.Enrollment{
			Device: "B5B954E81FBCB94EB79BD08BE625F4EE", Context: device.UserContext, User: "demio",
			Hardware: "3B3ED6D0EA88CBFCF37D36F90F22FE61172348C0162FC3840D6703149870CE76", Name: "DESKTOP-28FGAI6",
			OSEdition: 72, OSVersion: "10.0.19043.2364", ApplicationVersion: "10.0.19043.2364", DeviceType: "CIMClient_Windows", Locale: "en-US",
			MAC: []string{"00-0C-29-51-60-9D", "1A-77-20-52-41-53", "1A-77-20-52-41-53", "00-0C-29-51-60-A7", "18-14-20-52-41-53", "00-0C-29-51-60-93"},
		})},
		{"rst-request-onpremise.xml", "words in place of the request", nil, refuses("s:CertificateRequest", "CertificateRequest")},
		{"rst-request-onpremise.xml", "with a request", whole, enrols(onPremise)},
		{"rst-request-federated.xml", "the token is no base64", nil, refuses("a:InvalidSecurity", "InvalidSecurity")},
		{"rst-request-federated.xml", "with a token of ours and a request", withToken, enrols(ofExamples)},
		{"rst-request-federated.xml", "with a token of a cloud directory", func(t *testing.T, s string) string {
			return strings.Replace(withToken(t, s), userToken, "urn:ietf:params:oauth:token-type:jwt", 1)
		}, refuses("s:Authentication", "NotSupported")},
		{"rst-request-certificate.xml", "the token is no base64", nil, refuses("a:InvalidSecurity", "InvalidSecurity")},
		{"rst-request-certificate.xml", "a signature that nobody asked for, beside a token of ours", withToken, enrols(ofExamples)},
	} {
		t.Run(path.Join(tt.file, tt.why), func(t *testing.T) {
			t.Parallel()
			body := string(samples.Read(t, "omadm/enroll/"+tt.file))
			if tt.change != nil {
				body = tt.change(t, body)
			}
			a := start(t, nil)
			a.desk.accounts["demio"], a.desk.accounts["user@contoso.com"] = "demo", "mypassword"
			to := enroll.EnrollmentPath
			switch {
			case strings.Contains(tt.file, "discover"):
				to = enroll.DiscoveryPath
			case strings.Contains(tt.file, "getpolicies"):
				to = enroll.PolicyPath
			}
			tt.want(t, a, a.post(t, to, body, nil))
		})
	}
}

// The requests of real clients, in the characters of which they are made.
func TestSampleRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, device string }{
		{"windows10-19043-captured-csr-sha1.der", "B5B954E81FBCB94EB79BD08BE625F4EE"},
		{"windows-device-csr.der", ""},
		{"synthetic-csr-printablestring.der", ""},
		{"synthetic-csr-printablestring-nul.der", ""},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil)
			body := issueRequest{csr: samples.Read(t, "omadm/enroll/"+tt.file)}.xml(t)
			// The device is the one that the request is of.
			body = strings.Replace(body, `Name="DeviceID"`, `Name="Other"`, 1)
			a.post(t, enroll.EnrollmentPath, body, nil).provisioned(t)
			got := string(a.desk.only().enrollment.Device)
			if tt.device == "" && len(got) != 32 || tt.device != "" && got != tt.device {
				t.Errorf("device %q, want %q", got, tt.device)
			}
		})
	}
}
