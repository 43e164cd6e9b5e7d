package syncml_test

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/syncml"
)

// libwbxml finds a program of the Debian package libwbxml2-utils: an
// implementation of WBXML that owes nothing to this one.
func libwbxml(t *testing.T, program string, args ...string) func(tb testing.TB, in []byte) []byte {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s of libwbxml2-utils is not installed: %v", program, err)
	}
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		var out, errs bytes.Buffer
		c := exec.CommandContext(tb.Context(), path, append(args, "-o", "-", "-")...)
		c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(in), &out, &errs
		if err := c.Run(); err != nil {
			tb.Fatalf("%s: %v: %s", program, err, errs.Bytes())
		}
		return out.Bytes()
	}
}

// plainMessages are messages that libwbxml does not alter: it cuts white space
// off texts, leaves attributes out, knows no value of bytes, and writes a CDATA
// section that it ends too early where a value has "]]>" in it.
func plainMessages(t *testing.T) map[string]*syncml.Message {
	all := everything()
	plain := func(commands []syncml.Command) {
		for i := range commands {
			commands[i].OriginalError = ""
			for j := range commands[i].Items {
				item := &commands[i].Items[j]
				if item.HasData {
					item.Data = "a <b>&amp;</b> \u20AC \U0001F512"
				}
			}
		}
	}
	plain(all.Commands)
	for i := range all.Commands {
		plain(all.Commands[i].Commands)
	}
	m := map[string]*syncml.Message{"everything": all}
	for _, name := range []string{"package1", "results", "server", "several"} {
		m[name] = fromXML(t, fixture(t, name+".xml"))
		plain(m[name].Commands)
	}
	return m
}

// TestReadLibwbxml reads what libwbxml has made of our XML, with a string table
// and without one.
func TestReadLibwbxml(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{{"-v", "1.1"}, {"-v", "1.2", "-n"}, {"-v", "1.3"}, {"-a"}} {
		convert := libwbxml(t, "xml2wbxml", options...)
		for name, want := range plainMessages(t) {
			t.Run(options[len(options)-1]+"/"+name, func(t *testing.T) {
				t.Parallel()
				doc := convert(t, []byte(xmlOf(t, want)))
				if diff := cmp.Diff(want, fromWBXML(t, doc)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestLibwbxmlReads has libwbxml make XML of our WBXML.
func TestLibwbxmlReads(t *testing.T) {
	t.Parallel()
	convert := libwbxml(t, "wbxml2xml", "-m", "0")
	for name, want := range plainMessages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := convert(t, wbxmlOf(t, want))
			if diff := cmp.Diff(want, fromXML(t, doc)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
