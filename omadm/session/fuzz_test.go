package session_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
)

// FuzzSession posts bytes to a session that waits for the device's second
// message: there is always an answer, and one that can be read.
func FuzzSession(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, st := range steps(string(text)) {
			if st.head[0] != "device" {
				continue
			}
			m := fromDevice(f, st)
			for _, enc := range []syncml.Encoding{syncml.XML, syncml.WBXML} {
				b, err := enc.Encode(m)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(b, enc == syncml.WBXML, strings.Contains(file, "server"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, wbxml, nameless bool) {
		env := envelope{certificate: "D1", encoding: syncml.XML}
		if wbxml {
			env.encoding = syncml.WBXML
		}
		w := newWorld(t, session.Limits{Message: 4_000, Object: 2_000, Answers: 20_000})
		w.script.large = true
		w.script.say = [][]device.Command{
			{{Verb: device.Get, URI: "./A"}, {Verb: device.Atomic, Commands: []device.Command{{Verb: device.Delete, URI: "./B"}}}},
			{{Verb: device.Replace, URI: "./C", Data: strings.Repeat("<value>", 2_000)}, {Verb: device.Exec, URI: "./D", Once: 1}},
		}
		w.send(env, message(t, "D1", "1", 1, "1 Alert 1201", "Final"))
		if nameless {
			env.certificate = ""
		}
		for range 2 { // it may come again
			rec := w.post(env, body)
			if rec.Code != http.StatusOK {
				continue
			}
			m, err := env.encoding.Decode(rec.Body.Bytes())
			if err != nil {
				t.Fatalf("answer %q: %v", rec.Body, err)
			}
			if len(m.Commands) == 0 || m.Commands[0].Cmd != "SyncHdr" {
				t.Fatalf("answer %q", lines(m))
			}
		}
	})
}
