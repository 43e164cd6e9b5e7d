// Package documents reads a plain folder of update documents: each *.xml file
// is one full server-sync document (root upd:Update), every other file a
// payload that some document names by digest. Subfolders are read too. Nobody
// signs such a folder.
package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sluice/wsus/update"
)

// Limits bound what is read of a folder.
type Limits struct {
	Files    int   // in the folder and below
	Document int64 // bytes of one document
}

// DefaultLimits are far above any real folder of documents.
func DefaultLimits() Limits { return Limits{Files: 2_000_000, Document: 128 << 20} }

// Folder is an opened folder of documents.
type Folder struct {
	root      string
	medium    update.Medium
	limits    Limits
	documents []string // slash-separated, below root
	payloads  []payload
}

type payload struct {
	name string
	size int64
}

// Open lists the folder. Links are not followed: a medium has no say over what else is read.
func Open(root string, lim Limits) (*Folder, error) {
	f := &Folder{root: root, limits: lim}
	key := sha256.New()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		if len(f.documents)+len(f.payloads) >= lim.Files {
			return fmt.Errorf("more than %d files", lim.Files)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(key, "%s\x00%d\x00%d\n", name, info.Size(), info.ModTime().UnixNano())
		if strings.EqualFold(path.Ext(name), ".xml") {
			f.documents = append(f.documents, name)
		} else {
			f.payloads = append(f.payloads, payload{name, info.Size()})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", root, err)
	}
	f.medium = update.Medium{
		Source: root, Format: "documents", Provenance: update.Unsigned,
		Key: hex.EncodeToString(key.Sum(nil)), Items: len(f.documents),
	}
	return f, nil
}

// Documents returns how many files look like update documents.
func (f *Folder) Documents() int { return len(f.documents) }

// Medium describes the folder.
func (f *Folder) Medium() update.Medium { return f.medium }

// Items yields the documents in the order of their names.
func (f *Folder) Items(ctx context.Context) iter.Seq2[update.Item, error] {
	return func(yield func(update.Item, error) bool) {
		for _, name := range f.documents {
			if err := ctx.Err(); err != nil {
				yield(update.Item{}, err)
				return
			}
			doc, err := f.read(name)
			if err != nil {
				if !yield(update.Item{}, &update.ItemError{Item: name, Reason: err}) {
					return
				}
				continue
			}
			if !yield(update.Item{Name: name, Document: doc}, nil) {
				return
			}
		}
	}
}

func (f *Folder) read(name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(f.root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, f.limits.Document+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(b)) > f.limits.Document:
		return nil, fmt.Errorf("larger than the limit of %d bytes for one document", f.limits.Document)
	case len(b) == 0:
		return nil, errors.New("the file is empty")
	}
	return b, nil
}

// Payloads yields every file that is no document.
func (f *Folder) Payloads(context.Context) iter.Seq2[update.Payload, error] {
	return func(yield func(update.Payload, error) bool) {
		for _, p := range f.payloads {
			full := filepath.Join(f.root, filepath.FromSlash(p.name))
			ok := yield(update.Payload{
				Name: p.name, Size: p.size, Path: full,
				Open: func() (io.ReadCloser, error) { return os.Open(full) },
			}, nil)
			if !ok {
				return
			}
		}
	}
}

// Close does nothing: no file stays open.
func (f *Folder) Close() error { return nil }
