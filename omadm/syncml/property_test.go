package syncml_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/omadm/syncml"
)

// texts are what XML can carry, values what WBXML can.
var (
	texts = rapid.Custom(func(t *rapid.T) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				return '&'
			}
			return r
		}, rapid.OneOf(rapid.StringN(0, 20, -1), rapid.SampledFrom([]string{
			"", "1", " \r\n", "]]>", "<a b='c'>&amp;</a>", "<![CDATA[", "\u20AC\U0001F512", strings.Repeat("x", 300),
		})).Draw(t, "text"))
	})
	values = rapid.OneOf(texts, rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 200), func(b []byte) string { return string(b) }))
)

// messages makes any message in normal form: texts have no white space round
// them, and a value is what HasData says. Item and Cred values come from value.
func messages(value *rapid.Generator[string]) *rapid.Generator[*syncml.Message] {
	g := generator{value: value}
	return rapid.Custom(func(t *rapid.T) *syncml.Message {
		m := &syncml.Message{Final: rapid.Bool().Draw(t, "final")}
		if rapid.Bool().Draw(t, "header") {
			m.Header = syncml.Header{
				VerDTD: text(t), VerProto: text(t), SessionID: text(t), MsgID: text(t),
				Target: *g.location(t), Source: *g.location(t), RespURI: text(t), NoResp: rapid.Bool().Draw(t, "noResp"),
				Cred: optional(t, g.cred), Meta: optional(t, g.meta),
			}
		}
		m.Commands = g.commands(t, 0, syncml.Results, syncml.Status, syncml.Map, syncml.Put, syncml.Search, syncml.Sync)
		return m
	})
}

type generator struct{ value *rapid.Generator[string] }

func text(t *rapid.T) string { return strings.Trim(texts.Draw(t, "text"), " \t\r\n") }

func optional[T any](t *rapid.T, draw func(*rapid.T) *T) *T {
	if rapid.Bool().Draw(t, "present") {
		return draw(t)
	}
	return nil
}

// list draws up to three, nil where there are none.
func list[T any](t *rapid.T, draw func(*rapid.T) T) (l []T) {
	for range rapid.IntRange(0, 3).Draw(t, "count") {
		l = append(l, draw(t))
	}
	return l
}

func (g generator) location(t *rapid.T) *syncml.Location {
	return &syncml.Location{URI: text(t), Name: text(t)}
}

func (g generator) meta(t *rapid.T) *syncml.Meta {
	size := rapid.Int64Min(0)
	return &syncml.Meta{Format: text(t), Type: text(t), Mark: text(t), Size: size.Draw(t, "size"), NextNonce: text(t),
		Version: text(t), MaxMsgSize: size.Draw(t, "size"), MaxObjSize: size.Draw(t, "size"), EMI: list(t, text)}
}

func (g generator) cred(t *rapid.T) *syncml.Cred {
	if rapid.Bool().Draw(t, "b64") {
		return &syncml.Cred{Format: "b64", Type: text(t), Data: text(t)}
	}
	return &syncml.Cred{Type: text(t), Data: g.value.Draw(t, "data")}
}

func (g generator) item(t *rapid.T) syncml.Item {
	i := syncml.Item{Target: optional(t, g.location), Source: optional(t, g.location), Meta: optional(t, g.meta),
		HasData: rapid.Bool().Draw(t, "hasData"), MoreData: rapid.Bool().Draw(t, "moreData")}
	if i.HasData {
		i.Data = g.value.Draw(t, "data")
	}
	return i
}

func (g generator) commands(t *rapid.T, nesting int, more ...syncml.Kind) []syncml.Command {
	kinds := append([]syncml.Kind{syncml.Add, syncml.Alert, syncml.Copy, syncml.Delete, syncml.Exec, syncml.Get, syncml.Replace}, more...)
	if nesting < 2 {
		kinds = append(kinds, syncml.Atomic, syncml.Sequence)
	}
	return list(t, func(t *rapid.T) syncml.Command {
		return g.command(t, rapid.SampledFrom(kinds).Draw(t, "kind"), nesting)
	})
}

func (g generator) command(t *rapid.T, kind syncml.Kind, nesting int) syncml.Command {
	c := syncml.Command{Kind: kind, CmdID: text(t)}
	switch kind {
	case syncml.Status:
		c.MsgRef, c.CmdRef, c.Cmd, c.Data = text(t), text(t), text(t), text(t)
		c.TargetRefs, c.SourceRefs = list(t, text), list(t, text)
		c.Cred, c.Chal, c.OriginalError = optional(t, g.cred), optional(t, g.meta), text(t)
	case syncml.Results:
		c.MsgRef, c.CmdRef, c.Cmd, c.Meta = text(t), text(t), text(t), optional(t, g.meta)
		c.TargetRefs, c.SourceRefs = list(t, text), list(t, text)
	default:
		c.NoResp = rapid.Bool().Draw(t, "noResp")
	}
	switch kind {
	case syncml.Map, syncml.Put, syncml.Search, syncml.Sync:
		return c
	case syncml.Atomic, syncml.Sequence:
		c.Meta, c.Commands = optional(t, g.meta), g.commands(t, nesting+1)
		return c
	case syncml.Alert:
		c.Data, c.Correlator, c.Cred = text(t), text(t), optional(t, g.cred)
	case syncml.Get:
		c.Lang = text(t)
	case syncml.Exec:
		c.Correlator = text(t)
	}
	if kind != syncml.Status && kind != syncml.Results && kind != syncml.Alert {
		c.Cred, c.Meta = optional(t, g.cred), optional(t, g.meta)
	}
	c.Items = list(t, g.item)
	return c
}

func TestAnyMessage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roundTrip(t, messages(texts).Draw(t, "message"))
	})
}

// TestAnyBytes: WBXML carries values that are no text.
func TestAnyBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := messages(values).Draw(t, "message")
		doc := wbxmlOf(t, m)
		if diff := cmp.Diff(m, fromWBXML(t, doc)); diff != "" {
			t.Errorf("through WBXML (-want +got):\n%s", diff)
		}
		checkSizes(t, syncml.WBXML, m, len(doc))
	})
}
