package clientsync_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// element is a parsed element.
type element struct {
	name     xml.Name
	text     string
	children []*element
}

func parse(tb testing.TB, text string) *element {
	tb.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	stack := []*element{{}}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatalf("%v in %.300s", err, text)
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			e := &element{name: t.Name}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(stack[0].children) != 1 {
		tb.Fatalf("%d root elements in %.300s", len(stack[0].children), text)
	}
	return stack[0].children[0]
}

// masked are texts that differ between two servers by their nature.
var masked = map[string]bool{"EncryptedData": true, "CookieData": true, "Expiration": true}

// unordered are lists whose order a real server does not keep either.
var unordered = map[string]bool{"NewUpdates": true, "Updates": true, "FileLocations": true}

// canon writes an answer one element a line, with its namespace where that
// changes, masked texts masked, unordered lists sorted, and the ids of
// deployments, a number space of each server, masked too.
func canon(tb testing.TB, text string) []string {
	tb.Helper()
	return parse(tb, text).lines("", "")
}

func (e *element) lines(indent, parent string) []string {
	line := indent + e.name.Local
	if parent == "" {
		line += " {" + e.name.Space + "}"
	}
	switch {
	case masked[e.name.Local], e.name.Local == "ID" && parent == "Deployment":
		line += " = *"
	case len(e.children) == 0:
		line += " = " + e.text
	case strings.TrimSpace(e.text) != "":
		line += " with text " + e.text
	}
	var blocks [][]string
	for _, c := range e.children {
		within := e.name.Local
		if c.name.Space != e.name.Space {
			within = ""
		}
		blocks = append(blocks, c.lines(indent+"  ", within))
	}
	if unordered[e.name.Local] {
		slices.SortFunc(blocks, func(a, b []string) int {
			return strings.Compare(strings.Join(a, "\n"), strings.Join(b, "\n"))
		})
	}
	out := []string{line}
	for _, b := range blocks {
		out = append(out, b...)
	}
	return out
}

func decode(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func itoa(n int) string { return strconv.Itoa(n) }
