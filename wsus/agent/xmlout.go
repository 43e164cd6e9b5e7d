package agent

import (
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
)

// xmlText writes a request as the native agent does: no declaration, no white
// space, no attributes beyond the few literal ones, empty elements as <X/>.
type xmlText struct{ strings.Builder }

// escaper escapes what the native agent escapes; quotes stay as they are.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// envelope wraps the operation's element, named op in namespace ns.
func envelope(ns, op string, body func(x *xmlText)) []byte {
	var x xmlText
	x.WriteString(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><`)
	x.WriteString(op)
	x.WriteString(` xmlns="`)
	x.WriteString(ns)
	x.WriteString(`">`)
	body(&x)
	x.WriteString(`</`)
	x.WriteString(op)
	x.WriteString(`></s:Body></s:Envelope>`)
	return []byte(x.String())
}

// el writes an element with children.
func (x *xmlText) el(name string, body func()) {
	x.WriteByte('<')
	x.WriteString(name)
	x.WriteByte('>')
	body()
	x.WriteString("</")
	x.WriteString(name)
	x.WriteByte('>')
}

// text writes an element of text, <name/> for none.
func (x *xmlText) text(name, value string) {
	if value == "" {
		x.WriteByte('<')
		x.WriteString(name)
		x.WriteString("/>")
		return
	}
	x.WriteByte('<')
	x.WriteString(name)
	x.WriteByte('>')
	_, _ = escaper.WriteString(x, value)
	x.WriteString("</")
	x.WriteString(name)
	x.WriteByte('>')
}

func (x *xmlText) int(name string, v int64) { x.text(name, strconv.FormatInt(v, 10)) }

func (x *xmlText) bool(name string, v bool) { x.text(name, strconv.FormatBool(v)) }

// texts writes <name><item>..</item>..</name>, nothing for an empty list.
func (x *xmlText) texts(name, item string, values []string) {
	if len(values) == 0 {
		return
	}
	x.el(name, func() {
		for _, v := range values {
			x.text(item, v)
		}
	})
}

// ints writes a list of RevisionIDs, nothing for an empty one.
func (x *xmlText) ints(name string, ids []update.RevisionID) {
	if len(ids) == 0 {
		return
	}
	x.el(name, func() {
		for _, id := range ids {
			x.int("int", int64(id))
		}
	})
}

// wireTime writes t as the native agent does: UTC, milliseconds at most.
func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z") }

// wireSeconds is wireTime without a fraction, as in GetCookie and dates of drivers.
func wireSeconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
