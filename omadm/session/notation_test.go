package session_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sluice/omadm/syncml"
)

// Messages are written in tests a command a line, which reads better than XML:
//
//	2 Alert 1224 com.microsoft/MDM/LoginStatus "user"
//	3 Replace ./DevInfo/DevId "D1"
//	  + ./DevInfo/Man "Maker"
//	4 Status 1/7 Get 200 error=0x86000002
//	5 Results 1/7 ./DevDetail/SwV chr "10.0" size=20 more
//	6 Atomic
//	> 7 Add ./A/B int "1"
//	Final
//
// Numbers are CmdID; those of Status and Results are MsgRef/CmdRef.

// words splits a line at blanks outside of quotes. Quoted words keep them.
func words(line string) []string {
	var all []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		n := strings.IndexByte(line, ' ')
		if q, err := strconv.QuotedPrefix(line); err == nil {
			n = len(q)
		}
		if n < 0 {
			n = len(line)
		}
		all = append(all, line[:n])
		line = line[n:]
	}
	return all
}

// parseBody reads lines of the notation into m.
func parseBody(tb testing.TB, m *syncml.Message, lines []string) {
	tb.Helper()
	for _, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case line == "Final":
			m.Final = true
		case strings.HasPrefix(line, "+ "):
			c := &m.Commands[len(m.Commands)-1]
			it, _ := parseItem(tb, words(line[2:]))
			c.Items = append(c.Items, place(c.Kind, it))
		case strings.HasPrefix(line, "> "):
			c := &m.Commands[len(m.Commands)-1]
			c.Commands = append(c.Commands, parseCommand(tb, words(line[2:])))
		default:
			m.Commands = append(m.Commands, parseCommand(tb, words(line)))
		}
	}
}

func parseCommand(tb testing.TB, w []string) syncml.Command {
	tb.Helper()
	if len(w) < 2 {
		tb.Fatalf("no command: %q", w)
	}
	c := syncml.Command{CmdID: strings.Trim(w[0], "-"), Kind: syncml.Kind(w[1])}
	w = w[2:]
	switch c.Kind {
	case syncml.Status:
		c.MsgRef, c.CmdRef, _ = strings.Cut(w[0], "/")
		c.Cmd, c.Data = w[1], w[2]
		for _, o := range w[3:] {
			key, value, _ := strings.Cut(o, "=")
			switch key {
			case "error":
				c.OriginalError = value
			case "target":
				c.TargetRefs = append(c.TargetRefs, value)
			case "chal":
				c.Chal = &syncml.Meta{Format: "b64", Type: "syncml:auth-md5", NextNonce: value}
			case "item":
				c.Items = append(c.Items, syncml.Item{Data: value, HasData: true})
			default:
				tb.Fatalf("no part of a Status: %q", o)
			}
		}
		return c
	case syncml.Results:
		c.MsgRef, c.CmdRef, _ = strings.Cut(w[0], "/")
		w = w[1:]
	case syncml.Alert:
		c.Data, w = w[0], w[1:]
	}
	if len(w) > 0 {
		it, rest := parseItem(tb, w)
		c.NoResp = len(rest) > 0
		c.Items = []syncml.Item{place(c.Kind, it)}
	}
	return c
}

// place makes the node of an item its Target where it belongs there.
func place(k syncml.Kind, it syncml.Item) syncml.Item {
	if k == syncml.Results || k == syncml.Replace || k == syncml.Alert {
		return it
	}
	it.Target, it.Source = it.Source, nil
	return it
}

// parseItem reads the words of an item. What is left is "quiet".
func parseItem(tb testing.TB, w []string) (it syncml.Item, rest []string) {
	tb.Helper()
	meta := func() *syncml.Meta {
		if it.Meta == nil {
			it.Meta = new(syncml.Meta)
		}
		return it.Meta
	}
	for _, s := range w {
		switch {
		case s[0] == '"':
			text, err := strconv.Unquote(s)
			if err != nil {
				tb.Fatal(err)
			}
			it.Data, it.HasData = text, true
		case strings.HasPrefix(s, "./"):
			it.Source = &syncml.Location{URI: s}
		case s == "more":
			it.MoreData = true
		case s == "quiet":
			rest = append(rest, s)
		case strings.HasPrefix(s, "size="):
			n, err := strconv.ParseInt(s[5:], 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			meta().Size = n
		case strings.ContainsAny(s, "./:"):
			meta().Type = s
		default:
			meta().Format = s
		}
	}
	return it, rest
}

// lines writes a message in the notation.
func lines(m *syncml.Message) []string {
	var all []string
	if c := m.Header.Cred; c != nil {
		all = append(all, fmt.Sprintf("Cred %s %s of %s", c.Type, c.Data, m.Header.Source.Name))
	}
	for i := range m.Commands {
		all = appendLines(all, "", &m.Commands[i])
	}
	if m.Final {
		all = append(all, "Final")
	}
	return all
}

func appendLines(to []string, prefix string, c *syncml.Command) []string {
	w := []string{prefix + c.CmdID, string(c.Kind)}
	switch c.Kind {
	case syncml.Status:
		w = append(w, c.MsgRef+"/"+c.CmdRef, c.Cmd, c.Data)
		if c.Chal != nil {
			w = append(w, "chal="+c.Chal.Type)
		}
	case syncml.Results:
		w = append(w, c.MsgRef+"/"+c.CmdRef)
	case syncml.Alert:
		w = append(w, c.Data)
	}
	for i := range c.Items {
		w = append(w, itemWords(&c.Items[i])...)
	}
	to = append(to, strings.Join(w, " "))
	for i := range c.Commands {
		to = appendLines(to, "> ", &c.Commands[i])
	}
	return to
}

func itemWords(it *syncml.Item) (w []string) {
	if it.Source != nil {
		w = append(w, "from="+it.Source.URI)
	}
	if it.Target != nil {
		w = append(w, it.Target.URI)
	}
	if m := it.Meta; m != nil {
		for _, s := range []string{m.Format, m.Type} {
			if s != "" {
				w = append(w, s)
			}
		}
		if m.Size != 0 {
			w = append(w, fmt.Sprintf("size=%d", m.Size))
		}
	}
	if it.HasData {
		w = append(w, short(it.Data))
	}
	if it.MoreData {
		w = append(w, "more")
	}
	return w
}

// short quotes a text, the middle of a long one left out.
func short(s string) string {
	if len(s) > 80 {
		return fmt.Sprintf("%q...%d bytes...%q", s[:16], len(s), s[len(s)-16:])
	}
	return strconv.Quote(s)
}
