// Package documents reads a plain folder of update documents: each *.xml file
// is one full server-sync document (root upd:Update), every other file a
// payload that some document names by digest. Subfolders are read too. Nobody
// signs such a folder.
package documents

import (
	"bytes"
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

	"sluice/catalogimport/bounded"
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
	root       *os.Root
	medium     update.Medium
	limits     Limits
	documents  []string // slash-separated, below root
	payloads   []payload
	unreadable []*update.ItemError // subfolders
}

type payload struct {
	name string
	size int64
}

// Open lists the folder. Links are not followed: a medium has no say over what
// else is read. A subfolder that cannot be read, such as those that file systems
// keep for themselves, becomes a refused item.
func Open(ctx context.Context, dir string, lim Limits) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{root: root, limits: lim}
	if err := f.list(ctx, dir); err != nil {
		root.Close()
		return nil, fmt.Errorf("list the folder: %w", err)
	}
	return f, nil
}

func (f *Folder) list(ctx context.Context, dir string) error {
	key := sha256.New()
	err := fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name == ".":
			return err
		case err != nil:
			f.unreadable = append(f.unreadable, &update.ItemError{Item: name, Reason: err})
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case len(f.documents)+len(f.payloads) == f.limits.Files:
			return fmt.Errorf("more than %d files", f.limits.Files)
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
	f.medium = update.Medium{
		Source: dir, Format: "documents", Provenance: update.Unsigned,
		Key: hex.EncodeToString(key.Sum(nil)), Items: len(f.documents),
	}
	return err
}

// Documents returns how many files look like update documents.
func (f *Folder) Documents() int { return len(f.documents) }

// Medium describes the folder.
func (f *Folder) Medium() update.Medium { return f.medium }

// Items yields the documents in the order of their names.
func (f *Folder) Items(ctx context.Context) iter.Seq2[update.Item, error] {
	return func(yield func(update.Item, error) bool) {
		for _, err := range f.unreadable {
			if !yield(update.Item{}, err) {
				return
			}
		}
		for _, name := range f.documents {
			doc, err := f.read(ctx, name)
			if ctx.Err() != nil {
				yield(update.Item{}, ctx.Err())
				return
			}
			if err != nil {
				err = &update.ItemError{Item: name, Reason: err}
			}
			if !yield(update.Item{Name: name, Document: doc}, err) {
				return
			}
		}
	}
}

func (f *Folder) read(ctx context.Context, name string) ([]byte, error) {
	file, err := f.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(bounded.Context(ctx, io.LimitReader(file, f.limits.Document+1)))
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
			name := filepath.FromSlash(p.name)
			ok := yield(update.Payload{
				Name: p.name, Size: p.size, Path: filepath.Join(f.medium.Source, name),
				Open: func() (io.ReadCloser, error) { return f.root.Open(name) },
			}, nil)
			if !ok {
				return
			}
		}
	}
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// LooksLike reports whether the head of a file is that of an update document,
// rather than that of some other XML.
func LooksLike(head []byte) bool {
	return bytes.Contains(head, []byte("Update")) && bytes.Contains(head, []byte("http://schemas.microsoft.com/msus/2002/12/Update"))
}
