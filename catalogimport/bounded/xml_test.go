package bounded_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/bounded"
)

func TestXML(t *testing.T) {
	t.Parallel()
	lim := bounded.XMLLimits{Depth: 3, Token: 24}
	for _, tt := range []struct {
		name, doc, want, err, rest string
	}{
		{"elements", `<?xml version="1.0"?><a><b x="1"/>text<!-- c --><p:c xmlns:p="u"/></a>rest`, "a a/b=1 a/c", "", "rest"},
		{"nothing", "", "", "EOF", ""},
		{"an end too much", "</a>", "", "unexpected end", ""},
		{"mixed up", "<a><b></a></b>", "a a/b", "closed by", ""},
		{"at the depth", "<a><b><c/></b></a>", "a a/b a/b/c", "", ""},
		{"too deep", "<a><b><c><d/></c></b></a>", "a a/b a/b/c", "more than 3 deep", ""},
		{"a long text", "<a>" + strings.Repeat(" ", 25) + "</a>", "a", "a tag or text is longer", ""},
		{"a long tag", "<" + strings.Repeat("a", 25) + "/>", "", "a tag or text is longer", ""},
		{"a document type", "<!DOCTYPE a><a/>", "", "document type", ""},
		{"an entity", "<a>&b;</a>", "a", "invalid character entity", ""},
		{"not UTF-8", "<a>\xff</a>", "a", "invalid UTF-8", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			br := bufio.NewReader(strings.NewReader(tt.doc))
			x := bounded.NewXML(br, lim)
			var got []string
			var err error
			for err == nil {
				path, attrs, e := x.Next()
				if err = e; e == nil {
					s := strings.Join(path, "/")
					if v := bounded.Attr(attrs, "x"); v != "" {
						s += "=" + v
					}
					got = append(got, s)
				}
			}
			if diff := cmp.Diff(strings.Fields(tt.want), got); diff != "" && tt.want+strings.Join(got, "") != "" {
				t.Errorf("elements (-want +got):\n%s", diff)
			}
			if tt.err == "" {
				rest, _ := io.ReadAll(br)
				if err != io.EOF || string(rest) != tt.rest {
					t.Errorf("%v, %q is left", err, rest)
				}
			} else if !strings.Contains(err.Error(), tt.err) || err == io.EOF {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("sluice"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := bounded.Identify(context.Background(), f)
	if err != nil || m.Size != 6 || len(m.Key) != 64 {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := m.Unchanged(); err != nil {
		t.Error(err)
	}
	if err := m.Whole(6); err != nil {
		t.Error(err)
	}
	if err := m.Whole(7); err == nil || !strings.Contains(err.Error(), "1 of its 7 bytes are missing") {
		t.Errorf("error %v", err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := m.Unchanged(); !errors.Is(err, bounded.ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := bounded.Identify(ctx, f); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
