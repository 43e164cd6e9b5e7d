package wsusutil

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"sluice/wsus/update"
)

// ErrRecord reports a metadata stream that breaks its framing.
var ErrRecord = errors.New("the record does not have the form guid,revision,length,document")

// record is one update of metadata.txt.
type record struct {
	id  update.Identity
	doc []byte
}

// recordReader reads records one after another.
type recordReader struct {
	r   *bufio.Reader
	max int64 // UTF-16 code units of one document
	n   int   // of the record that was read last, from 1
}

const headLen = 36 + 1 + 8 + 1 + 8 + 1

// next returns the next record, or io.EOF after the last.
func (rr *recordReader) next() (record, error) {
	head := make([]byte, headLen)
	if _, err := io.ReadFull(rr.r, head); err == io.EOF {
		return record{}, io.EOF
	} else if rr.n++; err != nil {
		return record{}, rr.broken(err)
	}
	id, err := update.ParseIDBytes(head[:36])
	if err != nil || head[36] != ',' || head[45] != ',' || head[54] != ',' {
		return record{}, rr.broken(ErrRecord)
	}
	number, err1 := strconv.ParseUint(string(head[37:45]), 16, 31)
	units, err2 := strconv.ParseUint(string(head[46:54]), 16, 31)
	if err1 != nil || err2 != nil {
		return record{}, rr.broken(ErrRecord)
	}
	if int64(units) > rr.max {
		return record{}, rr.broken(fmt.Errorf("a document of %d characters is over the limit of %d", units, rr.max))
	}
	doc, err := rr.document(int(units))
	if err != nil {
		return record{}, rr.broken(err)
	}
	var end [2]byte
	if _, err := io.ReadFull(rr.r, end[:]); err != nil {
		return record{}, rr.broken(err)
	}
	if end != [2]byte{'\r', '\n'} {
		return record{}, rr.broken(fmt.Errorf("%w: it does not end where its length of %d says", ErrRecord, units))
	}
	return record{id: update.Identity{ID: id, Number: int32(number)}, doc: doc}, nil
}

// broken says which record breaks the stream. No error of this reader is io.EOF,
// which is the end of a stream that is whole.
func (rr *recordReader) broken(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("it breaks off: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("metadata.txt, record %d: %w", rr.n, err)
}

// document reads text of the given number of UTF-16 code units: one for a
// character of up to three bytes in UTF-8, two for one of four.
func (rr *recordReader) document(units int) ([]byte, error) {
	// A length is only a claim: memory grows with what is really there, by so much
	// at a time that a document of 47 MB is not copied twenty times.
	doc := make([]byte, 0, min(units, 1<<20))
	for units > 0 {
		if rr.r.Buffered() == 0 {
			if _, err := rr.r.Peek(1); err != nil {
				return nil, err
			}
		}
		buf, _ := rr.r.Peek(rr.r.Buffered())
		n, used := asciiRun(buf, units)
		if n == 0 {
			if !utf8.FullRune(buf) {
				buf, _ = rr.r.Peek(utf8.UTFMax) // a character across two reads
			}
			c, size := utf8.DecodeRune(buf)
			if c == utf8.RuneError && size <= 1 {
				return nil, errors.New("the document is not UTF-8")
			}
			n, used = size, 1
			if c > 0xFFFF {
				used = 2
			}
		}
		if cap(doc)-len(doc) < n {
			doc = slices.Grow(doc, max(n, min(units+units/64, 3*len(doc))))
		}
		doc = append(doc, buf[:n]...)
		rr.r.Discard(n)
		units -= used
	}
	if units < 0 {
		return nil, fmt.Errorf("%w: its length ends inside a character", ErrRecord)
	}
	return doc, nil
}

// asciiRun returns how many leading bytes of b are single characters, at most max.
func asciiRun(b []byte, max int) (n, units int) {
	for n < len(b) && n < max && b[n] < utf8.RuneSelf {
		n++
	}
	return n, n
}
