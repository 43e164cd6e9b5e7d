package enroll_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/enroll"
	"sluice/wsus/update/samples"
)

func thumbprint(c *x509.Certificate) string { return fmt.Sprintf("%X", sha1.Sum(c.Raw)) }

func encoded(c *x509.Certificate) string { return base64.StdEncoding.EncodeToString(c.Raw) }

func TestDocument(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *enroll.Config) {
		c.Name = "Ship & Co"
		c.Poll = enroll.Poll{First: enroll.Round{Every: 3 * 60e9, Times: 5}, Second: enroll.Round{Every: 4 * 60e9, Times: 8}, Remaining: 4 * 3600e9}
	})
	for _, tt := range []struct{ context, store string }{{"Full", "User"}, {"Device", "System"}} {
		key := newKey(t)
		got := a.do(t, "POST", public+":8443"+enroll.EnrollmentPath, issueRequest{csr: newCSR(t, key, commonName(deviceID)), context: tt.context}.xml(t), nil)
		doc := got.provisioned(t)
		leaf, root := doc.leaf(t, tt.store), a.trusted().Current().Certificate()
		id := leaf.Subject.CommonName
		v := doc.values()
		for path := range v { // drawn; TestIssue looks at them
			if strings.HasSuffix(path, "AAUTHSECRET") || strings.HasSuffix(path, "AAUTHDATA") || strings.HasSuffix(path, "AAUTHNAME") {
				if v[path] == "" || v[path] == "(none)" {
					t.Errorf("%s is empty", path)
				}
				v[path] = "drawn"
			}
		}
		poll := enroll.Poll{Second: enroll.Round{Every: 4 * 60e9}, Remaining: 4 * 3600e9}.For(device.EnrollmentID(id))
		want := map[string]string{
			"CertificateStore/Root/System/" + thumbprint(root) + "/EncodedCertificate":         encoded(root),
			"CertificateStore/My/" + tt.store + "/" + thumbprint(leaf) + "/EncodedCertificate": encoded(leaf),
			"CertificateStore/My/" + tt.store + "/PrivateKeyContainer":                         "",
			"CertificateStore/My/WSTEP/Renew/ROBOSupport":                                      "true boolean",
			"CertificateStore/My/WSTEP/Renew/RenewPeriod":                                      "42 integer",
			"CertificateStore/My/WSTEP/Renew/RetryInterval":                                    "4 integer",
			"APPLICATION/APPID":                                                  "w7",
			"APPLICATION/PROVIDER-ID":                                            "sluice",
			"APPLICATION/NAME":                                                   "Ship & Co",
			"APPLICATION/ADDR":                                                   "https://sluice.ship.example:8443/ManagementServer/MDM.svc",
			"APPLICATION/CONNRETRYFREQ":                                          "6",
			"APPLICATION/INITIALBACKOFFTIME":                                     "30000",
			"APPLICATION/MAXBACKOFFTIME":                                         "120000",
			"APPLICATION/BACKCOMPATRETRYDISABLED":                                "(none)",
			"APPLICATION/DEFAULTENCODING":                                        "application/vnd.syncml.dm+xml",
			"APPLICATION/SSLCLIENTCERTSEARCHCRITERIA":                            "Subject=CN%3D" + id + "&Stores=My%5C" + tt.store,
			"APPLICATION/APPAUTH/AAUTHLEVEL":                                     "CLIENT",
			"APPLICATION/APPAUTH/AAUTHTYPE":                                      "DIGEST",
			"APPLICATION/APPAUTH/AAUTHSECRET":                                    "drawn",
			"APPLICATION/APPAUTH/AAUTHDATA":                                      "drawn",
			"APPLICATION/APPAUTH#2/AAUTHLEVEL":                                   "APPSRV",
			"APPLICATION/APPAUTH#2/AAUTHTYPE":                                    "DIGEST",
			"APPLICATION/APPAUTH#2/AAUTHNAME":                                    "drawn",
			"APPLICATION/APPAUTH#2/AAUTHSECRET":                                  "drawn",
			"APPLICATION/APPAUTH#2/AAUTHDATA":                                    "drawn",
			"DMClient/Provider/sluice/EntDMID":                                   id + " string",
			"DMClient/Provider/sluice/EntDeviceName":                             "BRIDGE-04 string",
			"DMClient/Provider/sluice/UPN":                                       "anna@ship.example string",
			"DMClient/Provider/sluice/EnableOmaDmKeepAliveMessage":               "true boolean",
			"DMClient/Provider/sluice/Poll/NumberOfFirstRetries":                 "5 integer",
			"DMClient/Provider/sluice/Poll/IntervalForFirstSetOfRetries":         "3 integer",
			"DMClient/Provider/sluice/Poll/NumberOfSecondRetries":                "8 integer",
			"DMClient/Provider/sluice/Poll/IntervalForSecondSetOfRetries":        fmt.Sprint(int(poll.Second.Every.Minutes())) + " integer",
			"DMClient/Provider/sluice/Poll/NumberOfRemainingScheduledRetries":    "0 integer",
			"DMClient/Provider/sluice/Poll/IntervalForRemainingScheduledRetries": fmt.Sprint(int(poll.Remaining.Minutes())) + " integer",
			"DMClient/Provider/sluice/Poll/PollOnLogin":                          "false boolean",
		}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.context, diff)
		}
		if doc.Version != "1.1" {
			t.Errorf("version %q, want 1.1", doc.Version)
		}
	}
}

// A device that does not know a node would refuse the document.
func TestDocumentOfTheFirstRelease(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	body := issueRequest{credential: binaryToken(userToken, "ABCD-EFGH"), csr: newCSR(t, newKey(t), commonName(deviceID))}.xml(t)
	body = strings.Replace(strings.Replace(body, "10.0.19045.3803", "10.0.10240.16384", 1), ">BRIDGE-04<", "><", 1)
	v := a.post(t, enroll.EnrollmentPath, body, nil).provisioned(t).values()
	for _, name := range []string{"EnableOmaDmKeepAliveMessage", "UPN", "EntDeviceName"} {
		if got, ok := v["DMClient/Provider/sluice/"+name]; ok {
			t.Errorf("%s is %q, want none", name, got)
		}
	}
}

// The document has the form of one that Windows 10 accepted: the parts at its
// top, and the characteristics within them.
func TestDocumentIsLikeTheAcceptedOne(t *testing.T) {
	t.Parallel()
	accepted := parseDocument(t, samples.Read(t, "omadm/enroll/win10-19043-accepted-provisioningdoc.xml"))
	ours := start(t, nil).enrol(t).doc
	var tops [2][]string
	for i, d := range []document{accepted, ours} {
		for _, p := range d.Parts {
			tops[i] = append(tops[i], p.Type)
		}
	}
	if diff := cmp.Diff(tops[0], tops[1]); diff != "" {
		t.Errorf("top (-accepted +ours):\n%s", diff)
	}
	have := ours.values()
	for path := range accepted.values() {
		path = strings.NewReplacer("DEMO MDM", "sluice", "ROOT-SHA1-THUMBPRINT-UPPERCASE-HEX", ours.find("CertificateStore/Root/System").Parts[0].Type,
			"CLIENT-SHA1-THUMBPRINT-UPPERCASE-HEX", ours.find("CertificateStore/My/User").Parts[0].Type).Replace(path)
		// ROLE is set by the client itself; a list of servers is not needed.
		if _, ok := have[path]; !ok && path != "APPLICATION/ROLE" && path != "APPLICATION/ServerList" {
			t.Errorf("the accepted document has %s", path)
		}
	}
}

// ddf is a node of a device description file.
type ddf struct {
	Name   string `xml:"NodeName"`
	Path   string `xml:"Path"`
	Format struct {
		Kind struct{ XMLName xml.Name } `xml:",any"`
	} `xml:"DFProperties>DFFormat"`
	Exec  *struct{} `xml:"DFProperties>AccessType>Exec"`
	Nodes []ddf     `xml:"Node"`
}

func readDDF(t *testing.T, name, path string) ddf {
	t.Helper()
	b := samples.Read(t, "omadm/ddf/"+name)
	b = b[bytes.Index(b, []byte("<MgmtTree")):] // the document type has an instruction that encoding/xml does not read
	var tree struct {
		Nodes []ddf `xml:"Node"`
	}
	if err := xml.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	for _, n := range tree.Nodes {
		if n.Path == path {
			return n
		}
	}
	t.Fatalf("%s has no tree at %s", name, path)
	return ddf{}
}

// child finds a node by its name; one without a name stands for any.
func (d *ddf) child(name string) *ddf {
	for i := range d.Nodes {
		if strings.EqualFold(d.Nodes[i].Name, name) {
			return &d.Nodes[i]
		}
	}
	for i := range d.Nodes {
		if d.Nodes[i].Name == "" {
			return &d.Nodes[i]
		}
	}
	return nil
}

// Every node that is set exists on a device, with that type.
func TestDocumentIsDescribed(t *testing.T) {
	t.Parallel()
	doc := start(t, nil).enrol(t).doc
	var walk func(t *testing.T, n *node, d *ddf, path string)
	walk = func(t *testing.T, n *node, d *ddf, path string) {
		for _, p := range n.Parms {
			leaf := d.child(p.Name)
			if leaf == nil {
				t.Errorf("%s/%s does not exist", path, p.Name)
				continue
			}
			want := map[string]string{"chr": "string", "int": "integer", "bool": "boolean", "b64": ""}[leaf.Format.Kind.XMLName.Local]
			if p.Kind != want || leaf.Exec != nil {
				t.Errorf("%s/%s is of type %q, want %q of %s", path, p.Name, p.Kind, want, leaf.Format.Kind.XMLName.Local)
			}
		}
		for i := range n.Parts {
			c := &n.Parts[i]
			if c.Type == "PrivateKeyContainer" { // of enrolment alone
				continue
			}
			if next := d.child(c.Type); next != nil {
				walk(t, c, next, path+"/"+c.Type)
			} else {
				t.Errorf("%s/%s does not exist", path, c.Type)
			}
		}
	}
	for top, file := range map[string]struct{ name, path string }{
		"DMClient":         {"DMClient.xml", "./Device/Vendor/MSFT"},
		"CertificateStore": {"CertificateStore.xml", "./Device/Vendor/MSFT"},
	} {
		t.Run(top, func(t *testing.T) {
			tree := readDDF(t, file.name, file.path)
			walk(t, doc.find(top), &tree, top)
		})
	}
}
