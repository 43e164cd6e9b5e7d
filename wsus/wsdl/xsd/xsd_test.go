package xsd_test

import (
	"bytes"
	"encoding/xml"
	"testing"
	"time"

	"sluice/wsus/wsdl/xsd"
)

func TestParseDateTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, out string // what it is written as; "" when the same
		want    time.Time
		unset   bool
	}{
		{in: "2026-10-04T16:03:35.9967236Z", want: time.Date(2026, 10, 4, 16, 3, 35, 996723600, time.UTC)},
		{in: "2026-10-04T13:17:07.59Z", want: time.Date(2026, 10, 4, 13, 17, 7, 590000000, time.UTC)},
		{in: " 2026-10-04T15:03:36Z\n", out: "2026-10-04T15:03:36Z", want: time.Date(2026, 10, 4, 15, 3, 36, 0, time.UTC)},
		{in: "2026-10-04T15:03:36.500Z", out: "2026-10-04T15:03:36.5Z", want: time.Date(2026, 10, 4, 15, 3, 36, 500000000, time.UTC)},
		{in: "2026-10-04T15:03:36+02:00", want: time.Date(2026, 10, 4, 13, 3, 36, 0, time.UTC)},
		{in: "2026-10-04T15:03:36-14:00", want: time.Date(2026, 10, 5, 5, 3, 36, 0, time.UTC)},
		{in: "2026-10-04T15:03:36+00:00", out: "2026-10-04T15:03:36Z", want: time.Date(2026, 10, 4, 15, 3, 36, 0, time.UTC)},
		{in: "2022-02-02T00:00:00", want: time.Date(2022, 2, 2, 0, 0, 0, 0, time.UTC)},
		{in: "2024-02-28T24:00:00.0Z", out: "2024-02-29T00:00:00Z", want: time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{in: "0001-01-01T00:00:00Z", unset: true},
		{in: "0001-01-01T00:00:00", unset: true},
		{in: "", out: "0001-01-01T00:00:00Z", unset: true},
		{in: "-0001-12-30T00:00:00Z", want: time.Date(-1, 12, 30, 0, 0, 0, 0, time.UTC), unset: true},
		{in: "-0004-02-29T01:02:03.5+01:00", want: time.Date(-4, 2, 29, 0, 2, 3, 500000000, time.UTC), unset: true},
	} {
		got, err := xsd.ParseDateTime(tt.in)
		if err != nil {
			t.Errorf("ParseDateTime(%q): %v", tt.in, err)
			continue
		}
		out := tt.out
		if out == "" {
			out = tt.in
		}
		if !got.Time().Equal(tt.want) || got.String() != out || got.IsUnset() != tt.unset {
			t.Errorf("ParseDateTime(%q) = %v (%v), unset %v; want %v (%q), %v",
				tt.in, got.Time(), got, got.IsUnset(), tt.want, out, tt.unset)
		}
	}
}

func TestParseDateTimeRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"x", "2026-10-04", "2026-10-04T15:03Z", "2026-10-04 15:03:36Z", "2026-13-04T15:03:36Z", "2026-02-30T15:03:36Z",
		"2026-10-04T25:03:36Z", "2026-10-04T24:00:01Z", "2026-10-04T15:03:60Z", "2026-10-04T15:03:36.Z", "2026-10-04T15:03:36,5Z",
		"2026-10-04T15:03:36.1234567890Z", "2026-10-04T15:03:36+15:00", "2026-10-04T15:03:36+01:60", "2026-10-04T15:03:36+0x:00",
		"2026-10-04T15:03:36z", "26-10-04T15:03:36Z", "12026-10-04T15:03:36Z", "-0000-10-04T15:03:36Z", "2026-10-04T1:03:36.5Z",
	} {
		if got, err := xsd.ParseDateTime(in); err == nil {
			t.Errorf("ParseDateTime(%q) = %v, want an error", in, got)
		}
	}
}

func TestNewDateTime(t *testing.T) {
	t.Parallel()
	in := time.Date(2026, 10, 4, 18, 3, 35, 996723699, time.FixedZone("", 7200))
	if got := xsd.NewDateTime(in).String(); got != "2026-10-04T16:03:35.9967236Z" {
		t.Errorf("got %s", got)
	}
}

func TestDateTimeEqual(t *testing.T) {
	t.Parallel()
	parse := func(s string) xsd.DateTime {
		d, err := xsd.ParseDateTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a := parse("2026-10-04T15:00:00Z")
	if !a.Equal(parse("2026-10-04T17:00:00.00+02:00")) || a.Equal(parse("2026-10-04T15:00:00")) || !a.HasZone() {
		t.Error("instants compare by how they are written")
	}
}

func TestInXML(t *testing.T) {
	t.Parallel()
	type message struct {
		XMLName xml.Name     `xml:"m"`
		Attr    xsd.Base64   `xml:"a,attr"`
		Data    xsd.Base64   `xml:"Data,omitempty"`
		List    []xsd.Base64 `xml:"List"`
		Time    xsd.DateTime `xml:"Time"`
	}
	in := `<m a="/w=="><Data>c2x1&#xA;  aWNl</Data><List>AA==</List><List></List><Time></Time></m>`
	var m message
	if err := xml.Unmarshal([]byte(in), &m); err != nil {
		t.Fatal(err)
	}
	if string(m.Data) != "sluice" || len(m.List) != 2 || !bytes.Equal(m.Attr, []byte{255}) || !m.Time.IsUnset() {
		t.Errorf("got %+v", m)
	}
	out, err := xml.Marshal(&m)
	if err != nil {
		t.Fatal(err)
	}
	want := `<m a="/w=="><Data>c2x1aWNl</Data><List>AA==</List><List></List><Time>0001-01-01T00:00:00Z</Time></m>`
	if string(out) != want {
		t.Errorf("got %s, want %s", out, want)
	}
	if err := xml.Unmarshal([]byte(`<m><Data>c2x1aWN*</Data></m>`), &m); err == nil {
		t.Error("wrong base64 was accepted")
	}
}

func FuzzDateTime(f *testing.F) {
	for _, s := range []string{"2026-10-04T16:03:35.9967236Z", "2022-02-02T00:00:00", "-0001-12-30T24:00:00+13:59", "2026-10-04T15:03:36+02:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := xsd.ParseDateTime(s)
		if err != nil {
			return
		}
		again, err := xsd.ParseDateTime(d.String())
		if err != nil || !again.Equal(d) || again.String() != d.String() {
			t.Fatalf("%q is %v, which is %v, %v", s, d, again, err)
		}
	})
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("c2x1aWNl"))
	f.Add([]byte(" AA= ="))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b, again xsd.Base64
		if err := b.UnmarshalText(text); err != nil {
			return
		}
		out, err := b.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalText(out); err != nil || !bytes.Equal(b, again) {
			t.Fatalf("%q is %x, which is %x, %v", text, b, again, err)
		}
	})
}
