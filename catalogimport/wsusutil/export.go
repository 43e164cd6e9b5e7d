package wsusutil

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"sluice/catalogimport/bounded"
	"sluice/catalogimport/cabinet"
	"sluice/wsus/update"
)

// Limits bound what is read of an export.
type Limits struct {
	Cabinet  cabinet.Limits
	Document int64 // UTF-16 code units of one document
	Total    int64 // bytes of an unpacked .xml.gz
}

// DefaultLimits allow a whole server's metadata.
func DefaultLimits() Limits {
	return Limits{Cabinet: cabinet.DefaultLimits(), Document: 128 << 20, Total: 64 << 30}
}

// Export is an opened export.
type Export struct {
	file    *os.File
	cab     *cabinet.Reader // nil for .xml.gz
	index   *index          // nil where a .xml.gz has none in front
	medium  update.Medium
	lim     Limits
	content string // the WsusContent folder; empty for none
}

// Open opens an export of either form. content is the WsusContent folder that
// came with it; empty looks for a folder of that name beside the file.
func Open(ctx context.Context, path, content string, lim Limits) (*Export, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	e := &Export{file: f, lim: lim, content: content}
	if err := e.open(ctx, path); err != nil {
		f.Close()
		return nil, fmt.Errorf("open export %s: %w", path, err)
	}
	return e, nil
}

func (e *Export) open(ctx context.Context, path string) error {
	if e.content == "" {
		beside := filepath.Join(filepath.Dir(path), "WsusContent")
		if info, err := os.Stat(beside); err == nil && info.IsDir() {
			e.content = beside
		}
	}
	h := sha256.New()
	if _, err := io.Copy(h, bounded.Context(ctx, e.file)); err != nil {
		return err
	}
	e.medium = update.Medium{
		Source: path, Provenance: update.Unsigned, Key: hex.EncodeToString(h.Sum(nil)),
	}
	var magic [2]byte
	if _, err := e.file.ReadAt(magic[:], 0); err != nil {
		return err
	}
	if magic == [2]byte{0x1f, 0x8b} {
		e.medium.Format = "wsusutil-export-gz"
		return nil
	}
	e.medium.Format = "wsusutil-export"
	info, err := e.file.Stat()
	if err != nil {
		return err
	}
	if e.cab, err = cabinet.Open(e.file, info.Size(), e.lim.Cabinet); err != nil {
		return err
	}
	r, err := e.cab.OpenMember("package.xml")
	if err != nil {
		return err
	}
	if e.index, err = readIndex(bufio.NewReaderSize(r, 1<<16)); err != nil {
		return err
	}
	e.medium.Items = e.index.updates
	return nil
}

// Medium describes the export.
func (e *Export) Medium() update.Medium { return e.medium }

// Items yields every record, in the order of the export.
func (e *Export) Items(ctx context.Context) iter.Seq2[update.Item, error] {
	return func(yield func(update.Item, error) bool) {
		r, err := e.records(ctx)
		if err != nil {
			yield(update.Item{}, err)
			return
		}
		for {
			rec, err := r.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				yield(update.Item{}, err)
				return
			}
			it := update.Item{Name: rec.id.String(), Document: rec.doc, Expect: rec.id}
			if e.index != nil {
				it.Files = e.index.locations(rec.id)
			}
			if !yield(it, nil) {
				return
			}
		}
		if e.index != nil && r.n != e.index.updates {
			yield(update.Item{}, fmt.Errorf("package.xml lists %d updates, metadata.txt holds %d", e.index.updates, r.n))
		}
	}
}

// records opens the stream of records.
func (e *Export) records(ctx context.Context) (*recordReader, error) {
	if e.cab != nil {
		r, err := e.cab.OpenMember("metadata.txt")
		if err != nil {
			return nil, err
		}
		return &recordReader{r: bufio.NewReaderSize(bounded.Context(ctx, r), 1<<16), max: e.lim.Document}, nil
	}
	if _, err := e.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(bounded.Context(ctx, e.file), 1<<16))
	if err != nil {
		return nil, err
	}
	br := bufio.NewReaderSize(bounded.Bytes(z, e.lim.Total), 1<<16)
	start, err := br.Peek(3)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(start, []byte{0xEF, 0xBB, 0xBF}) {
		br.Discard(3)
	}
	if start, err = br.Peek(1); err != nil {
		return nil, err
	}
	if start[0] == '<' {
		// The decoder takes a byte at a time from a bufio.Reader, so what follows
		// the root stays there.
		if e.index, err = readIndex(br); err != nil {
			return nil, err
		}
		if err := skipSpace(br); err != nil {
			return nil, errors.New("the .xml.gz holds a package.xml and no records; this form of an export is not known")
		}
	}
	return &recordReader{r: br, max: e.lim.Document}, nil
}

func skipSpace(br *bufio.Reader) error {
	for {
		c, err := br.ReadByte()
		if err != nil {
			return err
		}
		if c != ' ' && c != '\r' && c != '\n' && c != '\t' {
			return br.UnreadByte()
		}
	}
}

// Close closes the file.
func (e *Export) Close() error { return e.file.Close() }
