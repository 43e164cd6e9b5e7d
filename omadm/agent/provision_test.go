package agent_test

import (
	"context"
	"strings"
	"testing"

	"sluice/omadm/agent"
)

// TestProvisioningRefused spoils the provisioning document, one thing at a time.
func TestProvisioningRefused(t *testing.T) {
	t.Parallel()
	const refused = 0x80180023
	for _, tt := range []struct {
		name, from, to string
		want           uint32
		text           string
	}{
		{"not XML", "value=\"A test\"", "value=\"A & test\"", refused, "well-formed"},
		{"namespace", "<wap-provisioningdoc ", "<wap-provisioningdoc xmlns=\"urn:x\" ", refused, "without a namespace"},
		{"version", "version=\"1.1\"", "version=\"1.0\"", refused, "not 1.1"},
		{"unknown characteristic", "<characteristic type=\"DMClient\">", "<characteristic type=\"RootCATrustedCertificates\"/><characteristic type=\"DMClient\">", 0x83750005, "RootCATrustedCertificates"},
		{"store in lower case", "type=\"Root\"", "type=\"root\"", refused, "no store"},
		{"thumbprint of another", "type=\"System\"><characteristic type=\"", "type=\"System\"><characteristic type=\"0", refused, "thumbprint"},
		{"certificate with line breaks", "name=\"EncodedCertificate\" value=\"", "name=\"EncodedCertificate\" value=\"&#10;", refused, "one line"},
		{"no key container", "<characteristic type=\"PrivateKeyContainer\"/>", "", refused, "PrivateKeyContainer"},
		{"datatype of renewals", "value=\"60\" datatype=\"integer\"/><parm name=\"RetryInterval\"", "value=\"60\"/><parm name=\"RetryInterval\"", refused, "RenewPeriod"},
		{"retry longer than the period", "name=\"RetryInterval\" value=\"4\"", "name=\"RetryInterval\" value=\"61\"", refused, "longer"},
		{"days out of range", "name=\"RenewPeriod\" value=\"60\"", "name=\"RenewPeriod\" value=\"1001\"", refused, "RenewPeriod"},
		{"no APPID", "<parm name=\"APPID\" value=\"w7\"/>", "", refused, "APPID"},
		{"parameter in lower case", "name=\"ADDR\"", "name=\"Addr\"", refused, "case sensitive"},
		{"parameter twice", "<parm name=\"APPID\" value=\"w7\"/>", "<parm name=\"APPID\" value=\"w7\"/><parm name=\"APPID\" value=\"w7\"/>", refused, "twice"},
		{"INIT", "<parm name=\"APPID\"", "<parm name=\"INIT\"/><parm name=\"APPID\"", refused, "INIT"},
		{"http", "value=\"https://mdm.example/ManagementServer", "value=\"http://mdm.example/ManagementServer", refused, "ADDR"},
		{"flag with a value", "name=\"BACKCOMPATRETRYDISABLED\"", "name=\"BACKCOMPATRETRYDISABLED\" value=\"1\"", refused, "has a value"},
		{"encoding", "value=\"application/vnd.syncml.dm+xml\"", "value=\"text/xml\"", refused, "DEFAULTENCODING"},
		{"retries", "name=\"CONNRETRYFREQ\" value=\"3\"", "name=\"CONNRETRYFREQ\" value=\"x\"", refused, "CONNRETRYFREQ"},
		{"one APPAUTH", "<parm name=\"AAUTHLEVEL\" value=\"CLIENT\"/>", "<parm name=\"AAUTHLEVEL\" value=\"OBEX\"/>", refused, "AAUTHLEVEL"},
		{"no nonce", "<parm name=\"AAUTHDATA\" value=\"ZGV2aWNlIG5vbmNl\"/>", "", refused, "AAUTHDATA"},
		{"no secret", "<parm name=\"AAUTHSECRET\" value=\"server secret\"/>", "", refused, "AAUTHSECRET"},
		{"server by BASIC", "value=\"CLIENT\"/><parm name=\"AAUTHTYPE\" value=\"DIGEST\"", "value=\"CLIENT\"/><parm name=\"AAUTHTYPE\" value=\"BASIC\"", refused, "must be DIGEST"},
		{"other provider", "<characteristic type=\"fake\">", "<characteristic type=\"other\">", refused, "provider"},
		{"unknown node", "<parm name=\"UPN\"", "<parm name=\"Upn\"", refused, "Upn"},
		{"Exec node", "<parm name=\"UPN\"", "<parm name=\"Unenroll\" value=\"\" datatype=\"string\"/><parm name=\"UPN\"", refused, "Unenroll"},
		{"datatype of a node", "name=\"NumberOfFirstRetries\" value=\"2\" datatype=\"integer\"", "name=\"NumberOfFirstRetries\" value=\"2\"", refused, "datatype"},
		{"value of a node", "name=\"NumberOfFirstRetries\" value=\"2\"", "name=\"NumberOfFirstRetries\" value=\"two\"", refused, "NumberOfFirstRetries"},
		{"two endless sets", "name=\"NumberOfSecondRetries\" value=\"1\"", "name=\"NumberOfSecondRetries\" value=\"0\"", refused, "for ever"},
		{"criteria", "Subject=", "Subject=CN%3Dother%2C", refused, "SSLCLIENTCERTSEARCHCRITERIA"},
		{"criteria of another store", "Stores=My%5CUser", "Stores=My%5CSystem", refused, "SSLCLIENTCERTSEARCHCRITERIA"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.document = func(doc string) string {
				if !strings.Contains(doc, tt.from) {
					t.Errorf("%q is not in the document", tt.from)
				}
				return strings.Replace(doc, tt.from, tt.to, 1)
			}
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

// TestProvisioningRemarks has what Windows bears.
func TestProvisioningRemarks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, to, text string }{
		{"no EntDMID", "name=\"EntDMID\"", "name=\"EntDeviceName\"", "EntDMID"},
		{"nonce that is not base64", "ZGV2aWNlIG5vbmNl", "nonce", "AAUTHDATA"},
		{"blank in the provider", "\"fake\"", "\"fake one\"", "PROVIDER-ID"},
		{"role", "<parm name=\"APPID\"", "<parm name=\"ROLE\" value=\"4294967295\"/><parm name=\"APPID\"", "ROLE"},
		{"no renewal", "ROBOSupport\" value=\"true\"", "ROBOSupport\" value=\"false\"", "ROBOSupport"},
		{"leaves by itself", "<parm name=\"UPN\"", "<parm name=\"NumberOfDaysAfterLostContactToUnenroll\" value=\"30\" datatype=\"integer\"/><parm name=\"UPN\"", "30 days"},
		{"no first retries", "name=\"NumberOfFirstRetries\" value=\"2\"", "name=\"NumberOfFirstRetries\" value=\"0\"", "NumberOfFirstRetries"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.document = func(doc string) string {
				doc = strings.ReplaceAll(doc, tt.from, tt.to)
				if tt.name == "no first retries" { // one set may be endless
					doc = strings.Replace(doc, "name=\"NumberOfRemainingScheduledRetries\" value=\"0\"", "name=\"NumberOfRemainingScheduledRetries\" value=\"9\"", 1)
				}
				return doc
			}
			a := f.agent(agent.Windows10Pro("pc.example"))
			r, err := a.Enroll(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(r.Remarks, "\n"), tt.text) {
				t.Errorf("remarks are %q, want one with %q", r.Remarks, tt.text)
			}
		})
	}
}
