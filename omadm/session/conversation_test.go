package session_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
)

var update = flag.Bool("update", false, "rewrite what is expected in testdata")

// step is a block of a conversation: a line and those indented below it.
type step struct {
	head []string
	body []string
}

// TestConversations plays the conversations of testdata/*.txt, in XML and in
// WBXML, or only in XML where sizes matter (*.xml.txt). A file is what a dialogue says (say), what the device sends (device,
// with its MsgID), what comes back (server), and in the end what the dialogue was
// called with (dialogue).
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, enc := range []syncml.Encoding{syncml.XML, syncml.WBXML} {
			if enc == syncml.WBXML && strings.HasSuffix(name, ".xml") {
				continue
			}
			t.Run(name+enc.ContentType()[len("application/vnd.syncml.dm"):], func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				got := play(t, steps(string(text)), enc)
				if *update && enc == syncml.XML {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("%s: -want +got\n%s", file, diff)
				}
			})
		}
	}
}

func steps(text string) []step {
	var all []step
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, " ") {
			last := &all[len(all)-1]
			last.body = append(last.body, line)
			continue
		}
		all = append(all, step{head: []string{line}})
		if !strings.HasPrefix(line, "#") {
			all[len(all)-1].head = words(line)
		}
	}
	return all
}

// play runs a conversation and returns it as it went.
func play(t *testing.T, all []step, enc syncml.Encoding) string {
	w := newWorld(t, session.Limits{Message: 4_000, Object: 2_000, Answers: 20_000, Messages: 12})
	w.script.say = said(t, all)
	env := envelope{certificate: "D1", encoding: enc}
	var answer *syncml.Message
	var sent []byte
	var out strings.Builder
	for _, st := range all {
		body := st.body
		switch st.head[0] {
		case "device":
			m := fromDevice(t, st)
			var err error
			if sent, err = enc.Encode(m); err != nil {
				t.Fatal(err)
			}
			answer = w.sendRaw(env, sent)
			if enc == syncml.XML {
				checkAnswer(t, m, answer)
			}
		case "again": // the same bytes once more
			answer = w.sendRaw(env, sent)
		case "server":
			st.head = []string{"server", answer.Header.MsgID}
			body = indent(lines(answer))
		case "wait":
			d, err := time.ParseDuration(st.head[1])
			if err != nil {
				t.Fatal(err)
			}
			w.pass(d)
			w.engine.Sweep(context.Background())
		case "restart":
			w.restart()
		case "fail":
			w.script.fail = st.head[1]
		case "large":
			w.script.large = true
		case "dialogue":
			body = indent(w.script.calls)
		}
		out.WriteString(strings.Join(st.head, " ") + "\n")
		for _, line := range body {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

func indent(lines []string) []string {
	all := make([]string, len(lines))
	for i, l := range lines {
		all[i] = "  " + l
	}
	return all
}

// checkAnswer checks what holds of any answer.
func checkAnswer(t *testing.T, m, answer *syncml.Message) {
	t.Helper()
	h := answer.Header
	if h.SessionID != m.Header.SessionID || h.Target.URI != m.Header.Source.URI || h.Source.URI != m.Header.Target.URI ||
		h.VerDTD != "1.2" || h.VerProto != "DM/1.2" {
		t.Errorf("header %+v of the answer to %+v", h, m.Header)
	}
	for i, c := range answer.Commands {
		if c.CmdID != strconv.Itoa(i+1) && answer.Commands[max(i-1, 0)].Kind != syncml.Atomic && len(c.Commands) == 0 {
			t.Errorf("command %d has the CmdID %s", i+1, c.CmdID)
		}
	}
	if first := answer.Commands[0]; first.Kind != syncml.Status || first.CmdRef != "0" || first.Cmd != "SyncHdr" || first.MsgRef != m.Header.MsgID {
		t.Errorf("the answer begins with %+v", first)
	}
}

// said returns what the say blocks of a conversation hold: a batch each.
func said(t *testing.T, all []step) (say [][]device.Command) {
	for _, st := range all {
		if st.head[0] != "say" {
			continue
		}
		var batch []device.Command
		for _, line := range st.body {
			line = strings.TrimSpace(line)
			inner := strings.HasPrefix(line, "> ")
			c := command(t, words(strings.TrimPrefix(line, "> ")))
			if inner {
				last := &batch[len(batch)-1]
				last.Commands = append(last.Commands, c)
			} else {
				batch = append(batch, c)
			}
		}
		say = append(say, batch)
	}
	return say
}

// command reads a command of a dialogue: verb, node, and maybe format, type,
// quoted data, long=N for N bytes of data, once=N.
func command(t *testing.T, w []string) device.Command {
	c := device.Command{Verb: device.Verb(w[0])}
	for _, s := range w[1:] {
		key, value, _ := strings.Cut(s, "=")
		n, _ := strconv.Atoi(value)
		switch {
		case s[0] == '"':
			var err error
			if c.Data, err = strconv.Unquote(s); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(s, "./"):
			c.URI = s
		case key == "once":
			c.Once = int64(n)
		case key == "long":
			c.Data = strings.ToValidUTF8(strings.Repeat("<0123456789äöü>", n/18+1)[:n], "")
		case strings.Contains(s, "/"):
			c.Type = s
		default:
			c.Format = device.Format(s)
		}
	}
	return c
}

// fromDevice reads a device block: its MsgID, and maybe session=, from=, max=
// (MaxMsgSize), object= (MaxObjSize).
func fromDevice(tb testing.TB, st step) *syncml.Message {
	id, err := strconv.Atoi(st.head[1])
	if err != nil {
		tb.Fatal(err)
	}
	m := message(tb, "D1", "1", id, st.body...)
	h := &m.Header
	for _, o := range st.head[2:] {
		key, value, _ := strings.Cut(o, "=")
		var n int64
		if key == "max" || key == "object" {
			h.Meta = orNew(h.Meta)
			if _, err := fmt.Sscan(value, &n); err != nil {
				tb.Fatal(err)
			}
		}
		switch key {
		case "session":
			h.SessionID = value
		case "from":
			h.Source.URI = value
		case "max":
			h.Meta.MaxMsgSize = n
		case "object":
			h.Meta.MaxObjSize = n
		case "dtd":
			h.VerDTD = value
		case "proto":
			h.VerProto = value
		default:
			tb.Fatalf("no part of a header: %q", o)
		}
	}
	return m
}

func orNew(m *syncml.Meta) *syncml.Meta {
	if m == nil {
		m = new(syncml.Meta)
	}
	return m
}
