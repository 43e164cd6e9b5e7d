package syncml_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/syncml"
)

func TestDecodeXML(t *testing.T) {
	t.Parallel()
	got := fromXML(t, fixture(t, "results.xml"))
	want := &syncml.Message{
		Header: syncml.Header{
			VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "7", MsgID: "3",
			Target: syncml.Location{URI: "https://sluice.example/ManagementServer/MDM.svc"},
			Source: syncml.Location{URI: "00112233445566778899AABBCCDDEEFF"},
			Meta:   &syncml.Meta{MaxMsgSize: 524288, MaxObjSize: 1048576},
		},
		Commands: []syncml.Command{
			{Kind: syncml.Status, CmdID: "1", MsgRef: "2", CmdRef: "0", Cmd: "SyncHdr", Data: "200"},
			{Kind: syncml.Status, CmdID: "2", MsgRef: "2", CmdRef: "5", Cmd: "Get", Data: "200",
				TargetRefs: []string{"./DevDetail/SwV"}},
			{Kind: syncml.Status, CmdID: "3", MsgRef: "2", CmdRef: "5", Cmd: "Get", Data: "404",
				TargetRefs: []string{"./Vendor/MSFT/Update/FailedUpdates"}, OriginalError: "0x86000002"},
			{Kind: syncml.Results, CmdID: "4", MsgRef: "2", CmdRef: "5", Items: []syncml.Item{
				{Source: &syncml.Location{URI: "./DevDetail/SwV"}, Data: "10.0.19045.4291", HasData: true},
				{Source: &syncml.Location{URI: "./Vendor/MSFT/Update/InstalledUpdates"},
					Meta: &syncml.Meta{Format: "node", Type: "text/plain"}, Data: "1b9a/2c8d", HasData: true},
			}},
		},
		Final: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	roundTrip(t, got)
}

// TestSeveralInOne reads the example that Microsoft gives for the Update area of
// the Policy CSP: SyncML 1.1, no SyncHdr, a Replace with a CmdID in front of each
// Item, and a blank behind a LocURI.
func TestSeveralInOne(t *testing.T) {
	t.Parallel()
	replace := func(id, name string) syncml.Command {
		return syncml.Command{Kind: syncml.Replace, CmdID: id, Items: []syncml.Item{{
			Target: &syncml.Location{URI: "./Vendor/MSFT/Policy/Config/Update/" + name},
			Meta:   &syncml.Meta{Format: "int", Type: "text/plain"},
			Data:   "0", HasData: true,
		}}}
	}
	want := &syncml.Message{Commands: []syncml.Command{
		replace("1", "AllowUpdateService"),
		replace("2", "RequireDeferUpgrade"),
		replace("3", "RequireUpdateApproval"),
	}, Final: true}
	got := fromXML(t, fixture(t, "several.xml"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	roundTrip(t, got)
}

// body reads a document with that SyncBody and nothing else.
func body(commands string) string {
	return `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncBody>` + commands + `</SyncBody></SyncML>`
}

func item(children string) string {
	return body("<Replace><CmdID>1</CmdID><Item>" + children + "</Item></Replace>")
}

// TestDecodeXMLLenient reads what real clients, and examples in specifications,
// write other than the DTD says.
func TestDecodeXMLLenient(t *testing.T) {
	t.Parallel()
	replace := func(i syncml.Item) *syncml.Message {
		return &syncml.Message{Commands: []syncml.Command{{Kind: syncml.Replace, CmdID: "1", Items: []syncml.Item{i}}}}
	}
	data := func(s string) *syncml.Message { return replace(syncml.Item{Data: s, HasData: true}) }
	typed := replace(syncml.Item{Meta: &syncml.Meta{Type: "a"}})
	for _, tt := range []struct {
		name, in string
		want     *syncml.Message
	}{
		{"byte order mark, declaration, document type", "\xEF\xBB\xBF<?xml version=\"1.0\"?>\r\n" +
			`<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" "x.dtd">` + body("<Final/>"), &syncml.Message{Final: true}},
		{"no namespace, prefixes, comments", `<s:SyncML xmlns:s="syncml:SYNCML1.2"><!-- c --><SyncBody><s:Final></s:Final></SyncBody></s:SyncML>`,
			&syncml.Message{Final: true}},
		{"empty header", `<SyncML><SyncHdr/><SyncBody/></SyncML>`, &syncml.Message{}},
		{"document type in a value", item("<Data><![CDATA[<!DOCTYPE a>]]></Data>"), data("<!DOCTYPE a>")},
		{"white space round texts", "<SyncML><SyncHdr><MsgID>\r\n 2\t</MsgID></SyncHdr><SyncBody/></SyncML>",
			&syncml.Message{Header: syncml.Header{MsgID: "2"}}},
		{"white space round numbers", item("<Meta><Size> 7 </Size><MaxObjSize/></Meta>"), replace(syncml.Item{Meta: &syncml.Meta{Size: 7}})},
		{"order of children", body("<Replace><Item><Data>x</Data><Target><LocURI>a</LocURI></Target></Item><CmdID>1</CmdID></Replace>"),
			replace(syncml.Item{Target: &syncml.Location{URI: "a"}, Data: "x", HasData: true})},
		{"Meta without a namespace", item("<Meta><Type>a</Type></Meta>"), typed},
		{"Meta with another namespace", item(`<Meta xmlns="SYNCML:METINF"><Type>a</Type></Meta>`), typed},
		{"MetInf in Meta", item(`<Meta><MetInf xmlns="syncml:metinf"><Type>a</Type></MetInf></Meta>`), typed},
		{"Type beside Meta", item(`<Meta></Meta><Type xmlns="syncml:metinf"> a</Type>`), typed},
		{"Meta of data synchronization", item(`<Meta><Anchor><Next>1</Next></Anchor><Mem><FreeMem>2</FreeMem></Mem><Type>a</Type></Meta>`), typed},
		{"Target is empty", item("<Target/>"), replace(syncml.Item{Target: &syncml.Location{}})},
		{"value is empty", item("<Data/>"), data("")},
		{"value with white space", item("<Data> a\r\nb </Data>"), data(" a\nb ")},
		{"value in CDATA", item("<Data>1<![CDATA[ <a>&amp;</a> ]]>2</Data>"), data("1 <a>&amp;</a> 2")},
		{"value with references", item("<Data>&lt;&#13;&#x20AC;&quot;</Data>"), data("<\r\u20AC\"")},
		{"value with a comment", item("<Data>a<!-- b -->c</Data>"), data("ac")},
		{"value of elements", item(`<Data> <DevInf xmlns="syncml:devinf"><Man>A&amp;B</Man><x/></DevInf> </Data>`),
			data(`<DevInf xmlns="syncml:devinf"><Man>A&amp;B</Man><x/></DevInf>`)},
		{"reference in an element", body("<Status><TargetRef><LocURI> ./A </LocURI></TargetRef><SourceRef>b</SourceRef></Status>"),
			&syncml.Message{Commands: []syncml.Command{{Kind: syncml.Status, TargetRefs: []string{"./A"}, SourceRefs: []string{"b"}}}}},
		{"error on Status", body(`<Status xmlns:m="urn:m" m:originalerror=" 0x1&#48;"><Data>500</Data></Status>`),
			&syncml.Message{Commands: []syncml.Command{{Kind: syncml.Status, Data: "500", OriginalError: "0x10"}}}},
		{"no CmdID, no Item", body("<Get/>"), &syncml.Message{Commands: []syncml.Command{{Kind: syncml.Get}}}},
		{"commands of data synchronization", body(`<Put><CmdID>1</CmdID><Meta><Type xmlns="syncml:metinf">a</Type></Meta><Item><Data>x</Data></Item></Put>` +
			`<Search><CmdID>2</CmdID><NoResp/><NoResults/><Source><LocURI>a</LocURI></Source><Meta/><Data/></Search>` +
			`<Sync><CmdID>3</CmdID><Add><CmdID>4</CmdID><Item><Data>x</Data></Item></Add></Sync><Map><CmdID>5</CmdID><MapItem/></Map>`),
			&syncml.Message{Commands: []syncml.Command{{Kind: syncml.Put, CmdID: "1"}, {Kind: syncml.Search, CmdID: "2", NoResp: true},
				{Kind: syncml.Sync, CmdID: "3"}, {Kind: syncml.Map, CmdID: "5"}}}},
		{"credentials in lines", body("<Get><Cred><Meta><Format>b64</Format></Meta><Data>\r\nQQ==\r\n</Data></Cred></Get>"),
			&syncml.Message{Commands: []syncml.Command{{Kind: syncml.Get, Cred: &syncml.Cred{Format: "b64", Data: "QQ=="}}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, fromXML(t, tt.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			roundTrip(t, tt.want)
		})
	}
}

// TestDecodeXMLShared: what stands before the first Item of several commands in
// one element is of all of them.
func TestDecodeXMLShared(t *testing.T) {
	t.Parallel()
	m := fromXML(t, body("<Add><NoResp/><Meta><Format>int</Format></Meta><CmdID>1</CmdID><Item/><Item/><CmdID>2</CmdID><Item/></Add>"))
	meta := &syncml.Meta{Format: "int"}
	want := []syncml.Command{
		{Kind: syncml.Add, CmdID: "1", NoResp: true, Meta: meta, Items: make([]syncml.Item, 2)},
		{Kind: syncml.Add, CmdID: "2", NoResp: true, Meta: meta, Items: make([]syncml.Item, 1)},
	}
	if diff := cmp.Diff(want, m.Commands); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeXMLRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", "syncml: no element at byte 0"},
		{"no XML", "POST", "syncml: character data outside of an element at byte 0"},
		{"UTF-16", "\xFF\xFE<\x00", "syncml: UTF-16, not UTF-8 at byte 0"},
		{"not UTF-8", body("<Alert><Data>\xFF</Data></Alert>"), "syncml: SyncBody/Alert/Data: illegal character or invalid UTF-8 at byte 56"},
		{"declarations", `<!DOCTYPE a [<!ENTITY b "c">]><SyncML/>`, "syncml: document type declaration at byte 0"},
		{"entity", body("<Alert><Data>&b;</Data></Alert>"), "syncml: SyncBody/Alert/Data: unknown entity or bad character reference at byte 56"},
		{"another document", "<html/>", `syncml: the document is "html", not SyncML at byte 0`},
		{"another namespace", `<SyncML xmlns="urn:x"/>`, `syncml: the document is "SyncML", not SyncML at byte 0`},
		{"two documents", `<SyncML><SyncBody/></SyncML><a/>`, "syncml: second root element at byte 28"},
		{"no body", `<SyncML><SyncHdr/></SyncML>`, "syncml: no SyncBody at byte 8"},
		{"two headers", `<SyncML><SyncHdr/><SyncHdr/><SyncBody/></SyncML>`, "syncml: SyncHdr twice at byte 18"},
		{"two bodies", `<SyncML><SyncBody/><SyncBody/></SyncML>`, "syncml: SyncBody twice at byte 19"},
		{"header last", `<SyncML><SyncBody/><SyncHdr/></SyncML>`, "syncml: SyncHdr does not belong here at byte 19"},
		{"command outside", `<SyncML><Get/><SyncBody/></SyncML>`, "syncml: Get does not belong here at byte 8"},
		{"text in the body", body("x"), "syncml: SyncBody: text between elements at byte 43"},
		{"unknown in the header", "<SyncML><SyncHdr><a:b xmlns:a='u'/></SyncHdr></SyncML>", `syncml: SyncHdr: unknown element "a:b" at byte 17`},
		{"two in the header", "<SyncML><SyncHdr><MsgID/><MsgID/></SyncHdr></SyncML>", "syncml: SyncHdr: MsgID twice at byte 25"},
		{"misplaced in the header", "<SyncML><SyncHdr><CmdID/></SyncHdr></SyncML>", "syncml: SyncHdr: CmdID does not belong here at byte 17"},
		{"unknown command", body("<Steal/>"), `syncml: SyncBody: unknown element "Steal" at byte 43`},
		{"command of another namespace", body("<Get xmlns='urn:x'/>"), `syncml: SyncBody: unknown element "Get" at byte 43`},
		{"part of a command", body("<MapItem/>"), "syncml: SyncBody: MapItem does not belong here at byte 43"},
		{"unknown in a foreign command", body("<Put><Steal/></Put>"), `syncml: SyncBody/Put: unknown element "Steal" at byte 48`},
		{"two CmdIDs in a foreign command", body("<Map><CmdID/><CmdID/></Map>"), "syncml: SyncBody/Map: CmdID twice at byte 56"},
		{"foreign command in Atomic", body("<Atomic><Put/></Atomic>"), "syncml: SyncBody/Atomic: Put does not belong here at byte 51"},
		{"long name", body("<" + strings.Repeat("\u00FC", 100) + "/>"), `syncml: SyncBody: unknown element "` + strings.Repeat("\u00FC", 20) + `..." at byte 43`},
		{"after Final", body("<Final/><Get/>"), "syncml: SyncBody/Get: an element after Final at byte 51"},
		{"Final with text", body("<Final>1</Final>"), "syncml: SyncBody/Final: text in an element that is to be empty at byte 43"},
		{"field of another command", body("<Get><Data/></Get>"), "syncml: SyncBody/Get: Data does not belong here at byte 48"},
		{"Status in Atomic", body("<Atomic><Status/></Atomic>"), "syncml: SyncBody/Atomic: Status does not belong here at byte 51"},
		{"Item in Atomic", body("<Atomic><Item/></Atomic>"), "syncml: SyncBody/Atomic: Item does not belong here at byte 51"},
		{"two CmdIDs", body("<Get><CmdID>1</CmdID><CmdID>2</CmdID></Get>"), "syncml: SyncBody/Get: CmdID twice at byte 64"},
		{"CmdID without an Item", body("<Get><CmdID>1</CmdID><Item/><CmdID>2</CmdID></Get>"), "syncml: SyncBody: Get: CmdID twice at byte 71"},
		{"two values", item("<Data/><Data/>"), "syncml: SyncBody/Replace/Item: Data twice at byte 81"},
		{"two targets", item("<Target/><Target/>"), "syncml: SyncBody/Replace/Item: Target twice at byte 83"},
		{"two LocURIs", item("<Target><LocURI/><LocURI/></Target>"), "syncml: SyncBody/Replace/Item/Target: LocURI twice at byte 91"},
		{"element in a text", item("<Target><LocURI>a<b/></LocURI></Target>"), `syncml: SyncBody/Replace/Item/Target/LocURI: element "b" in a text at byte 91`},
		{"two LocURIs in a reference", body("<Status><TargetRef><LocURI/><LocURI/></TargetRef></Status>"),
			`syncml: SyncBody/Status/TargetRef: element "LocURI" in a text at byte 71`},
		{"unknown in Meta", item("<Meta><Colour/></Meta>"), `syncml: SyncBody/Replace/Item/Meta: unknown element "Colour" at byte 80`},
		{"command in Meta", item("<Meta><Get/></Meta>"), "syncml: SyncBody/Replace/Item/Meta: Get does not belong here at byte 80"},
		{"two in Meta", item("<Meta><Type/></Meta><Type/>"), "syncml: SyncBody/Replace/Item: Type twice at byte 94"},
		{"no number", item("<Meta><Size>1k</Size></Meta>"), "syncml: SyncBody/Replace/Item/Meta/Size: not a number of bytes at byte 80"},
		{"negative number", item("<Meta><Size>-1</Size></Meta>"), "syncml: SyncBody/Replace/Item/Meta/Size: not a number of bytes at byte 80"},
		{"number beyond 63 bits", item("<Meta><Size>9223372036854775808</Size></Meta>"), "syncml: SyncBody/Replace/Item/Meta/Size: not a number of bytes at byte 80"},
		{"two in Chal", body("<Status><Chal><Meta/><Meta/></Chal></Status>"), "syncml: SyncBody/Status/Chal: Meta twice at byte 64"},
		{"misplaced in Cred", body("<Get><Cred><CmdID/></Cred></Get>"), "syncml: SyncBody/Get/Cred: CmdID does not belong here at byte 54"},
		{"open end", body("<Get>"), "syncml: SyncBody/Get: end tag that does not match its start tag at byte 48"},
		{"cut off", "<SyncML><SyncBody><Get><CmdID>1", "syncml: SyncBody/Get/CmdID: input ends inside an element at byte 31"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := syncml.DecodeXML([]byte(tt.in))
			var syntax *syncml.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %+v, %v (%T), want a *SyntaxError", m, err, err)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestDecodeXMLLimits(t *testing.T) {
	t.Parallel()
	nested := func(n int) string {
		return body(strings.Repeat("<Atomic>", n) + strings.Repeat("</Atomic>", n))
	}
	deep := func(n int) string {
		return item("<Data>" + strings.Repeat("<a>", n) + strings.Repeat("</a>", n) + "</Data>")
	}
	padded := func(n int) string { return body("") + strings.Repeat(" ", n-len(body(""))) }
	for _, tt := range []struct {
		name, at, above, want string
	}{
		{"bytes", padded(syncml.MaxBytes), padded(syncml.MaxBytes + 1), "syncml: more than 8388608 bytes"},
		{"commands", body(strings.Repeat("<Get/>", syncml.MaxCommands)), body(strings.Repeat("<Get/>", syncml.MaxCommands+1)),
			"syncml: more than 20000 commands"},
		{"commands in one element", body("<Get>" + strings.Repeat("<CmdID/><Item/>", syncml.MaxCommands) + "</Get>"),
			body("<Get>" + strings.Repeat("<CmdID/><Item/>", syncml.MaxCommands+1) + "</Get>"), "syncml: more than 20000 commands"},
		{"elements", body("<Get>" + strings.Repeat("<Item/>", syncml.MaxElements-2) + "</Get>"),
			body("<Get>" + strings.Repeat("<Item/>", syncml.MaxElements-1) + "</Get>"), "syncml: more than 200000 elements"},
		{"levels of commands", nested(syncml.MaxNesting + 1), nested(syncml.MaxNesting + 2), "syncml: more than 8 levels of Atomic and Sequence"},
		{"levels of elements", deep(64 - 5), deep(64 - 4), "syncml: more than 64 levels of elements"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fromXML(t, tt.at)
			_, err := syncml.DecodeXML([]byte(tt.above))
			var limit *syncml.LimitError
			if !errors.As(err, &limit) || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
