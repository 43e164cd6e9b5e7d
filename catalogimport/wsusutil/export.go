package wsusutil

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
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
	Index    IndexLimits
	Document int64 // UTF-16 code units of one document
	Total    int64 // bytes of an unpacked .xml.gz
}

// DefaultLimits allow several times the metadata of the largest servers.
func DefaultLimits() Limits {
	return Limits{
		Cabinet:  cabinet.DefaultLimits(),
		Index:    IndexLimits{Updates: 2_000_000, Files: 8_000_000, Text: 512 << 20},
		Document: 128 << 20,
		Total:    64 << 30,
	}
}

// Export is an opened export.
type Export struct {
	file    *bounded.File
	cab     *cabinet.Reader // nil for .xml.gz
	index   *index          // nil where a .xml.gz has none in front
	medium  update.Medium
	lim     Limits
	content *Content // nil for none
}

// Open opens an export of either form, which takes over the file. content is the
// WsusContent folder that came with it; empty looks for one beside the file.
func Open(ctx context.Context, f *os.File, content string, lim Limits) (*Export, error) {
	e := &Export{lim: lim}
	if err := e.open(ctx, f, content); err != nil {
		f.Close()
		if e.content != nil {
			e.content.Close()
		}
		return nil, err
	}
	return e, nil
}

func (e *Export) open(ctx context.Context, f *os.File, content string) (err error) {
	if content == "" {
		content = FindContent(filepath.Dir(f.Name()))
	}
	if content != "" {
		if e.content, err = OpenContent(content); err != nil {
			return fmt.Errorf("content folder: %w", err)
		}
	}
	if e.file, err = bounded.Identify(ctx, f); err != nil {
		return err
	}
	e.medium = update.Medium{Source: f.Name(), Provenance: update.Unsigned, Key: e.file.Key}
	magic := make([]byte, 2)
	if _, err := f.ReadAt(magic, 0); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		e.medium.Format = "wsusutil-export-gz"
		return nil
	}
	e.medium.Format = "wsusutil-export"
	if e.cab, err = cabinet.Open(f, e.file.Size, e.lim.Cabinet); err != nil {
		return err
	}
	if err := e.file.Whole(e.cab.CabinetSize()); err != nil {
		return err
	}
	br, err := e.member(ctx, "package.xml")
	if err != nil {
		return err
	}
	if e.index, err = readIndex(br, e.lim.Index); err != nil {
		return err
	}
	switch err := skipSpace(br); {
	case err == nil:
		return errors.New("package.xml: something follows its root element")
	case err != io.EOF:
		return fmt.Errorf("package.xml: %w", err)
	}
	e.medium.Items = len(e.index.updates)
	return nil
}

func (e *Export) member(ctx context.Context, name string) (*bufio.Reader, error) {
	r, err := e.cab.OpenMember(name)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(bounded.Context(ctx, r), 1<<16), nil
}

// Medium describes the export.
func (e *Export) Medium() update.Medium { return e.medium }

// Items yields every record, in the order of the export.
func (e *Export) Items(ctx context.Context) iter.Seq2[update.Item, error] {
	return func(yield func(update.Item, error) bool) {
		r, err := e.records(ctx)
		for err == nil {
			var rec record
			if rec, err = r.next(); err != nil {
				break
			}
			it := update.Item{Name: rec.id.String(), Document: rec.doc, Expect: rec.id}
			if e.index != nil {
				var listed bool
				if it.Files, listed = e.index.files(rec.id); !listed {
					err = fmt.Errorf("metadata.txt, record %d: package.xml does not list %v", r.n, rec.id)
					break
				}
			}
			if !yield(it, nil) {
				return
			}
		}
		if err == io.EOF {
			err = e.end(r.n)
		}
		if err != nil {
			yield(update.Item{}, err)
		}
	}
}

// end checks what can be checked once all records were read.
func (e *Export) end(records int) error {
	if e.index != nil && records != len(e.index.updates) {
		return fmt.Errorf("package.xml lists %d updates, metadata.txt holds %d", len(e.index.updates), records)
	}
	return e.file.Unchanged()
}

// records opens the stream of records.
func (e *Export) records(ctx context.Context) (*recordReader, error) {
	if e.cab != nil {
		br, err := e.member(ctx, "metadata.txt")
		if err != nil {
			return nil, err
		}
		return &recordReader{r: br, max: e.lim.Document}, nil
	}
	whole := io.NewSectionReader(e.file, 0, e.file.Size)
	z, err := gzip.NewReader(bufio.NewReaderSize(bounded.Context(ctx, whole), 1<<16))
	if err != nil {
		return nil, err
	}
	br := bufio.NewReaderSize(bounded.Bytes(z, e.lim.Total), 1<<16)
	if start, _ := br.Peek(3); bytes.Equal(start, []byte{0xEF, 0xBB, 0xBF}) {
		br.Discard(3)
	}
	start, err := br.Peek(1)
	switch {
	case err == io.EOF:
		return nil, errors.New("the .xml.gz unpacks to nothing")
	case err != nil:
		return nil, err
	case start[0] == '<':
		if e.index, err = readIndex(br, e.lim.Index); err != nil {
			return nil, err
		}
		if err = skipSpace(br); err == io.EOF {
			err = errors.New("the .xml.gz holds a package.xml and no records; this form of an export is not known")
		}
		if err != nil {
			return nil, err
		}
	}
	return &recordReader{r: br, max: e.lim.Document}, nil
}

// skipSpace reads up to the next byte that is no white space, of which there
// may be little.
func skipSpace(br *bufio.Reader) error {
	for range 1 << 10 {
		c, err := br.ReadByte()
		if err != nil {
			return err
		}
		if c != ' ' && c != '\r' && c != '\n' && c != '\t' {
			return br.UnreadByte()
		}
	}
	return errors.New("a long run of white space follows the index")
}

// Payloads yields the files of the WsusContent folder, see [Content.Payloads].
func (e *Export) Payloads(ctx context.Context) iter.Seq2[update.Payload, error] {
	if e.content == nil {
		return func(func(update.Payload, error) bool) {}
	}
	return e.content.Payloads(ctx)
}

// ContentFolder returns the WsusContent folder that came with the export, empty
// for none.
func (e *Export) ContentFolder() string {
	if e.content == nil {
		return ""
	}
	return e.content.path
}

// Close closes the file and the folder.
func (e *Export) Close() error {
	err := e.file.Close()
	if e.content != nil {
		err = errors.Join(err, e.content.Close())
	}
	return err
}
