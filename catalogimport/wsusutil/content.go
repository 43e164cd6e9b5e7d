package wsusutil

import (
	"context"
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

// Content is a WsusContent folder. Alone it has no metadata: what updates
// already stored name is taken of it.
type Content struct {
	path string
	root *os.Root
}

// OpenContent opens a folder that is laid out as WsusContent is.
func OpenContent(dir string) (*Content, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Content{path: dir, root: root}, nil
}

// Medium describes the folder. It needs no provenance: files are believed by
// the digests of metadata.
func (c *Content) Medium() update.Medium {
	return update.Medium{Source: c.path, Format: "wsuscontent", Key: c.path}
}

// ContentFolder returns the folder.
func (c *Content) ContentFolder() string { return c.path }

// Items yields nothing.
func (c *Content) Items(context.Context) iter.Seq2[update.Item, error] {
	return func(func(update.Item, error) bool) {}
}

// Payloads yields the files, by the digests that their names are. Links are not
// followed. What has no such name is an [update.ItemError], as is a subfolder
// that cannot be read.
func (c *Content) Payloads(ctx context.Context) iter.Seq2[update.Payload, error] {
	return func(yield func(update.Payload, error) bool) {
		err := fs.WalkDir(c.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil && name == ".":
				return err
			case err == nil && (!d.Type().IsRegular() || d.Name() == checkFile):
				return nil
			}
			var p update.Payload
			if err == nil {
				p, err = c.file(name, d)
			}
			if err != nil {
				err = &update.ItemError{Item: name, Reason: err}
			}
			if !yield(p, err) {
				return fs.SkipAll
			}
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			yield(update.Payload{}, fmt.Errorf("list %s: %w", c.path, err))
		}
	}
}

// Close closes the folder.
func (c *Content) Close() error { return c.root.Close() }

// checkFile is what a WSUS server puts there to see whether its web site works.
const checkFile = "anonymousCheckFile.txt"

func (c *Content) file(name string, d fs.DirEntry) (update.Payload, error) {
	digest, ok := nameDigest(path.Base(name))
	if !ok {
		return update.Payload{}, errors.New("its name is not a SHA-1 with an extension")
	}
	info, err := d.Info()
	if err != nil {
		return update.Payload{}, err
	}
	return update.Payload{
		Name: name, Digest: digest, Size: info.Size(), Path: filepath.Join(c.path, filepath.FromSlash(name)),
		Open: func() (io.ReadCloser, error) { return c.root.Open(filepath.FromSlash(name)) },
	}, nil
}

// IsContent reports whether a folder is laid out as WsusContent is: it has a
// subfolder of two hexadecimal digits with a file named by a digest.
func IsContent(dir string) bool {
	folders, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, d := range folders {
		if !d.IsDir() || len(d.Name()) != 2 || !isHex(d.Name()) {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, d.Name()))
		if err != nil {
			continue
		}
		for _, f := range files {
			if _, ok := nameDigest(f.Name()); ok && f.Type().IsRegular() {
				return true
			}
		}
	}
	return false
}

// FindContent returns the folder called WsusContent, in any letter case, that
// lies in dir, or the empty string.
func FindContent(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if e.IsDir() && strings.EqualFold(e.Name(), "WsusContent") {
			return filepath.Join(dir, e.Name())
		}
	}
	return ""
}

// nameDigest reads the digest that a content file is named by.
func nameDigest(name string) (update.Digest, bool) {
	digits, _, _ := strings.Cut(name, ".")
	if len(digits) != 40 || !isHex(digits) {
		return update.Digest{}, false
	}
	d, err := update.ParseDigest(digits)
	return d, err == nil
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}
