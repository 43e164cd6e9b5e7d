package syncml_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/syncml"
	"sluice/wsus/update/samples"
)

// What recorded messages hold, see outline.
const (
	opened     = "Alert 2 1201 | Alert 3 1224 LoginStatus=user | "
	unenrolled = opened + "Alert 4 1226 com.microsoft:mdm.unenrollment.userrequest:int=1 | "
	example    = "DevId=0123456789AB Man=Example Manu Mod=Conformance  DmV=1.3 Lang=en-US"
	machine    = "DevId=B5B954E81FBC Man=VMware, Inc. Mod=VMware7,1 DmV=1.3 Lang=en-US | Final"
	welcome    = "Status 1 of 1.0 SyncHdr 212 http://10.72.34.217:80/Manage | Status 2 of 1.1 Alert 200 | Status 3 of 1.2 Replace 200 | "
)

var recorded = map[string]string{
	"msmde2-keepalive-requestpending": "10.2 | Alert 2 1224 Reversed-Domain-Name:com.microsoft.mdm.requestpending=1",
	"msmdm-1-client-init": "1.1 | Alert 2 1224 LoginStatus=user | " +
		"Replace 3 DevId={unique devi Man=Microsoft Co Mod={operating s DmV=1.3 Lang=en-US | Final",
	"msmdm-2-server-get": "1.1 | Status 1 of 1.0 SyncHdr 200 | Get 4 SwV | Get 5 HwV | Final",
	"msmdm-3-client-results": "1.2 | Status 1 of 1.0 SyncHdr 200 | Status 2 of 1.4 Get 200 | Status 3 of 1.5 Get 200 | " +
		"Results 4 of 1.4 Get SwV:chr=[software ve | Results 5 of 1.5 Get HwV=[hardware ve | Final",
	"reconstructed-win-error-then-credentials": "D.2 syncml:auth-md5 | Status 1 of 0.0 SyncHdr 500 | " + opened +
		"Replace 4 " + example + " HWDevID=001122330011 | Final",
	"reconstructed-win11-26200-package1-digest": "1.2 syncml:auth-md5 | Status 1 of 1.0 SyncHdr 200 | " + opened +
		"Replace 4 " + example + " | Final",
	"reconstructed-win11-26200-results-single": "3.3 syncml:auth-md5 | Status 1 of 2.0 SyncHdr 200 | " +
		"Status 2 of 2.5 Get 200 | Results 3 of 2.5 Man=Example Manu | Final",
	"reconstructed-win11-26200-results-multi-item-get": "5.3 syncml:auth-md5 | Status 1 of 2.0 SyncHdr 200 | " +
		"Status 2 of 2.5 Get 200 ./DevDetail/SwV | Status 3 of 2.5 Get 200 ./DevDetail/LrgObj | " +
		"Status 4 of 2.5 Get 200 ./DevDetail/URI/MaxSegLen | " +
		"Status 5 of 2.5 Get 404 ./Vendor/MSFT/DMClient/Provider/ExampleProvider/Push/ChannelURI | " +
		"Results 6 of 2.5 SwV=10.0.26200.9 LrgObj:bool=false MaxSegLen:int=0 | Final",
	"reconstructed-win11-26200-session-abort-1223": "4.4 syncml:auth-md5 | Status 1 of 3.0 SyncHdr 200 | Alert 2 1223 | Final",
	"reconstructed-win11-26200-unenroll-1226":      "9.1 | " + unenrolled + "Replace 5 " + example + " | Final",
	"win10-19043-package1-nocred":                  "1.1 | " + opened + "Replace 4 " + machine,
	"win10-19043-server-answers-unenroll":          "2.1 | Status 1 of 1.0 SyncHdr 200 | Final",
	"win10-19043-server-ends-session": "1.1 | Status 1 of 1.0 SyncHdr 200 | Status 2 of 1.2 Alert 200 | " +
		"Status 3 of 1.3 Alert 200 | Status 4 of 1.4 Replace 200 | Final",
	"win10-19043-unenroll-1226": "2.1 | " + unenrolled + "Replace 5 " + machine,

	"testadd":    "30483.1 syncml:auth-basic | " + welcome + "Add 4 TestLeafNode:node= | Final",
	"testdelete": "12463.1 syncml:auth-basic | " + welcome + "Delete 4 TestLeafNode | Delete 5 TestLeaf | Final",
	"testget":    "22100.1 syncml:auth-basic | " + welcome + "Get 4 MaxDepth | Final",
	"testnewdatatype": "18629.1 syncml:auth-basic | Add 1 MyApp:node | Add 2 FloatLeaf:float=+1.23e+01 | " +
		"Add 3 DateLeaf:date=2005-10-18 | Add 4 TimeLeaf:time=23:18:23 | Replace 5 FloatLeaf:float=1.2345 | " +
		"Replace 6 DateLeaf:date=2005-345 | Replace 7 TimeLeaf:time=11:20:35+01: | Get 8 FloatLeaf | " +
		"Get 9 DateLeaf | Get 10 TimeLeaf | Delete 11 FloatLeaf | Delete 12 DateLeaf | Delete 13 TimeLeaf | " +
		"Delete 14 MyApp | Final",
	"cyanogen-dm11/testreplace": "24673.1 syncml:auth-basic | Alert 1 1201 | Replace 2 DevId=\r\n     00000 " +
		"DmV=\r\n     1.1\r\n Lang=\r\n     en\r\n  Man=\r\n     Motor Mod=\r\n     A780\r GSM=\r\n     " +
		"Sort=\r\n     Latin Loc=\r\n     US\r\n  LangAuto=\r\n     false | Final",
	"cyanogen-dm12/testreplace": "24673.1 syncml:auth-basic | Alert 1 1201 | Replace 2 DevId=000000011234 DmV=1.2 " +
		"Lang=en Man=Motorola, Co Mod=A780 GSM= Sort=Latin Loc=US LangAuto=false | Final",
	"libdmclient/package1": "1.1 syncml:auth-md5 | Alert 1 1201 | Replace 2 test3:chr=data of test other:node=test3 " +
		"test2:chr=data of test test1:chr=data of test Intel:node=test1/test2 Ext:node=Intel/other " +
		"test:chr=test bearer Bearer:node=test DmV:chr=1.0 Lang:chr=test languag DevId:chr=DMCtest " +
		"Man:chr=test manufac Mod:chr=test model | Final",
}

// expected returns what the sample of that name holds. The name is the last part
// of its path, or the last two where those differ.
func expected(t *testing.T, name string) string {
	t.Helper()
	for _, key := range []string{filepath.Base(name), filepath.Base(filepath.Dir(name)) + "/" + filepath.Base(name)} {
		if want, ok := recorded[key]; ok {
			return want
		}
	}
	t.Fatalf("no test names the sample %s", name)
	return ""
}

func TestXMLSamples(t *testing.T) {
	t.Parallel()
	names := samples.Glob(t, "omadm/syncml/*.xml")
	names = append(names, samples.Path(t, "omadm/wbxml/cyanogen-dm12/testnewdatatype.xml"))
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			m := fromXML(t, read(t, name))
			if diff := cmp.Diff(expected(t, strings.TrimSuffix(name, ".xml")), outline(m)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			roundTrip(t, m)
		})
	}
}

func TestWBXMLSamples(t *testing.T) {
	t.Parallel()
	for _, name := range samples.Glob(t, "omadm/wbxml/*/*.wbxml") {
		base := strings.TrimSuffix(name, ".wbxml")
		t.Run(filepath.Base(filepath.Dir(name))+"/"+filepath.Base(base), func(t *testing.T) {
			t.Parallel()
			m := fromWBXML(t, read(t, name))
			if diff := cmp.Diff(expected(t, base), outline(m)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			want := fromXML(t, read(t, base+".decoded.xml"))
			if diff := cmp.Diff(want, m, cmp.Transformer("lineEnds", lineEnds)); diff != "" {
				t.Errorf("not as another implementation reads it (-want +got):\n%s", diff)
			}
			roundTrip(t, m)
		})
	}
}

// TestMalformedSample: the data of an alert has an ampersand that is not escaped.
func TestMalformedSample(t *testing.T) {
	t.Parallel()
	_, err := syncml.DecodeXML(samples.Read(t, "omadm/wbxml/cyanogen-dm12/testalertconfirm.xml"))
	const want = "syncml: SyncBody/Alert/Item/Data: unknown entity or bad character reference at byte 461"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// lineEnds gives a text the line ends that it has when it is read from XML.
func lineEnds(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
