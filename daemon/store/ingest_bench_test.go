package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"sluice/catalogimport"
	"sluice/daemon/store/storetest"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

const exportSample = "catalog/wsusutil-export/wsus-export-2024-06-19.cab"

// BenchmarkIngest imports a real export of 4,125 revisions, and
// BenchmarkIngestFloor does the least that could be called that: it decodes the
// same medium in one goroutine and inserts every document, 1,000 a transaction.
func BenchmarkIngest(b *testing.B) {
	path := samples.Path(b, exportSample)
	for b.Loop() {
		s := storetest.New(b)
		src := openMedium(b, path)
		g := catalogimport.Ingester{Library: s.Library(), Content: noContent{}, Now: time.Now}
		r, err := g.Ingest(b.Context(), src, catalogimport.Options{AcceptUnsigned: true, By: "bench"})
		if err := errors.Join(err, src.Close()); err != nil || r.New != 4125 {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}

func BenchmarkIngestFloor(b *testing.B) {
	path := samples.Path(b, exportSample)
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
	if n != 4125 {
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
