package syncml_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/syncml"
)

// FuzzDecodeXML checks that what is read can be written and read again, in XML and
// in WBXML.
func FuzzDecodeXML(f *testing.F) {
	seed(f, "*.xml")
	for _, c := range everything().Commands {
		if len(c.Commands) == 0 {
			f.Add([]byte(xmlOf(f, &syncml.Message{Commands: []syncml.Command{c}})))
		}
	}
	for _, doc := range []string{
		`<SyncML><SyncHdr/><SyncBody/></SyncML>`,
		"\xEF\xBB\xBF<?xml version='1.0'?><!DOCTYPE SyncML>" + body("<Final/>"),
		body(`<Atomic><CmdID>1</CmdID><Sequence><Get><CmdID>2</CmdID><Item/><CmdID>3</CmdID><Item/></Get></Sequence></Atomic>`),
		body(`<Status a:originalerror="&#13;0x8" xmlns:a="b"><TargetRef><LocURI>c</LocURI></TargetRef></Status>`),
		body(`<Put><CmdID>1</CmdID><Item><Data>a</Data></Item></Put><Sync><CmdID>2</CmdID><NoResp/><Add><CmdID>3</CmdID></Add></Sync>`),
		item(`<Data> <a b="c"/><!-- d -->&amp;<![CDATA[e]]> </Data>`),
		item(`<Meta><MetInf><Size>1</Size></MetInf><Anchor/></Meta><Type xmlns="syncml:metinf"/><MoreData/>`),
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := syncml.DecodeXML(in)
		if err != nil {
			return
		}
		roundTrip(t, m)
	})
}

// FuzzDecodeWBXML checks that what is read can be written and read again in WBXML,
// and so in XML where it can carry the values.
func FuzzDecodeWBXML(f *testing.F) {
	seed(f, "*.wbxml")
	for _, c := range everything().Commands {
		if len(c.Commands) == 0 {
			f.Add(wbxmlOf(f, &syncml.Message{Commands: []syncml.Command{c}}))
		}
	}
	f.Add(unhex(f, "02 A401 6A 10 'originalerror'00 '8'00 6D 6B 69 CF 04 00 03'0x'00 83 0E 01 03'500'00 01 01"+tail))
	f.Add(unhex(f, "02 A401 6A 02'ab' 6D 6B 45 54 4F 03'a'00 8301 02 81 20 C3 02 00FF 44 00 01 0001 47 01 01 01 01"+tail))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := syncml.DecodeWBXML(in)
		if err != nil {
			return
		}
		doc := wbxmlOf(t, m)
		if diff := cmp.Diff(m, fromWBXML(t, doc)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		checkSizes(t, syncml.WBXML, m, len(doc))
		if doc, err := syncml.EncodeXML(m); err == nil {
			if diff := cmp.Diff(m, fromXML(t, doc)); diff != "" {
				t.Errorf("through XML (-want +got):\n%s", diff)
			}
		}
	})
}

// seed adds the fixtures that match pattern.
func seed(f *testing.F, pattern string) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds %s: %v", pattern, err)
	}
	for _, name := range names {
		f.Add(read(f, name))
	}
}
