package syncml_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/syncml"
)

// unhex reads bytes written as hexadecimal digits, with blanks between them and
// texts in quotes.
func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	var out []byte
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			out = append(out, part...)
			continue
		}
		b, err := hex.DecodeString(strings.Join(strings.Fields(part), ""))
		if err != nil {
			tb.Fatalf("%q: %v", s, err)
		}
		out = append(out, b...)
	}
	return out
}

// Parts of documents: the start of one in WBXML 1.2 without a string table up to
// and into the SyncBody, and its end.
const (
	head = "02 A401 6A 00 6D 6B"
	tail = " 01 01"
)

// TestWBXMLFixtures: libwbxml has written the fixtures in WBXML from those in XML.
func TestWBXMLFixtures(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"package1", "results", "server", "several"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := fromXML(t, fixture(t, name+".xml"))
			// That attribute it leaves out.
			for i := range want.Commands {
				want.Commands[i].OriginalError = ""
			}
			if diff := cmp.Diff(want, fromWBXML(t, fixture(t, name+".wbxml"))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeWBXML(t *testing.T) {
	t.Parallel()
	m := &syncml.Message{
		Header: syncml.Header{MsgID: "1", Meta: &syncml.Meta{MaxMsgSize: 9}},
		Commands: []syncml.Command{
			{Kind: syncml.Status, CmdID: "1", MsgRef: "1", CmdRef: "0", Cmd: "SyncHdr", Data: "500", OriginalError: "0x8"},
			{Kind: syncml.Add, CmdID: "2", Items: []syncml.Item{
				{Meta: &syncml.Meta{Format: "bin"}, Data: strings.Repeat("\x00", 200), HasData: true},
				{HasData: true, MoreData: true},
			}},
		},
		Final: true,
	}
	want := unhex(t, "02 A401 6A 12 'msft:originalerror' 00"+
		" 6D 6C 5B 03'1'00 01 5A 0001 4C 03'9'00 01 01 01"+
		" 0000 6B 69 4B 03'1'00 01 5C 03'1'00 01 4C 03'0'00 01 4A 03'SyncHdr'00 01"+
		" CF 04 00 03'0x8'00 01 03'500'00 01 01"+
		" 45 4B 03'2'00 01 54 5A 0001 47 03'bin'00 01 01 0000 4F C3 8148"+strings.Repeat("00", 200)+" 01 01"+
		" 54 0F 34 01 01 12"+tail)
	want[4] = byte(len("msft:originalerror") + 1)
	if diff := cmp.Diff(hex.EncodeToString(want), hex.EncodeToString(wbxmlOf(t, m))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(m, fromWBXML(t, want)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeWBXML(t *testing.T) {
	t.Parallel()
	alert := func(data string) *syncml.Message {
		return &syncml.Message{Commands: []syncml.Command{{Kind: syncml.Alert, Data: data}}}
	}
	data := func(s string) *syncml.Message {
		return &syncml.Message{Commands: []syncml.Command{{Kind: syncml.Add, Items: []syncml.Item{{Data: s, HasData: true}}}}}
	}
	failed := &syncml.Message{Commands: []syncml.Command{{Kind: syncml.Status, Data: "500", OriginalError: "0x8"}}}
	const add, end = " 45 54 4F ", " 01 01 01"
	for _, tt := range []struct {
		name, in string
		want     *syncml.Message
	}{
		{"WBXML 1.1, public identifier of SyncML 1.1", "01 9F53 6A 00 6D 2B 01", &syncml.Message{}},
		{"WBXML 1.3, public identifier as text, US-ASCII", "03 00 03 03 21 'abc-//SYNCML//DTD SyncML 1.2//EN'00 6D 2B 01", &syncml.Message{}},
		{"public identifier without its end", "02 00 00 6A 1D '-//SYNCML//DTD SyncML 1.1//EN' 6D 2B 01", &syncml.Message{}},
		{"no public identifier", "02 01 6A 00 6D 2B 01", &syncml.Message{}},
		{"string table", "02 A401 6A 06 'xy'00'zz'00 6D 6B 46 4F 83 01 83 03 83 02 01 01" + tail, alert("yzz")},
		{"the end of the string table has no end", "02 A401 6A 02 'xy' 6D 6B 46 4F 83 01 01 01" + tail, alert("y")},
		{"entities", head + " 46 4F 02 81 20 02 81C12C 01 01" + tail, alert("\u00A0\u60AC")},
		{"opaque text", head + " 46 4F C3 05 ' 12' 33 20 01 01" + tail, alert("123")},
		{"strings and opaque bytes", head + add + "03'a'00 C3 02 00FF 03'b'00" + end + tail, data("a\x00\xFFb")},
		{"line ends are kept", head + add + "03'a'0D0A00" + end + tail, data("a\r\n")},
		{"white space between elements", head + " 03'  '0A00 46 C3 01 20 4F 03'1'00 01 01" + tail, alert("1")},
		{"literal element", "02 A401 6A 05 'Data'00 6D 6B 46 44 00 03'1'00 01 01" + tail, alert("1")},
		{"literal empty element", "02 A401 6A 05 'Data'00 6D 6B 46 04 00 01" + tail, alert("")},
		{"elements of MetInf on their page", head + " 46 54 5A 0001 53 03'a'00 01 0000 01 01 01" + tail,
			&syncml.Message{Commands: []syncml.Command{{Kind: syncml.Alert, Items: []syncml.Item{{Meta: &syncml.Meta{Type: "a"}}}}}}},
		{"elements in a value", head + add + "03' a<'00 0001 47 03'&'00 01 15 0000 57 01 03'b '00" + end + tail,
			data(`a&lt;<Format xmlns="syncml:metinf">&amp;</Format><MaxObjSize xmlns="syncml:metinf"></MaxObjSize><LocURI></LocURI>b`)},
		{"literal element in a value", "02 A401 6A 04 'a-b'00 6D 6B" + add + "44 00 03'1'00 01" + end + tail, data("<a-b>1</a-b>")},
		{"attribute", "02 A401 6A 10 'originalerror'00 '8'00 6D 6B 69 CF 04 00 03'0x'00 83 0E 01 03'500'00 01 01" + tail, failed},
		{"attributes", "02 A401 6A 16 'm:originalerror'00 'xmlns'00 6D 6B E9 04 10 03'urn:m'00 04 00 0000 02 30 03'x8'00 01 4F 03'500'00 01 01" + tail, failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := fromWBXML(t, unhex(t, tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, fromWBXML(t, wbxmlOf(t, got))); diff != "" {
				t.Errorf("written and read (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeWBXMLRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", "syncml: document ends too early at byte 0"},
		{"XML", "'<SyncML/>'", "syncml: not WBXML 1.1 to 1.3 at byte 0"},
		{"WBXML 1.0", "00 A401 6A 00 6D 2B 01", "syncml: not WBXML 1.1 to 1.3 at byte 0"},
		{"public identifier of WML", "02 04 6A 00 6D 2B 01", "syncml: public identifier is not that of SyncML 1.1 or 1.2 at byte 1"},
		{"public identifier of SyncML 1.0", "02 00 00 6A 1E '-//SYNCML//DTD SyncML 1.0//EN'00 6D 2B 01",
			"syncml: public identifier is not that of SyncML 1.1 or 1.2 at byte 1"},
		{"public identifier outside", "02 00 05 6A 05 'abcd'00 6D 2B 01", "syncml: offset beyond the end of the string table at byte 1"},
		{"character set", "02 A401 04 00 6D 2B 01", "syncml: character set 4, not UTF-8 or US-ASCII at byte 3"},
		{"string table cut off", "02 A401 6A 05 'abcd'", "syncml: length beyond the end of the document at byte 5"},
		{"string table of 4 GiB", "02 A401 6A 8FFFFFFF7F 00", "syncml: length beyond the end of the document at byte 9"},
		{"number of 33 bits", "02 A401 6A 9FFFFFFF7F 00", "syncml: number of more than 32 bits at byte 4"},
		{"number of six bytes", "02 A401 6A 80808080 8001 00", "syncml: number of more than 32 bits at byte 4"},
		{"no root", "02 A401 6A 00", "syncml: document ends too early at byte 5"},
		{"END for a root", "02 A401 6A 00 01", "syncml: END without an element at byte 5"},
		{"text for a root", "02 A401 6A 00 03'x'00 6D 2B 01", "syncml: text between elements at byte 5"},
		{"another root", "02 A401 6A 00 6B 01", `syncml: the document is "SyncBody", not SyncML at byte 5`},
		{"empty root", "02 A401 6A 00 2D", "syncml: no SyncBody at byte 5"},
		{"bytes behind", head + tail + "00", "syncml: bytes after the document at byte 9"},
		{"cut off", head + "01", "syncml: document ends too early at byte 8"},
		{"token of no element", head + " 3F" + tail, `syncml: SyncBody: unknown element "token 0x3f of page 0" at byte 7`},
		{"token of no element in MetInf", head + " 46 54 5A 0001 57 01", `syncml: SyncBody/Alert/Item/Meta: unknown element "token 0x17 of page 1" at byte 12`},
		{"code page", head + " 0002 05" + tail, `syncml: SyncBody: unknown element "token 0x5 of page 2" at byte 9`},
		{"unknown literal", "02 A401 6A 04 'Put1' 6D 6B 04 00" + tail, `syncml: SyncBody: unknown element "Put1" at byte 11`},
		{"literal outside", "02 A401 6A 04 'Get'00 6D 6B 04 04" + tail, "syncml: SyncBody: offset beyond the end of the string table at byte 11"},
		{"string outside", "02 A401 6A 04 'abc'00 6D 6B 46 4F 83 04 01 01" + tail, "syncml: SyncBody/Alert/Data: offset beyond the end of the string table at byte 13"},
		{"string far outside", "02 A401 6A 04 'abc'00 6D 6B 46 4F 83 8FFFFFFF7F 01 01" + tail, "syncml: SyncBody/Alert/Data: offset beyond the end of the string table at byte 13"},
		{"string without a table", head + " 46 4F 83 00 01 01" + tail, "syncml: SyncBody/Alert/Data: offset beyond the end of the string table at byte 9"},
		{"string without an end", head + " 46 4F 03'abc'", "syncml: SyncBody/Alert/Data: inline string without an end at byte 9"},
		{"string that is not UTF-8", head + " 46 4F 03 C3 00 01 01" + tail, "syncml: SyncBody/Alert/Data: illegal character or invalid UTF-8 at byte 9"},
		{"string with a control character", head + " 46 4F 03 0B 00 01 01" + tail, "syncml: SyncBody/Alert/Data: illegal character or invalid UTF-8 at byte 9"},
		{"string that is not US-ASCII", "02 A401 03 00 6D 6B 46 4F 03 C3BC 00 01 01" + tail, "syncml: SyncBody/Alert/Data: character that is not in US-ASCII at byte 9"},
		{"opaque bytes for a text", head + " 46 4F C3 01 00 01 01" + tail, "syncml: SyncBody/Alert/Data: bytes that are no text at byte 9"},
		{"opaque bytes cut off", head + " 46 4F C3 05 01 01" + tail, "syncml: SyncBody/Alert/Data: length beyond the end of the document at byte 11"},
		{"entity of no character", head + " 46 4F 02 00 01 01" + tail, "syncml: SyncBody/Alert/Data: entity that is no character at byte 9"},
		{"entity of a surrogate", head + " 46 4F 02 83B000 01 01" + tail, "syncml: SyncBody/Alert/Data: entity that is no character at byte 9"},
		{"entity beyond Unicode", head + " 46 4F 02 8FFFFFFF7F 01 01" + tail, "syncml: SyncBody/Alert/Data: entity that is no character at byte 9"},
		{"extension", head + " 46 4F 80 01 01 01" + tail, "syncml: SyncBody/Alert/Data: token 0x80 is not of SyncML at byte 9"},
		{"processing instruction", head + " 43 01" + tail, "syncml: SyncBody: token 0x43 is not of SyncML at byte 7"},
		{"element in a text", head + " 46 4B 4F 01 01 01" + tail, `syncml: SyncBody/Alert/CmdID: element "Data" in a text at byte 9`},
		{"text in the body", head + " 03'x'00" + tail, "syncml: SyncBody: text between elements at byte 7"},
		{"unknown element in a value", head + " 45 54 4F 3F 01 01 01" + tail, `syncml: SyncBody/Add/Item/Data: element "token 0x3f of page 0" in a value at byte 10`},
		{"markup as a name", "02 A401 6A 04 'a/>'00 6D 6B 45 54 4F 04 00 01 01 01" + tail, `syncml: SyncBody/Add/Item/Data: element "a/>" in a value at byte 14`},
		{"bytes among elements", head + " 45 54 4F C3 01 00 12 01 01 01" + tail, "syncml: SyncBody/Add/Item/Data: bytes that are no text among elements at byte 13"},
		{"attribute of no table", head + " C6 05 01 01" + tail, "syncml: SyncBody: attribute of no table at byte 8"},
		{"value without an attribute", head + " C6 03'x'00 01 01" + tail, "syncml: SyncBody: attribute of no table at byte 8"},
		{"attribute outside", head + " C6 04 00 01 01" + tail, "syncml: SyncBody: offset beyond the end of the string table at byte 8"},
		{"attribute of a table's value", "02 A401 6A 02 'a'00 6D 6B C6 04 00 85 01 01" + tail, "syncml: SyncBody: token 0x85 is not of SyncML at byte 12"},
		{"attribute without an end", "02 A401 6A 02 'a'00 6D 6B C6 04 00", "syncml: SyncBody: document ends too early at byte 12"},
		{"attribute of bytes", "02 A401 6A 0E 'originalerror'00 6D 6B E9 04 00 C3 01 00 01 01" + tail, "syncml: SyncBody: attribute that is no text at byte 21"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := syncml.DecodeWBXML(unhex(t, tt.in))
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

func TestDecodeWBXMLLimits(t *testing.T) {
	t.Parallel()
	nest := func(n int) []byte {
		return unhex(t, head+" 45 54 4F"+strings.Repeat("4F", n)+strings.Repeat("01", n)+" 01 01 01"+tail)
	}
	// A kilobyte in the string table, referred to n times by two bytes each.
	table := "02 A401 6A 8800 '" + strings.Repeat("x", 1024) + "'"
	refer := func(n int) []byte {
		return unhex(t, table+" 6D 6B 45 54 4F"+strings.Repeat("8300", n)+" 01 01 01"+tail)
	}
	names := func(n int) []byte {
		return unhex(t, table+" 6D 6B 45 54 4F"+strings.Repeat("0400", n)+" 01 01 01"+tail)
	}
	attrs := func(n int) []byte {
		return unhex(t, table+" 6D 6B C6"+strings.Repeat("0400", n)+" 01 01"+tail)
	}
	large := append(unhex(t, head+" 46 4F C3 83FFFF60"), make([]byte, syncml.MaxBytes)...)
	for _, tt := range []struct {
		name      string
		at, above []byte
		want      string
	}{
		{"bytes", unhex(t, head+tail), large, "syncml: more than 8388608 bytes"},
		{"levels of elements", nest(64 - 5), nest(64 - 4), "syncml: more than 64 levels of elements"},
		{"commands", unhex(t, head+strings.Repeat("13", syncml.MaxCommands)+tail),
			unhex(t, head+strings.Repeat("13", syncml.MaxCommands+1)+tail), "syncml: more than 20000 commands"},
		{"elements", unhex(t, head+" 53"+strings.Repeat("14", syncml.MaxElements-2)+" 01"+tail),
			unhex(t, head+" 53"+strings.Repeat("14", syncml.MaxElements-1)+" 01"+tail), "syncml: more than 200000 elements"},
		{"references", refer(1024), refer(1025), "syncml: more than 1048576 bytes from the string table"},
		{"names of elements", names(341), names(342), "syncml: more than 1048576 bytes from the string table"},
		{"names of attributes", attrs(1024), attrs(1025), "syncml: more than 1048576 bytes from the string table"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fromWBXML(t, tt.at)
			_, err := syncml.DecodeWBXML(tt.above)
			var limit *syncml.LimitError
			if !errors.As(err, &limit) || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// TestDecodeWBXMLCutOff: a document that ends at any byte is refused.
func TestDecodeWBXMLCutOff(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"package1.wbxml", "server.wbxml"} {
		doc := fixture(t, name)
		for n := range doc {
			if m, err := syncml.DecodeWBXML(doc[:n]); err == nil {
				t.Errorf("%s, %d of %d bytes: %+v", name, n, len(doc), m)
			}
		}
	}
}
