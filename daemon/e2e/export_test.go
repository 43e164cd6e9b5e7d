package e2e_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

	"sluice/wsus/content"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// items yields some of the revisions of a catalog.
func items(c *synth.Catalog, from, to int) iter.Seq[update.Item] {
	return func(yield func(update.Item) bool) {
		for i := from; i < to && yield(c.Item(i)); i++ {
		}
	}
}

// writeExport writes revisions as the records of an export.
func writeExport(tb testing.TB, path string, all iter.Seq[update.Item]) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(z)
	for it := range all {
		units := 0
		for _, r := range string(it.Document) {
			units += utf16.RuneLen(r)
		}
		fmt.Fprintf(w, "%v,%08x,%08x,%s\r\n", it.Expect.ID, it.Expect.Number, units, it.Document)
	}
	for _, finish := range []func() error{w.Flush, z.Close, f.Close} {
		if err := finish(); err != nil {
			tb.Fatal(err)
		}
	}
}

// madeMedium writes a made catalog of n revisions as an export with its content
// folder.
func madeMedium(tb testing.TB, n int) string {
	tb.Helper()
	dir := tb.TempDir()
	c := synth.New(synth.Shape{Revisions: n, Seed: 1, MaxCore: 64 << 10, MaxFile: 64 << 10})
	for i := range c.Len() {
		rev, _ := c.Revision(i)
		for _, f := range rev.Files {
			path := filepath.Join(dir, "WsusContent", filepath.FromSlash(content.Path(f)))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				tb.Fatal(err)
			}
			out, err := os.Create(path)
			if err != nil {
				tb.Fatal(err)
			}
			if _, err := io.Copy(out, synth.Payload(f)); err != nil {
				tb.Fatal(err)
			}
			if err := out.Close(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	path := filepath.Join(dir, "made.xml.gz")
	writeExport(tb, path, items(c, 0, c.Len()))
	return path
}
