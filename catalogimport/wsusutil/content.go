package wsusutil

import (
	"context"
	"encoding/hex"
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

// Payloads yields the files of the WsusContent folder, by the digests that
// their names are. A file there that is not named by a digest is refused.
func (e *Export) Payloads(ctx context.Context) iter.Seq2[update.Payload, error] {
	if e.content == "" {
		return func(func(update.Payload, error) bool) {}
	}
	return contentFiles(ctx, e.content)
}

// Content is a WsusContent folder that came alone. It has no metadata: what
// updates already stored name is taken.
type Content struct {
	root string
}

// OpenContent opens a folder that [IsContent] says is one.
func OpenContent(root string) *Content { return &Content{root: root} }

// Medium describes the folder. It needs no provenance: files are believed by
// the digests of metadata.
func (c *Content) Medium() update.Medium {
	return update.Medium{Source: c.root, Format: "wsuscontent", Key: c.root}
}

// Items yields nothing.
func (c *Content) Items(context.Context) iter.Seq2[update.Item, error] {
	return func(func(update.Item, error) bool) {}
}

// Payloads yields the files.
func (c *Content) Payloads(ctx context.Context) iter.Seq2[update.Payload, error] {
	return contentFiles(ctx, c.root)
}

// Close does nothing.
func (c *Content) Close() error { return nil }

// IsContent reports whether a folder is laid out as WsusContent is: it has a
// subfolder of two hexadecimal digits with a file named by a digest.
func IsContent(root string) bool {
	dirs, err := os.ReadDir(root)
	if err != nil {
		return false
	}
	for _, d := range dirs {
		if !d.IsDir() || len(d.Name()) != 2 || !isHex(d.Name()) {
			continue
		}
		files, err := os.ReadDir(filepath.Join(root, d.Name()))
		if err != nil {
			continue
		}
		for _, f := range files {
			if _, ok := nameDigest(f.Name()); ok {
				return true
			}
		}
	}
	return false
}

func contentFiles(ctx context.Context, root string) iter.Seq2[update.Payload, error] {
	return func(yield func(update.Payload, error) bool) {
		stop := fmt.Errorf("stop")
		err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if !d.Type().IsRegular() {
				return nil
			}
			p, err := contentFile(root, name, d)
			if err != nil {
				err = &update.ItemError{Item: name, Reason: err}
			}
			if !yield(p, err) {
				return stop
			}
			return nil
		})
		if err != nil && err != stop {
			yield(update.Payload{}, fmt.Errorf("list %s: %w", root, err))
		}
	}
}

func contentFile(root, name string, d fs.DirEntry) (update.Payload, error) {
	digest, ok := nameDigest(path.Base(name))
	if !ok {
		return update.Payload{}, fmt.Errorf("its name is not a SHA-1 with an extension")
	}
	info, err := d.Info()
	if err != nil {
		return update.Payload{}, err
	}
	full := filepath.Join(root, filepath.FromSlash(name))
	return update.Payload{
		Name: name, Digest: digest, Size: info.Size(), Path: full,
		Open: func() (io.ReadCloser, error) { return os.Open(full) },
	}, nil
}

// nameDigest reads the digest that a content file is named by.
func nameDigest(name string) (update.Digest, bool) {
	hexDigits, _, _ := strings.Cut(name, ".")
	if len(hexDigits) != 40 || !isHex(hexDigits) {
		return update.Digest{}, false
	}
	d, err := update.ParseDigest(hexDigits)
	return d, err == nil
}

func isHex(s string) bool {
	if len(s)%2 != 0 {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}
