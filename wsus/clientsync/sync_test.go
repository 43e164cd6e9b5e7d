package clientsync_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/update"
)

func told(seq int64) func(*cookie.Cookie) {
	return func(c *cookie.Cookie) { c.Told = &cookie.Told{Seq: seq} }
}

func protocol(major, minor uint16) func(*cookie.Cookie) {
	return func(c *cookie.Cookie) { c.Protocol = cookie.Protocol{Major: major, Minor: minor} }
}

func truncated(r reply) bool { return strings.Contains(r.body, "<Truncated>true</Truncated>") }

// TestScanInPages is a client's whole scan: the truncated answers neither say
// what changed nor move the cookie on, the last one does both.
func TestScanInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits.PageUpdates = 3
	w.software(1, category)
	for n := 2; n <= 9; n++ {
		w.software(n, needs(1))
	}
	w.serve()
	sealed := w.cookie(told(w.seq))
	var other []int
	for i, want := range [][]int{{1}, {2, 3, 4}, {5, 6, 7}, {8, 9}, nil} {
		if i == 2 {
			w.approve(7, 2, update.Install) // one that is held already
			w.rebuild()
		}
		installed := []int{1}
		if i == 0 {
			installed = nil
		}
		r := w.sync(sealed, intsXML("InstalledNonLeafUpdateIDs", installed...)+intsXML("OtherCachedUpdateIDs", other...))
		if diff := cmp.Diff(want, r.updates("NewUpdates")); diff != "" {
			t.Fatalf("round %d, new (-want +got):\n%s", i, diff)
		}
		if got, want := truncated(r), i == 1 || i == 2; got != want {
			t.Errorf("round %d: truncated %v, want %v", i, got, want)
		}
		var wantChanged []int
		if i == 3 {
			wantChanged = []int{2}
		}
		if diff := cmp.Diff(wantChanged, r.updates("ChangedUpdates")); diff != "" {
			t.Errorf("round %d, changed (-want +got):\n%s", i, diff)
		}
		wantSeq := []int64{100, 100, 100, 101, 101}[i]
		if c := w.opened(r); c.Told == nil || c.Told.Seq != wantSeq || !c.Expires.Equal(start.Add(cookie.Lifetime)) {
			t.Errorf("round %d: cookie told %+v until %v, want seq %d", i, c.Told, c.Expires, wantSeq)
		}
		if len(want) == 0 && strings.Contains(r.body, "NewUpdates") {
			t.Error("an empty list is written")
		}
		sealed = r.next(t)
		if i > 0 {
			other = append(other, want...)
		}
	}
	want := []clientsync.Scan{
		{Device: 1, New: 1, Seq: 100}, {Device: 1, Truncated: true, Held: 1, New: 3, Seq: 100}, {Device: 1, Truncated: true, Held: 4, New: 3, Seq: 101},
		{Device: 1, Held: 7, New: 2, Changed: 1, Seq: 101}, {Device: 1, Held: 9, Seq: 101},
	}
	if diff := cmp.Diff(want, w.scans); diff != "" {
		t.Errorf("scans (-want +got):\n%s", diff)
	}
}

func TestLostCookieTellsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.software(1)
	w.software(2)
	w.approve(7, 2, update.Install)
	w.serve()
	r := w.sync(w.cookie(), intsXML("OtherCachedUpdateIDs", 1, 2))
	if diff := cmp.Diff([]int{1, 2}, r.updates("ChangedUpdates")); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if strings.Contains(r.body, "<Xml>") {
		t.Error("changed updates carry Xml")
	}
	unknownPlan := func(c *cookie.Cookie) { c.Told = &cookie.Told{Plan: catalog.PlanKey{GroupSet: 55}, Seq: 100} }
	if got := w.sync(w.cookie(unknownPlan), intsXML("OtherCachedUpdateIDs", 1, 2)).updates("ChangedUpdates"); len(got) != 2 {
		t.Errorf("with a plan that nobody knows: changed %v", got)
	}
}

// TestGroupMove: what an old group installed and the new one does not is told.
func TestGroupMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.software(1)
	w.software(2)
	pilot := update.MustParseID("99999999-0000-0000-0000-000000000000")
	w.rules.Approvals = []catalog.Approval{{Approval: update.Approval{ID: 5, Update: uid(1), Group: pilot, Action: update.Install, Changed: start, Seq: 50}}}
	w.sets[catalog.PlanKey{GroupSet: 1}] = catalog.GroupSet{{Group: update.AllComputers}, {Group: pilot, Depth: 1}}
	w.serve()
	in := func(c *cookie.Cookie) { c.Told = &cookie.Told{Plan: catalog.PlanKey{GroupSet: 1}, Seq: 100} }
	r := w.sync(w.cookie(in), intsXML("OtherCachedUpdateIDs", 1, 2))
	if got := r.updates("ChangedUpdates"); !slices.Equal(got, []int{1}) || !strings.Contains(r.body, "<Action>PreDeploymentCheck</Action>") {
		t.Errorf("changed %v in %s", got, r.body)
	}
	if c := w.opened(r); c.Told.Plan != (catalog.PlanKey{}) {
		t.Errorf("the cookie was told %+v", c.Told)
	}
}

func TestFilteredScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.software(1, category)
	w.software(2, category)
	w.software(3, needs(1))
	w.software(4, needs(2))
	w.software(5, needs(1))
	w.approve(7, 3, update.Install)
	w.serve()
	filter := "<FilterCategoryIds><CategoryIdentifier><Id>" + uid(1).String() + "</Id></CategoryIdentifier></FilterCategoryIds>"
	held := intsXML("InstalledNonLeafUpdateIDs", 1, 2) + intsXML("OtherCachedUpdateIDs", 3, 4, 99)
	r := w.sync(w.cookie(told(100)), held+filter+"<NeedTwoGroupOutOfScopeUpdates>true</NeedTwoGroupOutOfScopeUpdates>")
	if got := r.updates("NewUpdates"); !slices.Equal(got, []int{5}) {
		t.Errorf("new %v", got)
	}
	if got := r.updates("ChangedUpdates"); !slices.Equal(got, []int{3}) {
		t.Errorf("changed %v", got)
	}
	if got := r.ints(outOf); !slices.Equal(got, []int{99}) {
		t.Errorf("out of scope %v", got)
	}
	if got := r.ints(deployed); !slices.Equal(got, []int{2, 4}) {
		t.Errorf("deployed elsewhere %v", got)
	}
	if c := w.opened(r); c.Told.Seq != 100 {
		t.Errorf("a filtered scan moved the cookie on to %d", c.Told.Seq)
	}
	if !strings.Contains(r.body, "<DriverSyncNotNeeded>true</DriverSyncNotNeeded>") {
		t.Error("a filtered scan asks for drivers")
	}
	// Who cannot tell the two lists apart gets one.
	for name, r := range map[string]reply{
		"without two groups":    w.sync(w.cookie(told(100)), held+filter),
		"by an older protocol":  w.sync(w.cookie(told(100), protocol(1, 6)), held+filter+"<NeedTwoGroupOutOfScopeUpdates>1</NeedTwoGroupOutOfScopeUpdates>"),
		"in the filtered scan ": w.sync(w.cookie(told(100)), held+filter+"<NeedTwoGroupOutOfScopeUpdates>0</NeedTwoGroupOutOfScopeUpdates>"),
	} {
		if got := r.ints(outOf); !slices.Equal(got, []int{2, 4, 99}) || len(r.ints(deployed)) != 0 {
			t.Errorf("%s: out of scope %v, deployed elsewhere %v", name, got, r.ints(deployed))
		}
	}
	if len(w.scans) == 0 || w.scans[0].Pass != clientsync.Filtered || w.scans[0].OutOfScope != 3 {
		t.Errorf("scans %+v", w.scans)
	}
}

// TestDeploymentByProtocol checks what of a Deployment older clients may see.
func TestDeploymentByProtocol(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.software(1, func(r *catalog.Row) {
		r.Type, r.Drivers = update.Driver, []update.DriverMatch{{HardwareID: `PCI\A&B`, Class: "Net"}}
	})
	w.approve(7, 1, update.Install)
	w.rules.Approvals[0].Deadline = start.AddDate(0, 1, 0)
	w.serve()
	const (
		head     = "<Deployment><ID>7</ID><Action>Install</Action><Deadline>2026-11-04T15:03:35Z</Deadline><IsAssigned>true</IsAssigned><LastChangeTime>2026-10-04</LastChangeTime>"
		hardware = `<HardwareIds><string>PCI\A&amp;B</string></HardwareIds>`
		zeros    = "<AutoSelect>0</AutoSelect><AutoDownload>0</AutoDownload><SupersedenceBehavior>0</SupersedenceBehavior>"
		end      = "</Deployment><IsLeaf>true</IsLeaf>"
		needless = "<DriverSyncNotNeeded>true</DriverSyncNotNeeded>"
	)
	pass := `<SystemSpec><Device><HardwareIDs><string>PCI\A&amp;B</string></HardwareIDs></Device></SystemSpec><SkipSoftwareSync>true</SkipSoftwareSync>`
	for _, tt := range []struct {
		minor uint16
		want  string
		flag  bool
	}{
		{5, head + end, false}, {6, head + hardware + end, false}, {7, head + hardware + end, true}, {8, head + hardware + zeros + end, true}, {9, head + hardware + zeros + end, true},
	} {
		r := w.sync(w.cookie(protocol(1, tt.minor)), pass)
		if !strings.Contains(r.body, tt.want) || strings.Contains(r.body, needless) != tt.flag {
			t.Errorf("protocol 1.%d: %s\nwant %s", tt.minor, r.body, tt.want)
		}
	}
}

func TestDriverPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	driver := func(id string) func(*catalog.Row) {
		return func(r *catalog.Row) {
			r.Type, r.Drivers = update.Driver, []update.DriverMatch{{HardwareID: id, Class: "Net", VerDate: start}}
		}
	}
	w.software(1, driver("a"))
	w.software(2, driver("b"))
	w.software(3)
	w.serve()
	device := func(id string) string {
		return "<Device><HardwareIDs><string>" + id + "</string></HardwareIDs></Device>"
	}
	r := w.sync(w.cookie(told(100)), "<SystemSpec>"+device("a")+device("b")+"</SystemSpec>"+intsXML("CachedDriverIDs", 2, 99)+
		"<SkipSoftwareSync>true</SkipSoftwareSync><ComputerSpec><HardwareIDs><guid>"+uid(9).String()+"</guid></HardwareIDs></ComputerSpec>")
	if got := r.updates("NewUpdates"); !slices.Equal(got, []int{1}) {
		t.Errorf("new %v", got)
	}
	if got := r.updates("ChangedUpdates"); !slices.Equal(got, []int{2}) {
		t.Errorf("changed %v", got)
	}
	if got := r.ints(outOf); !slices.Equal(got, []int{99}) {
		t.Errorf("out of scope %v", got)
	}
	if c := w.opened(r); c.Told.Seq != 100 || truncated(r) {
		t.Errorf("the driver pass moved the cookie on to %+v", c.Told)
	}
	want := clientsync.Hardware{Device: 1, Devices: []catalog.Device{{HardwareIDs: []string{"a"}}, {HardwareIDs: []string{"b"}}}, ComputerIDs: []update.ID{uid(9)}}
	if diff := cmp.Diff([]clientsync.Hardware{want}, w.hardware); diff != "" {
		t.Errorf("hardware (-want +got):\n%s", diff)
	}
	// Without a SystemSpec it is a driver pass that says nothing of hardware.
	if r := w.sync(w.cookie(), "<SkipSoftwareSync>true</SkipSoftwareSync>"); r.status != 200 || len(w.hardware) != 1 {
		t.Errorf("%d, hardware %+v", r.status, w.hardware)
	}
	if got := w.sync(w.cookie(), "<SystemSpec><Device/></SystemSpec>").fault(); got != "InvalidParameters parameters.SystemSpec" {
		t.Errorf("a SystemSpec in the software pass: %q", got)
	}
}

func TestSyncPrinterCatalog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits.PageUpdates = 2
	for n := 1; n <= 4; n++ {
		w.software(n, func(r *catalog.Row) {
			r.Type, r.Drivers = update.Driver, []update.DriverMatch{{HardwareID: "lpt", Class: "Printer"}}
		})
	}
	w.software(5, category)
	w.serve()
	call := func(inner string) reply {
		return w.call("SyncPrinterCatalog", cookieXML("cookie", w.cookie())+inner)
	}
	r := call("")
	if got := r.updates("NewUpdates"); !slices.Equal(got, []int{1, 2}) || !truncated(r) {
		t.Errorf("first page %v in %s", got, r.body)
	}
	r = call(intsXML("installedNonLeafUpdateIDs", 5) + intsXML("printerUpdateIDs", 1, 2, 77))
	if got := r.updates("NewUpdates"); !slices.Equal(got, []int{3, 4}) || truncated(r) {
		t.Errorf("second page %v in %s", got, r.body)
	}
	if got := r.updates("ChangedUpdates"); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("changed %v", got)
	}
	if got := r.ints(outOf); !slices.Equal(got, []int{77}) {
		t.Errorf("out of scope %v", got)
	}
	if got := call(intsXML("installedNonLeafUpdateIDs", make([]int, 401)...)).fault(); got != "InvalidParameters installedNonLeafUpdateIDs" {
		t.Errorf("fault %q", got)
	}
}

func TestSyncLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits = clientsync.Limits{Held: 6, Drivers: 5, Devices: 3, DeviceIDs: 4, Computer: 2, Category: 2, Text: 20}
	w.serve()
	list := func(outer, item string, n int) string {
		return "<" + outer + ">" + strings.Repeat(item, n) + "</" + outer + ">"
	}
	filter := "<CategoryIdentifier><Id>" + uid(1).String() + "</Id></CategoryIdentifier>"
	guid := "<guid>" + uid(1).String() + "</guid>"
	const drivers = "<SkipSoftwareSync>true</SkipSoftwareSync>"
	ids := func(n int) string {
		return "<Device><HardwareIDs>" + strings.Repeat("<string>x</string>", n) + "</HardwareIDs></Device>"
	}
	for _, tt := range []struct{ name, at, over, parameter string }{
		{"installed", intsXML("InstalledNonLeafUpdateIDs", make([]int, 400)...), intsXML("InstalledNonLeafUpdateIDs", make([]int, 401)...), "parameters.InstalledNonLeafUpdateIDs"},
		{"installed in two lists", strings.Repeat(intsXML("InstalledNonLeafUpdateIDs", make([]int, 200)...), 2), strings.Repeat(intsXML("InstalledNonLeafUpdateIDs", make([]int, 201)...), 2), "parameters.InstalledNonLeafUpdateIDs"},
		{"held", intsXML("OtherCachedUpdateIDs", make([]int, 6)...), intsXML("OtherCachedUpdateIDs", make([]int, 7)...), "parameters.OtherCachedUpdateIDs"},
		{"drivers", intsXML("CachedDriverIDs", make([]int, 5)...), intsXML("CachedDriverIDs", make([]int, 6)...), "parameters.CachedDriverIDs"},
		{"devices", drivers + list("SystemSpec", "<Device/>", 3), drivers + list("SystemSpec", "<Device/>", 4), "parameters.SystemSpec"},
		{"ids of devices", drivers + list("SystemSpec", ids(2), 2), drivers + list("SystemSpec", ids(5), 1), "parameters.SystemSpec"},
		{"an id of a device", drivers + list("SystemSpec", "<Device><CompatibleIDs><string>"+strings.Repeat("x", 20)+"</string></CompatibleIDs></Device>", 1),
			drivers + list("SystemSpec", "<Device><CompatibleIDs><string>"+strings.Repeat("x", 21)+"</string></CompatibleIDs></Device>", 1), "parameters.SystemSpec"},
		{"ids of the computer", "<ComputerSpec>" + list("HardwareIDs", guid, 2) + "</ComputerSpec>", "<ComputerSpec>" + list("HardwareIDs", guid, 3) + "</ComputerSpec>", "parameters.ComputerSpec"},
		{"categories", list("FilterCategoryIds", filter, 2), list("FilterCategoryIds", filter, 3), "parameters.FilterCategoryIds"},
		{"the score key", list("FeatureScoreMatchingKey", "x", 20), list("FeatureScoreMatchingKey", "x", 21), "parameters.FeatureScoreMatchingKey"},
	} {
		if r := w.sync(w.cookie(), tt.at); r.status != 200 {
			t.Errorf("%s at its limit: %d %s", tt.name, r.status, r.body)
		}
		if got := w.sync(w.cookie(), tt.over).fault(); got != "InvalidParameters "+tt.parameter {
			t.Errorf("%s over its limit: %q", tt.name, got)
		}
	}
}

func TestSyncWrongTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.software(1)
	w.serve()
	device := func(s string) string {
		return "<SkipSoftwareSync>true</SkipSoftwareSync><SystemSpec><Device><installedDriver>" + s + "</installedDriver></Device></SystemSpec>"
	}
	for _, tt := range []struct{ name, parameters, want string }{
		{"a word for a number", "<OtherCachedUpdateIDs><int>one</int></OtherCachedUpdateIDs>", "InvalidParameters parameters.OtherCachedUpdateIDs"},
		{"no number", "<OtherCachedUpdateIDs><int/></OtherCachedUpdateIDs>", "InvalidParameters parameters.OtherCachedUpdateIDs"},
		{"a fraction", "<OtherCachedUpdateIDs><int>1.0</int></OtherCachedUpdateIDs>", "InvalidParameters parameters.OtherCachedUpdateIDs"},
		{"a number over 31 bits", "<OtherCachedUpdateIDs><int>2147483648</int></OtherCachedUpdateIDs>", "InvalidParameters parameters.OtherCachedUpdateIDs"},
		{"the largest number", "<OtherCachedUpdateIDs><int>2147483647</int></OtherCachedUpdateIDs>", "none"},
		{"the smallest number", "<OtherCachedUpdateIDs><int>-2147483648</int></OtherCachedUpdateIDs>", "none"},
		{"a number under 31 bits", "<OtherCachedUpdateIDs><int>-2147483649</int></OtherCachedUpdateIDs>", "InvalidParameters parameters.OtherCachedUpdateIDs"},
		{"an endless number", "<OtherCachedUpdateIDs><int>" + strings.Repeat("9", 100) + "</int></OtherCachedUpdateIDs>", "InvalidParameters parameters.OtherCachedUpdateIDs"},
		{"a word for a boolean", "<SkipSoftwareSync>maybe</SkipSoftwareSync>", "InvalidParameters parameters.SkipSoftwareSync"},
		{"a word for a GUID", "<FilterCategoryIds><CategoryIdentifier><Id>x</Id></CategoryIdentifier></FilterCategoryIds>", "InvalidParameters parameters.FilterCategoryIds"},
		{"a word for a date", device("<DriverVerDate>yesterday</DriverVerDate>"), "InvalidParameters parameters.SystemSpec"},
		{"a word for a version", device("<DriverVerVersion>1.0</DriverVerVersion>"), "InvalidParameters parameters.SystemSpec"},
		{"a rank over 31 bits", device("<DriverRank>2147483648</DriverRank>"), "InvalidParameters parameters.SystemSpec"},
		{"a word for a computer id", device("<MatchingComputerHWID>x</MatchingComputerHWID>"), "InvalidParameters parameters.SystemSpec"},
		{"white space and a comment", "<OtherCachedUpdateIDs>\n <int> 1<!-- one --> </int>\n</OtherCachedUpdateIDs>", "none"},
		{"a character reference", "<OtherCachedUpdateIDs><int>&#49;</int></OtherCachedUpdateIDs>", "none"},
		{"unknown elements", "<Mood><int>x</int></Mood><OtherCachedUpdateIDs><long>x</long><int>1</int></OtherCachedUpdateIDs>", "none"},
		{"unknown elements in lists", "<FilterCategoryIds><Mood>x</Mood><CategoryIdentifier><Mood>x</Mood></CategoryIdentifier></FilterCategoryIds>" +
			"<ComputerSpec><Mood/><HardwareIDs><Mood>x</Mood></HardwareIDs></ComputerSpec><SystemSpec><Mood/></SystemSpec>", "none"},
		{"elements of another namespace", `<m:SkipSoftwareSync xmlns:m="urn:mood">maybe</m:SkipSoftwareSync>`, "none"},
		{"attributes and nil lists", `<OtherCachedUpdateIDs xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>`, "none"},
		{"empty lists", "<InstalledNonLeafUpdateIDs/><OtherCachedUpdateIDs></OtherCachedUpdateIDs><SystemSpec/><FilterCategoryIds/><ComputerSpec/>", "none"},
	} {
		if got := w.sync(w.cookie(), tt.parameters).fault(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := w.call("SyncUpdates", cookieXML("cookie", w.cookie())).fault(); got != "InvalidParameters parameters" {
		t.Errorf("no parameters: %q", got)
	}
	if got := w.sync(w.cookie(), "<OtherCachedUpdateIDs><int>&#49;</int></OtherCachedUpdateIDs>").updates("NewUpdates"); len(got) != 0 {
		t.Errorf("revision 1 is held, but new: %v", got)
	}
	for name, body := range map[string]string{
		"cut short":       `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><SyncUpdates `,
		"no XML":          "hello",
		"empty":           "",
		"another element": envelope("urn:x", "SyncUpdates", ""),
	} {
		if got := w.post(clientPath, body).fault(); !strings.HasPrefix(got, "InvalidParameters") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
