package cli

import (
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// numbers yields 1 to n, and then err unless it is nil.
func numbers(n int, err error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := 1; i <= n; i++ {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

func TestListOf(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, tt := range []struct {
		name     string
		seq      iter.Seq2[int, error]
		args     []string
		json     bool
		rows     int
		note     string
		failed   bool
		complete bool // JSON
	}{
		{"nothing", numbers(0, nil), nil, false, 0, "nothing to show\n", false, false},
		{"few", numbers(3, nil), nil, false, 3, "", false, false},
		{"as many as shown", numbers(50, nil), nil, false, 50, "", false, false},
		{"more", numbers(51, nil), nil, false, 50, "the first 50 are shown; --limit 0 shows all\n", false, false},
		{"all", numbers(1200, nil), []string{"--limit", "0"}, false, 1200, "", false, false},
		{"broken", numbers(3, broken), nil, false, 0, "", true, false},
		{"broken behind what is shown", numbers(2, broken), []string{"--limit", "2"}, false, 0, "", true, false},
		{"JSON of nothing", numbers(0, nil), nil, true, 0, "", false, true},
		{"JSON of all", numbers(1200, nil), nil, true, 1200, "", false, true},
		{"JSON of some", numbers(1200, nil), []string{"--limit", "7"}, true, 7, "", false, true},
		{"JSON that broke", numbers(3, broken), nil, true, 3, "", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, notes strings.Builder
			a := &app{env: env{stdout: &out, stderr: &notes}, json: tt.json}
			var l listFlags
			cmd := &cobra.Command{RunE: func(cmd *cobra.Command, _ []string) error {
				return listOf(a, cmd, &l, tt.seq, []string{"NUMBER"}, func(int *int) []string { return []string{"row"} })
			}, SilenceErrors: true, SilenceUsage: true}
			l.add(cmd)
			cmd.SetArgs(tt.args)
			err := cmd.Execute()
			if (err != nil) != tt.failed || notes.String() != tt.note {
				t.Errorf("err %v, notes %q, want %q", err, notes.String(), tt.note)
			}
			if rows := strings.Count(out.String(), "row\n"); !tt.json && rows != tt.rows {
				t.Errorf("%d rows, want %d", rows, tt.rows)
			}
			if tt.json {
				complete := strings.HasPrefix(out.String(), "[") && strings.HasSuffix(out.String(), "]\n")
				if complete != tt.complete || complete && strings.Count(out.String(), "\n  ") != tt.rows {
					t.Errorf("JSON %q", out.String())
				}
			}
		})
	}
}

func TestParseDeadline(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 15, 4, 5, 0, time.UTC)
	for _, tt := range []struct{ in, want string }{
		{"2026-12-01T03:00Z", "2026-12-01T03:00:00Z"},
		{"2026-12-01T03:00:30+02:00", "2026-12-01T01:00:30Z"},
		{"+7d", "2026-12-01T15:04:00Z"},
		{"+36h", "2026-11-26T03:04:00Z"},
		{"2026-12-01", ""},
		{"2026-12-01T03:00", ""},
		{"+soon", ""},
		{"", ""},
	} {
		got, err := parseDeadline(tt.in, now)
		if tt.want == "" {
			if err == nil {
				t.Errorf("parseDeadline(%q) = %v, want an error", tt.in, got)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != tt.want {
			t.Errorf("parseDeadline(%q) = %v, %v, want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestKBDigits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"KB5000001": "5000001", "kb5000001": "5000001", "5000001": "5000001",
		"KB": "", "": "", "KB5000x": "", "KBKB5": "", "5000001000000": "", "MS17-010": "",
	} {
		if got, ok := kbDigits(in); got != want || ok != (want != "") {
			t.Errorf("kbDigits(%q) = %q, %t, want %q", in, got, ok, want)
		}
	}
}

func TestTOMLString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`/srv/sluice`: `"/srv/sluice"`, `D:\data`: `'D:\data'`, `a"b`: `"a\"b"`, `it's\`: `"it's\\"`,
	} {
		if got := tomlString(in); got != want {
			t.Errorf("tomlString(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"short", "short"}, {"two\nlines ", "two lines"}, {"exactly 10", "exactly 10"}, {"more than ten", "more than…"}, {"überlänge und mehr", "überlänge…"},
	} {
		if got := shorten(tt.in, 10); got != tt.want {
			t.Errorf("shorten(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
