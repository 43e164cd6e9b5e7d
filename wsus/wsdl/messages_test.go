package wsdl_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/soap"
	"sluice/wsus/update/samples"
	"sluice/wsus/wsdl/clientws"
	"sluice/wsus/wsdl/reportingws"
	"sluice/wsus/wsdl/simpleauthws"
)

// messages are all messages of the three services, by the name of their element.
var messages = func() map[string]reflect.Type {
	m := map[string]reflect.Type{}
	for _, v := range []any{
		clientws.GetConfig{}, clientws.GetConfigResponse{},
		clientws.GetCookie{}, clientws.GetCookieResponse{},
		clientws.RegisterComputer{}, clientws.RegisterComputerResponse{},
		clientws.StartCategoryScan{}, clientws.StartCategoryScanResponse{},
		clientws.SyncUpdates{}, clientws.SyncUpdatesResponse{},
		clientws.SyncPrinterCatalog{}, clientws.SyncPrinterCatalogResponse{},
		clientws.RefreshCache{}, clientws.RefreshCacheResponse{},
		clientws.GetExtendedUpdateInfo{}, clientws.GetExtendedUpdateInfoResponse{},
		clientws.GetExtendedUpdateInfo2{}, clientws.GetExtendedUpdateInfo2Response{},
		clientws.GetFileLocations{}, clientws.GetFileLocationsResponse{},
		simpleauthws.GetAuthorizationCookie{}, simpleauthws.GetAuthorizationCookieResponse{},
		reportingws.ReportEventBatch{}, reportingws.ReportEventBatchResponse{},
		reportingws.ReportEventBatch2{}, reportingws.ReportEventBatch2Response{},
		reportingws.GetRequiredInventoryType{}, reportingws.GetRequiredInventoryTypeResponse{},
		reportingws.ReportInventory{}, reportingws.ReportInventoryResponse{},
	} {
		t := reflect.TypeOf(v)
		m[t.Name()] = t
	}
	return m
}()

// again reads an envelope into its generated type and writes it as a server would.
func again(t *testing.T, envelope []byte) []byte {
	t.Helper()
	m, err := soap.Open(envelope)
	if err != nil {
		t.Fatal(err)
	}
	typ, ok := messages[m.Name]
	if !ok {
		t.Fatalf("no message %q", m.Name)
	}
	v := reflect.New(typ)
	if err := m.Decode(v.Interface()); err != nil {
		t.Fatal(err)
	}
	style := soap.WCF
	if bytes.HasPrefix(envelope, []byte("<?xml")) {
		style = soap.ASMX
	}
	out, err := soap.Marshal(style, v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFixtures reads and writes a message of every kind, whose bytes must stay as they
// are.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for name := range messages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			got := string(again(t, want))
			if !strings.HasSuffix(name, "Response") { // clients declare less than servers
				got = strings.Replace(got, ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"`, "", 1)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestCapturedAnswers does the same with the answers of a real server.
func TestCapturedAnswers(t *testing.T) {
	t.Parallel()
	redacted := regexp.MustCompile(`<Expiration>REDACTED</Expiration><EncryptedData>REDACTED</EncryptedData>`)
	for _, path := range captured(t, "response.body", "get-file-locations-response.xml") {
		t.Run(label(path), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want = redacted.ReplaceAll(want, []byte(`<Expiration>2026-10-04T16:03:35Z</Expiration><EncryptedData>AAAA</EncryptedData>`))
			if diff := cmp.Diff(string(want), string(again(t, want))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestCapturedRequests checks that nothing of what real clients send is lost, but for
// elements that are empty, nil, or an optional false.
func TestCapturedRequests(t *testing.T) {
	t.Parallel()
	empty := regexp.MustCompile(`<[A-Za-z]+( [^<>]*)?/>|<(AlsoPerformRegularSync|SyncCurrentVersionOnly)>false</\w+>`)
	body := regexp.MustCompile(`(?s)<\w+:Body[^>]*>(.*)</\w+:Body>`)
	for _, path := range captured(t, "request.body") {
		t.Run(label(path), func(t *testing.T) {
			t.Parallel()
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bodyOf := func(b []byte) string {
				b = body.FindSubmatch(b)[1]
				for empty.Match(b) { // an element may be empty without its empty elements
					b = empty.ReplaceAll(b, nil)
				}
				return string(b)
			}
			if diff := cmp.Diff(bodyOf(in), bodyOf(again(t, in))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func label(path string) string {
	path = filepath.ToSlash(path)
	return path[strings.Index(path, "captures/")+len("captures/"):]
}

// captured returns the captured bodies of those names that are messages of MS-WUSP.
func captured(t *testing.T, names ...string) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"wsus-m0/*/", "wsus-m0-native/*/*/", "wsus-m0-ours/*/*/", "wsus-m0-cbs/"} {
		for _, name := range names {
			matches, err := filepath.Glob(samples.Path(t, "wsus/captures") + "/" + pattern + name)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range matches {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				m, err := soap.Open(b)
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if m.Fault() == nil {
					paths = append(paths, path)
				}
			}
		}
	}
	return paths
}

func TestFieldsOfCapturedRequests(t *testing.T) {
	t.Parallel()
	read := func(name string, v any) {
		t.Helper()
		m, err := soap.Open(samples.Read(t, "wsus/captures/wsus-m0-native/"+name+"/request.body"))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Decode(v); err != nil {
			t.Fatal(err)
		}
	}
	var cookie clientws.GetCookie
	read("scan/000003", &cookie)
	if c := cookie.AuthCookies.AuthorizationCookie; len(c) != 1 || len(c[0].CookieData) != 496 {
		t.Errorf("authorization cookies %v", c)
	}
	if cookie.OldCookie.EncryptedData != nil || cookie.LastChange.String() != "2026-10-04T13:17:07.59Z" {
		t.Errorf("GetCookie %+v", cookie)
	}
	var drivers clientws.SyncUpdates
	read("scan/000009", &drivers)
	p := drivers.Parameters
	if len(drivers.Cookie.EncryptedData) != 224 || !p.SkipSoftwareSync || len(p.SystemSpec.Device) != 70 ||
		len(p.ComputerSpec.HardwareIDs.Guid) != 6 || p.FeatureScoreMatchingKey != "AMD64.10.0" {
		t.Errorf("driver pass: %d devices, %+v", len(p.SystemSpec.Device), p.ComputerSpec)
	}
	var scan clientws.SyncUpdates
	read("flow/000001", &scan)
	if n, m := len(scan.Parameters.InstalledNonLeafUpdateIDs.Int), len(scan.Parameters.OtherCachedUpdateIDs.Int); n != 87 || m != 1029 {
		t.Errorf("%d installed and %d other ids, want 87 and 1029", n, m)
	}
	var batch reportingws.ReportEventBatch
	read("flow/000016", &batch)
	first := batch.EventBatch.ReportingEvent[0]
	if first.BasicData.EventID != 147 || first.ExtendedData.ProcessorArchitecture != reportingws.ProcessorArchitectureAmd64Compatible ||
		first.ExtendedData.MiscData.String[2] != "G=1507.2601.30012.0" {
		t.Errorf("event %+v", first.BasicData)
	}
}
