package syncml_test

import (
	"fmt"
	"testing"

	"sluice/omadm/syncml"
)

// manySettings is a message of the server that sets 40 policies.
func manySettings() *syncml.Message {
	m := &syncml.Message{
		Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "7", MsgID: "2",
			Target: syncml.Location{URI: "00112233445566778899AABBCCDDEEFF"},
			Source: syncml.Location{URI: "https://sluice.example/ManagementServer/MDM.svc"}},
		Commands: []syncml.Command{{Kind: syncml.Status, CmdID: "1", MsgRef: "2", CmdRef: "0", Cmd: "SyncHdr", Data: "200"}},
		Final:    true,
	}
	for i := range 40 {
		m.Commands = append(m.Commands, syncml.Command{Kind: syncml.Replace, CmdID: fmt.Sprint(i + 2), Items: []syncml.Item{{
			Target: &syncml.Location{URI: fmt.Sprintf("./Device/Vendor/MSFT/Policy/Config/Update/Setting%d", i)},
			Meta:   &syncml.Meta{Format: "int", Type: "text/plain"}, Data: fmt.Sprint(i), HasData: true,
		}}})
	}
	return m
}

func BenchmarkDecode(b *testing.B) {
	for _, bm := range []struct {
		name string
		m    *syncml.Message
	}{
		{"package1", fromXML(b, fixture(b, "package1.xml"))},
		{"40commands", manySettings()},
	} {
		for name, e := range map[string]syncml.Encoding{"xml": syncml.XML, "wbxml": syncml.WBXML} {
			doc, err := e.Encode(bm.m)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(bm.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(doc)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := e.Decode(doc); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m := manySettings()
	for name, e := range map[string]syncml.Encoding{"xml": syncml.XML, "wbxml": syncml.WBXML} {
		b.Run("40commands/"+name, func(b *testing.B) {
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if buf, err = e.Append(buf[:0], m); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkCommandSize(b *testing.B) {
	m := manySettings()
	b.ReportAllocs()
	for b.Loop() {
		for i := range m.Commands {
			syncml.XML.CommandSize(&m.Commands[i])
		}
	}
}
