package xmllimit_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"sluice/wsus/xmllimit"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	var v struct {
		XMLName xml.Name `xml:"u a"`
		B       []string `xml:"b"`
	}
	const in = `<a xmlns="u"><b>1</b><b>&lt;</b></a>`
	if err := xmllimit.Decode(strings.NewReader(in), int64(len(in)), xmllimit.Limits{}, &v); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(v.B, ","); got != "1,<" {
		t.Errorf("got %q", got)
	}
}

func TestUnmarshalASCII(t *testing.T) {
	t.Parallel()
	var v struct {
		B string `xml:"b"`
	}
	err := xmllimit.Unmarshal([]byte(`<?xml version="1.0" encoding="us-ascii"?><a><b>x</b></a>`), xmllimit.Limits{}, &v)
	if err != nil || v.B != "x" {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	var (
		limit  *xmllimit.LimitError
		syntax *xmllimit.SyntaxError
		other  xml.UnmarshalError
	)
	for _, tt := range []struct {
		name, in string
		max      int64
		target   any
	}{
		{"one byte too many", "<a></a>", 6, &limit},
		{"too deep", strings.Repeat("<a>", 200), 1000, &limit},
		{"not well formed", "<a>", 1000, &syntax},
		{"another element", "<b/>", 1000, &other},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var v struct {
				XMLName xml.Name `xml:"a"`
			}
			err := xmllimit.Decode(strings.NewReader(tt.in), tt.max, xmllimit.Limits{}, &v)
			if !errors.As(err, tt.target) {
				t.Errorf("got %v (%T), want %T", err, err, tt.target)
			}
		})
	}
}
