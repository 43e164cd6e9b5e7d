package syncml_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/syncml"
)

// TestEncodeXML: what was written by hand in the order of the DTD is written so.
func TestEncodeXML(t *testing.T) {
	t.Parallel()
	doc := string(fixture(t, "server.xml"))
	m := fromXML(t, doc)
	if diff := cmp.Diff(doc, xmlOf(t, m)+"\n"); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	roundTrip(t, m)
}

// everything has each field that a message can have.
func everything() *syncml.Message {
	location := &syncml.Location{URI: "./A", Name: "a"}
	meta := &syncml.Meta{Format: "int", Type: "text/plain", Mark: "critical", Size: math.MaxInt64, NextNonce: "YQ==",
		Version: "1", MaxMsgSize: 2, MaxObjSize: 3, EMI: []string{"x", ""}}
	item := syncml.Item{Target: location, Source: location, Meta: meta, Data: " a\rb ", HasData: true, MoreData: true}
	cred := &syncml.Cred{Format: "b64", Type: "syncml:auth-basic", Data: "YTpi"}
	items := func(kind syncml.Kind) syncml.Command {
		return syncml.Command{Kind: kind, CmdID: "1", NoResp: true, Cred: cred, Meta: meta, Items: []syncml.Item{item, item}}
	}
	get, exec := items(syncml.Get), items(syncml.Exec)
	get.Lang, exec.Correlator = "de", "c"
	alert := syncml.Command{Kind: syncml.Alert, CmdID: "2", NoResp: true, Cred: cred, Data: "1226", Correlator: "c", Items: []syncml.Item{item}}
	inner := []syncml.Command{items(syncml.Add), alert, items(syncml.Copy), items(syncml.Delete), exec, get, items(syncml.Replace)}
	group := func(kind syncml.Kind, commands ...syncml.Command) syncml.Command {
		return syncml.Command{Kind: kind, CmdID: "3", NoResp: true, Meta: meta, Commands: commands}
	}
	refs := []string{"./A", ""}
	return &syncml.Message{
		Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "2", Target: *location, Source: *location,
			RespURI: "http://r", NoResp: true, Cred: cred, Meta: meta},
		Commands: append(inner,
			group(syncml.Atomic, append(inner, group(syncml.Sequence, inner...))...),
			group(syncml.Sequence, group(syncml.Atomic)),
			syncml.Command{Kind: syncml.Results, CmdID: "4", MsgRef: "1", CmdRef: "2", Cmd: "Get", Meta: meta,
				TargetRefs: refs, SourceRefs: refs, Items: []syncml.Item{item, {}}},
			syncml.Command{Kind: syncml.Status, CmdID: "5", MsgRef: "1", CmdRef: "2", Cmd: "Get", TargetRefs: refs, SourceRefs: refs,
				Cred: cred, Chal: meta, Data: "500", OriginalError: "0x8", Items: []syncml.Item{item}},
			syncml.Command{Kind: syncml.Status, OriginalError: `"<&>"`},
		),
		Final: true,
	}
}

func TestEverything(t *testing.T) {
	t.Parallel()
	roundTrip(t, everything())
}

func TestEncodeAppends(t *testing.T) {
	t.Parallel()
	m := everything()
	for _, e := range []syncml.Encoding{syncml.XML, syncml.WBXML} {
		want, err := e.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Append([]byte("before"), m)
		if err != nil || string(got) != "before"+string(want) {
			t.Errorf("%s: appended %q, %v, want %q", e.ContentType(), got, err, want)
		}
		m := &syncml.Message{Commands: []syncml.Command{{Kind: "Steal"}}}
		if got, err := e.Append([]byte("before"), m); err == nil || string(got) != "before" {
			t.Errorf("%s: on an error appended %q, %v", e.ContentType(), got, err)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	nested := syncml.Command{Kind: syncml.Atomic}
	for range syncml.MaxNesting + 1 {
		nested = syncml.Command{Kind: syncml.Atomic, Commands: []syncml.Command{nested}}
	}
	data := func(s string) syncml.Command {
		return syncml.Command{Kind: syncml.Alert, CmdID: "7", Data: s}
	}
	const character = `syncml: write "Alert" "7": Data: a character that XML cannot carry`
	for _, tt := range []struct {
		name string
		c    syncml.Command
		want string
	}{
		{"no kind", syncml.Command{}, `syncml: write "" "": no such command`},
		{"another element", syncml.Command{Kind: "Item"}, `syncml: write "Item" "": no such command`},
		{"value in Get", syncml.Command{Kind: syncml.Get, CmdID: "1", Data: "x"}, `syncml: write "Get" "1": it cannot have Data`},
		{"items in Atomic", syncml.Command{Kind: syncml.Atomic, Items: make([]syncml.Item, 1)}, `syncml: write "Atomic" "": it cannot have Item`},
		{"Meta in Status", syncml.Command{Kind: syncml.Status, Meta: &syncml.Meta{}}, `syncml: write "Status" "": it cannot have Meta`},
		{"Cred in Results", syncml.Command{Kind: syncml.Results, Cred: &syncml.Cred{}}, `syncml: write "Results" "": it cannot have Cred`},
		{"Chal in Alert", syncml.Command{Kind: syncml.Alert, Chal: &syncml.Meta{}}, `syncml: write "Alert" "": it cannot have Chal`},
		{"NoResp in Status", syncml.Command{Kind: syncml.Status, NoResp: true}, `syncml: write "Status" "": it cannot have NoResp`},
		{"references in Get", syncml.Command{Kind: syncml.Get, TargetRefs: []string{"a"}}, `syncml: write "Get" "": it cannot have TargetRef`},
		{"error in Get", syncml.Command{Kind: syncml.Get, OriginalError: "1"}, `syncml: write "Get" "": msft:originalerror in Get`},
		{"commands in Get", syncml.Command{Kind: syncml.Get, Commands: []syncml.Command{{Kind: syncml.Get}}}, `syncml: write "Get" "": Get inside of Get`},
		{"Status in Atomic", syncml.Command{Kind: syncml.Atomic, Commands: []syncml.Command{{Kind: syncml.Status}}}, `syncml: write "Atomic" "": Status inside of Atomic`},
		{"too many levels", nested, `syncml: write "Atomic" "": more than 8 levels of Atomic and Sequence`},
		{"size below 0", syncml.Command{Kind: syncml.Get, Meta: &syncml.Meta{Size: -1}}, `syncml: write "Get" "": Size is below 0`},
		{"NUL", data("\x00"), character},
		{"control character", data("a\x0Bb"), character},
		{"not UTF-8", data("a\xC3"), character},
		{"surrogate", data("\xED\xA0\x80"), character},
		{"U+FFFF", data("\uFFFF"), character},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &syncml.Message{Commands: []syncml.Command{tt.c}}
			for _, e := range []syncml.Encoding{syncml.XML, syncml.WBXML} {
				if b, err := e.Encode(m); err == nil || err.Error() != tt.want {
					t.Errorf("%s: got %q, %v\nwant %s", e.ContentType(), b, err, tt.want)
				}
			}
		})
	}
}

// TestValueOfBytes: only WBXML carries a value that is no text.
func TestValueOfBytes(t *testing.T) {
	t.Parallel()
	m := &syncml.Message{Commands: []syncml.Command{{Kind: syncml.Add, CmdID: "1",
		Cred:  &syncml.Cred{Type: "syncml:auth-md5", Data: " \x00\xFF "},
		Items: []syncml.Item{{Data: "\x01", HasData: true}},
	}}}
	if diff := cmp.Diff(m, fromWBXML(t, wbxmlOf(t, m))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := syncml.EncodeXML(m); err == nil {
		t.Error("written in XML")
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	m := &syncml.Message{Final: true}
	for _, tt := range []struct {
		contentType string
		want        syncml.Encoding
	}{
		{"application/vnd.syncml.dm+xml", syncml.XML},
		{"application/vnd.syncml.dm+xml; charset=utf-8", syncml.XML},
		{"Application/VND.SyncML.DM+XML;charset", syncml.XML},
		{" application/vnd.syncml.dm+wbxml ;x", syncml.WBXML},
		{"application/vnd.syncml+xml", 0},
		{"text/xml", 0},
		{"", 0},
	} {
		got, err := syncml.ParseContentType(tt.contentType)
		if got != tt.want || errors.Is(err, syncml.ErrContentType) != (tt.want == 0) {
			t.Errorf("ParseContentType(%q) = %v, %v, want %v", tt.contentType, got, err, tt.want)
		}
		doc, err := syncml.Encode(tt.contentType, m)
		if (err == nil) != (tt.want != 0) {
			t.Errorf("Encode(%q): %v", tt.contentType, err)
		}
		back, err := syncml.Decode(tt.contentType, doc)
		if tt.want == 0 {
			if !errors.Is(err, syncml.ErrContentType) {
				t.Errorf("Decode(%q): %v, want %v", tt.contentType, err, syncml.ErrContentType)
			}
			continue
		}
		if diff := cmp.Diff(m, back); err != nil || diff != "" {
			t.Errorf("Decode(%q): %v (-want +got):\n%s", tt.contentType, err, diff)
		}
		if again, err := syncml.ParseContentType(got.ContentType()); again != got || err != nil {
			t.Errorf("ParseContentType(%q) = %v, %v, want %v", got.ContentType(), again, err, got)
		}
	}
}
