package cli

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := table(&b, []string{"NAME", "TITLE"}, [][]string{{"a", "Überblick"}, {"long name", "two\nlines\tand \x1b[31mred"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "NAME       TITLE\na          Überblick\nlong name  two\uFFFDlines\uFFFDand \uFFFD[31mred\n"
	if b.String() != want {
		t.Errorf("table =\n%q, want\n%q", b.String(), want)
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := writeJSON(&b, map[string]string{"title": "a <b> & c"}); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"title\": \"a <b> & c\"\n}\n"; b.String() != want {
		t.Errorf("writeJSON = %q, want %q", b.String(), want)
	}
}
