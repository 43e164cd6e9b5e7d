package syncml_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/omadm/syncml"
)

// fixture reads a file of testdata.
func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	return read(tb, filepath.Join("testdata", name))
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// xmlOf and wbxmlOf write a message that must be writable.
func xmlOf(tb rapid.TB, m *syncml.Message) string {
	tb.Helper()
	b, err := syncml.EncodeXML(m)
	if err != nil {
		tb.Fatalf("EncodeXML: %v", err)
	}
	return string(b)
}

func wbxmlOf(tb rapid.TB, m *syncml.Message) []byte {
	tb.Helper()
	b, err := syncml.EncodeWBXML(m)
	if err != nil {
		tb.Fatalf("EncodeWBXML: %v", err)
	}
	return b
}

// fromXML and fromWBXML read a document that must be readable.
func fromXML[T string | []byte](tb rapid.TB, doc T) *syncml.Message {
	tb.Helper()
	m, err := syncml.DecodeXML([]byte(doc))
	if err != nil {
		tb.Fatalf("DecodeXML: %v\n%.2000s", err, doc)
	}
	return m
}

func fromWBXML(tb rapid.TB, doc []byte) *syncml.Message {
	tb.Helper()
	m, err := syncml.DecodeWBXML(doc)
	if err != nil {
		tb.Fatalf("DecodeWBXML: %v\n%.1000x", err, doc)
	}
	return m
}

// roundTrip checks that m is the same after it was written and read, in both
// encodings, and that it has the sizes that were told.
func roundTrip(tb rapid.TB, m *syncml.Message) {
	tb.Helper()
	doc := xmlOf(tb, m)
	if diff := cmp.Diff(m, fromXML(tb, doc)); diff != "" {
		tb.Errorf("through XML (-want +got):\n%s\n%s", diff, doc)
	}
	if got := syncml.XML.Size(m); got != len(doc) {
		tb.Errorf("size in XML: told %d, is %d", got, len(doc))
	}
	binary := wbxmlOf(tb, m)
	if diff := cmp.Diff(m, fromWBXML(tb, binary)); diff != "" {
		tb.Errorf("through WBXML (-want +got):\n%s\n%x", diff, binary)
	}
	checkSizes(tb, syncml.XML, m, len(doc))
	checkSizes(tb, syncml.WBXML, m, len(binary))
}

// checkSizes checks what is told of the size of m, which is size.
func checkSizes(tb rapid.TB, e syncml.Encoding, m *syncml.Message, size int) {
	tb.Helper()
	frame := *m
	frame.Commands = nil
	sum := e.Size(&frame)
	for i := range m.Commands {
		sum += e.CommandSize(&m.Commands[i])
	}
	if whole := e.Size(m); sum < size || whole < size || whole > 2*size+64 {
		tb.Errorf("size in %s: told %d, in parts %d, is %d", e.ContentType(), whole, sum, size)
	}
}

// outline says in a line what a message holds: session and message, then the
// commands with their ids, what they answer, and where their items are and what
// these hold.
func outline(m *syncml.Message) string {
	parts := []string{m.Header.SessionID + "." + m.Header.MsgID}
	if m.Header.Cred != nil {
		parts[0] += " " + m.Header.Cred.Type
	}
	for i := range m.Commands {
		parts = append(parts, outlineCommand(&m.Commands[i]))
	}
	if m.Final {
		parts = append(parts, "Final")
	}
	return strings.Join(parts, " | ")
}

func outlineCommand(c *syncml.Command) string {
	words := []string{string(c.Kind), c.CmdID}
	if c.CmdRef != "" {
		words = append(words, "of", c.MsgRef+"."+c.CmdRef)
	}
	words = append(words, c.Cmd, c.Data)
	words = append(words, c.TargetRefs...)
	for _, item := range c.Items {
		var word string
		switch {
		case item.Target != nil:
			word = path.Base(item.Target.URI)
		case item.Source != nil:
			word = path.Base(item.Source.URI)
		case item.Meta != nil:
			word = path.Base(item.Meta.Type)
		}
		if item.Meta != nil && item.Meta.Format != "" {
			word += ":" + item.Meta.Format
		}
		if item.HasData {
			const most = 12
			word += "=" + item.Data[:min(len(item.Data), most)]
		}
		words = append(words, word)
	}
	for i := range c.Commands {
		words = append(words, "("+outlineCommand(&c.Commands[i])+")")
	}
	words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
	return strings.Join(words, " ")
}
