package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf16"

	"sluice/catalogimport"
	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/daemon/store/storetest"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

const exportSample = "catalog/wsusutil-export/wsus-export-2024-06-19.cab"

// exportRevisions is how many revisions the export has that is measured with.
const exportRevisions = 4125

// export returns a real export or, where there is none, one of as many made
// revisions.
func export(b *testing.B) string {
	b.Helper()
	if path, ok := samples.Find(b, exportSample); ok {
		return path
	}
	c := synth.New(synth.Shape{Revisions: exportRevisions, Seed: 1, MaxCore: 16 << 10})
	var index, records bytes.Buffer
	for it := range c.Items() {
		units := len(utf16.Encode([]rune(string(it.Document))))
		fmt.Fprintf(&index, `<Update UpdateId="%v" RevisionNumber="%d"><Files /></Update>`, it.Expect.ID, it.Expect.Number)
		fmt.Fprintf(&records, "%v,%08x,%08x,%s\r\n", it.Expect.ID, it.Expect.Number, units, it.Document)
	}
	var cab bytes.Buffer
	err := cabwrite.Write(&cab, []cabwrite.File{
		{Name: "package.xml", Data: fmt.Appendf(nil, "<ExportPackage><Files /><Updates>%s</Updates></ExportPackage>", &index)},
		{Name: "metadata.txt", Data: records.Bytes()},
	}, cabwrite.LZX)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "export.cab")
	if err := os.WriteFile(path, cab.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkIngest imports an export of 4,125 revisions, and
// BenchmarkIngestFloor does the least that could be called that: it decodes the
// same medium in one goroutine and inserts every document, 1,000 a transaction.
func BenchmarkIngest(b *testing.B) {
	path := export(b)
	for b.Loop() {
		s := storetest.New(b)
		src := openMedium(b, path)
		g := catalogimport.Ingester{Library: s.Library(), Content: noContent{}, Now: time.Now}
		r, err := g.Ingest(b.Context(), src, catalogimport.Options{AcceptUnsigned: true, By: "bench"})
		if err := errors.Join(err, src.Close()); err != nil || r.New != exportRevisions {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}

func BenchmarkIngestFloor(b *testing.B) {
	path := export(b)
	for b.Loop() {
		if err := ingestFloor(b.Context(), b, path); err != nil {
			b.Fatal(err)
		}
	}
}

func ingestFloor(ctx context.Context, b *testing.B, path string) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "floor.db")+
		"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE d (id INTEGER PRIMARY KEY, document BLOB)`); err != nil {
		return err
	}
	src := openMedium(b, path)
	defer src.Close()
	var tx *sql.Tx
	n := 0
	for it, err := range src.Items(ctx) {
		if err != nil {
			return err
		}
		if n%1000 == 0 {
			if tx != nil {
				if err := tx.Commit(); err != nil {
					return err
				}
			}
			if tx, err = db.Begin(); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`INSERT INTO d (document) VALUES (?)`, it.Document); err != nil {
			return err
		}
		n++
	}
	if n != exportRevisions {
		return fmt.Errorf("%d documents", n)
	}
	return tx.Commit()
}

func openMedium(tb testing.TB, path string) catalogimport.Source {
	tb.Helper()
	src, err := catalogimport.Open(tb.Context(), path, "", catalogimport.DefaultLimits())
	if err != nil {
		tb.Fatal(err)
	}
	return src
}

// noContent takes no files.
type noContent struct{}

func (noContent) Have(update.Digest) bool { return false }

func (noContent) Put(context.Context, update.File, io.Reader) error { return nil }

func (noContent) Adopt(context.Context, string, iter.Seq2[update.File, error], func(catalogimport.Adopted)) error {
	return nil
}
