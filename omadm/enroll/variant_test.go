package enroll_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/enroll"
)

// What versions of Windows, and other clients, write differently in a request for
// a certificate.
func TestIssueVariants(t *testing.T) {
	t.Parallel()
	const hyphened = "a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90"
	swap := func(pairs ...string) func(string) string {
		return func(s string) string { return strings.NewReplacer(pairs...).Replace(s) }
	}
	more := func(items ...string) func(string) string {
		var b strings.Builder
		for i := 0; i < len(items); i += 2 {
			b.WriteString(`<ac:ContextItem Name="` + items[i] + `"><ac:Value>` + items[i+1] + `</ac:Value></ac:ContextItem>`)
		}
		return swap("</ac:AdditionalContext>", b.String()+"</ac:AdditionalContext>")
	}
	blob := base64.StdEncoding.EncodeToString(make([]byte, 3000))
	for _, tt := range []struct {
		name    string
		request issueRequest // without a certificate request
		subject string       // of that
		change  func(string) string
		context device.Context
	}{
		{"request in lines", issueRequest{}, commonName(deviceID), func(s string) string {
			from := strings.Index(s, "\nMI") + 1
			to := from + strings.IndexByte(s[from:], '\n')
			var b strings.Builder
			for i := from; i < to; i += 64 {
				b.WriteString(s[i:min(i+64, to)] + "&#xD;\r\n")
			}
			return s[:from] + b.String() + s[to:]
		}, device.UserContext},
		{"type of the password without a namespace", issueRequest{}, commonName(deviceID), swap("wsse:Type=", "Type="), device.UserContext},
		{"no type of the password", issueRequest{credential: strings.Replace(anna, anna[strings.Index(anna, " wsse:Type"):strings.Index(anna, ">correct")], "", 1)},
			commonName(deviceID), nil, device.UserContext},
		{"nonce and time beside the password", issueRequest{}, commonName(deviceID),
			swap("</wsse:UsernameToken>", "<wsse:Nonce>AAAA</wsse:Nonce><u:Created>2026-11-24T12:00:00Z</u:Created></wsse:UsernameToken>"), device.UserContext},
		{"time stamp beside the credential", issueRequest{}, commonName(deviceID),
			swap("</wsse:Security>", `<u:Timestamp u:Id="_0"><u:Created>2019-01-01T00:00:00.000Z</u:Created></u:Timestamp></wsse:Security>`), device.UserContext},
		{"type of enrolment in lower case", issueRequest{context: "full"}, commonName(deviceID), nil, device.UserContext},
		{"provisioning package", issueRequest{context: "Device"}, commonName(deviceID), more("UXInitiated", "false", "TargetedUserLoggedIn", "false"), device.DeviceContext},
		{"device context in lower case", issueRequest{context: "device"}, commonName(deviceID), nil, device.DeviceContext},
		{"windows 11 25H2", issueRequest{}, commonName(deviceID), more("Manufacturer", "Maker", "DeviceModel", "Model", "SerialNumber", "0",
			"RequestVersion", "9.0", "AttestationStatus", "2", "AttestationStatusHResult", "0x0", "NotInOobe", "true"), device.UserContext},
		{"proofs of the TPM", issueRequest{}, commonName(deviceID), more("RequestVersion", "5.0", "AIKAttestationClaim", blob, "AIKPub", blob, "AIKCert", blob,
			"AzureAttestationBlob", blob), device.UserContext},
		{"items of other ways to enrol", issueRequest{}, commonName(deviceID), more("ZeroTouchProvisioning", "", "BootstrapDomainJoin", "true", "WhiteGlove", "false",
			"EnrollmentData", "", "DomainName", "ship.example", "IMEI", "490154203237518", "EmmDeviceId", "x", "ExternalMgmtAgentHint", ""), device.UserContext},
		{"item without a value", issueRequest{}, commonName(deviceID), swap("</ac:AdditionalContext>", `<ac:ContextItem Name="Locale"/></ac:AdditionalContext>`), device.UserContext},
		{"blanks in the attribute", issueRequest{}, commonName(deviceID), swap(`Name="DeviceID"`, `Name = "DeviceID"`), device.UserContext},
		{"context in a default namespace", issueRequest{}, commonName(deviceID), func(s string) string {
			s = strings.Replace(s, "<ac:AdditionalContext>", `<AdditionalContext xmlns="http://schemas.xmlsoap.org/ws/2006/12/authorization">`, 1)
			return swap("<ac:", "<", "</ac:", "</")(s)
		}, device.UserContext},
		{"more headers", issueRequest{}, commonName(deviceID), swap("<wsse:Security", `<ActivityId CorrelationId="x" xmlns="urn:y">x</ActivityId>`+
			`<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><wsse:Security`), device.UserContext},
		{"nothing must be understood", issueRequest{}, commonName(deviceID), swap(` s:mustUnderstand="1"`, ""), device.UserContext},
		{"address with port and query", issueRequest{}, commonName(deviceID), swap("Enrollment.svc<", "Enrollment.svc:443?api-version=1.0&amp;x=y<"), device.UserContext},
		{"DeviceID in lower case", issueRequest{device: strings.ToLower(deviceID)}, commonName(deviceID), nil, device.UserContext},
		{"DeviceID with hyphens in the common name", issueRequest{}, hyphened, nil, device.UserContext},
		{"DeviceID in braces", issueRequest{device: "{" + hyphened + "}"}, commonName(deviceID), nil, device.UserContext},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil)
			tt.request.csr = newCSR(t, newKey(t), tt.subject)
			body := tt.request.xml(t)
			if tt.change != nil {
				if changed := tt.change(body); changed != body {
					body = changed
				} else {
					t.Fatal("nothing was changed")
				}
			}
			a.post(t, enroll.EnrollmentPath, body, nil).provisioned(t)
			if e := a.desk.only().enrollment; !e.Device.Same(deviceID) || e.Context != tt.context || e.OSEdition != 48 {
				t.Errorf("enrollment %+v", e)
			}
		})
	}
}

// Later versions of Windows offer later versions of enrolment.
func TestDiscoverVersions(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	for version, want := range map[string]string{"3.0": "3.0", "4.0": "4.0", "5.0": "4.0", "6.0": "4.0", "7.0": "4.0", "9.0": "4.0", "10.0": "4.0"} {
		body := strings.Replace(discoverRequest(t, version, "OnPremise", "Federated", "Certificate"), "<EmailAddress>", `<EmailAddress>SHIP\`, 1)
		if d := a.post(t, enroll.DiscoveryPath+"?x=y", body, nil).discovered(t); d.Result.EnrollmentVersion != want {
			t.Errorf("to a client of version %s version %s, want %s", version, d.Result.EnrollmentVersion, want)
		}
	}
}

// A device that renews, and was told of no other address, may ask where it once
// discovered the services (MS-MDE2 2.2.9.2, ServerURL). So what is asked counts,
// not where.
func TestAnyPath(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	d := a.enrol(t)
	for _, path := range []string{enroll.DiscoveryPath, enroll.PolicyPath, enroll.EnrollmentPath} {
		if got := a.post(t, path, discoverRequest(t, "4.0", "OnPremise"), nil).discovered(t); !strings.HasSuffix(got.Action, "/DiscoverResponse") {
			t.Errorf("%s: Action %q to Discover", path, got.Action)
		}
		if got := a.post(t, path, policiesRequest(t, anna), nil); got.status != 200 || !strings.Contains(got.body, "/GetPoliciesResponse<") {
			t.Errorf("%s: %d to GetPolicies\n%s", path, got.status, got.body)
		}
		a.post(t, path, d.renewal(t), d.identity()).provisioned(t).leaf(t, "User")
		a.post(t, path, strings.Replace(discoverRequest(t, "4.0", "OnPremise"), "IDiscoveryService/Discover", "IPolicy/GetPolicies", 1), nil).
			wantFault(t, a.log, "s:MessageFormat", "MessageFormat")
	}
}
