package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	humanize "github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
)

// tableRows is how many rows are laid out together: a list may have a hundred
// thousand.
const tableRows = 500

// listFlags are the flags of every list.
type listFlags struct{ limit int }

func (l *listFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&l.limit, "limit", 50, "show at most `N`; 0 for all, and all with --json unless given")
}

// listOf writes a sequence: all of it as a JSON array, or the beginning of it as
// a table for people.
func listOf[T any](a *app, cmd *cobra.Command, l *listFlags, seq iter.Seq2[T, error], head []string, row func(*T) []string) error {
	if a.json {
		if cmd.Flags().Changed("limit") && l.limit > 0 {
			seq, _ = first(seq, l.limit)
		}
		return writeArray(a.stdout, seq)
	}
	more := new(bool)
	if l.limit > 0 {
		seq, more = first(seq, l.limit)
	}
	shown := 0
	var rows [][]string
	for v, err := range seq {
		if err != nil {
			return err
		}
		rows = append(rows, row(&v))
		if shown++; len(rows) == tableRows {
			if err := table(a.stdout, head, rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	if len(rows) > 0 {
		if err := table(a.stdout, head, rows); err != nil {
			return err
		}
	}
	switch {
	case shown == 0:
		fmt.Fprintln(a.stderr, "nothing to show")
	case *more:
		fmt.Fprintf(a.stderr, "the first %d are shown; --limit 0 shows all\n", shown)
	}
	return nil
}

// first ends a sequence after n elements, and tells then whether there were more.
func first[T any](seq iter.Seq2[T, error], n int) (iter.Seq2[T, error], *bool) {
	more := new(bool)
	return func(yield func(T, error) bool) {
		left := n
		for v, err := range seq {
			if err == nil && left == 0 {
				*more = true
				return
			}
			left--
			if !yield(v, err) {
				return
			}
		}
	}, more
}

// writeArray writes a sequence as one JSON array, an element at a time.
func writeArray[T any](w io.Writer, seq iter.Seq2[T, error]) error {
	out := bufio.NewWriter(w)
	sep := "[\n  "
	for v, err := range seq {
		if err != nil {
			return err // what was written is no JSON, so that nobody takes it for all
		}
		out.WriteString(sep)
		sep = ",\n  "
		if err := writeElement(out, v); err != nil {
			return err
		}
	}
	end := "\n]\n"
	if sep[0] == '[' {
		end = "[]\n"
	}
	out.WriteString(end)
	return out.Flush()
}

func writeElement(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("  ", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(bytes.TrimRight(b.Bytes(), "\n"))
	return err
}

// The texts of cells.

func day(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02")
}

func minute(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func kbText(kb *string) string {
	if kb == nil {
		return "-"
	}
	return "KB" + *kb
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return humanize.Comma(int64(n)) + " " + noun + "s"
}

// shorten cuts a text for a table, and breaks no line in it.
func shorten(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:most-1]), " ") + "…"
}

// facts writes names and values for people, one a line. Values that are empty
// are left out.
func facts(w io.Writer, pairs ...string) error {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			width = max(width, len(pairs[i]))
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, pairs[i], printable(pairs[i+1])); err != nil {
			return err
		}
	}
	return nil
}
