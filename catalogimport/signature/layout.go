package signature

import (
	"bytes"
	"context"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	// The digests that [algorithms] names.
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"sluice/catalogimport/bounded"
)

// maxSignature bounds one PKCS #7 message, in bytes. Page hashes make them
// large: 36 bytes for each 4 KiB, so this is enough for a program of 900 MiB.
const maxSignature = 8 << 20

// span is the bytes from one offset to before another.
type span struct{ from, to int64 }

// layout is where a file keeps its signature and what the digest covers. Without
// messages the file is unsigned.
type layout struct {
	kind     Kind
	covered  []span
	messages [][]byte // DER, with any padding
	// without says why there is no message, where that is not plain.
	without string
}

// find recognises the file and reads its signature.
func find(r io.ReaderAt, size int64) (layout, error) {
	head := make([]byte, min(size, headLen))
	if err := readAt(r, head, 0); err != nil {
		return layout{}, err
	}
	switch {
	case isCabinet(head):
		return findInCabinet(r, size, head)
	case bytes.HasPrefix(head, []byte("MZ")), isProgram(r, size, head):
		return findInProgram(r, size, head)
	}
	return layout{without: "files of this kind carry no signature of their own that could be checked"}, nil
}

// headLen holds the header of a cabinet with its reserve, and that of a program
// up to the place of its PE header.
const headLen = 64

func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %d bytes at %d: %w", len(b), at, err)
}

// section reads a part of the signature whose place the file declares.
func section(r io.ReaderAt, size, at, n int64) ([]byte, error) {
	switch {
	case at > size || n > size-at:
		return nil, tampered("its signature should end at byte %d, but the file ends at %d: it is cut off or damaged", at+n, size)
	case n > maxSignature:
		return nil, tampered("its signature claims %d bytes, more than the limit of %d", n, maxSignature)
	}
	b := make([]byte, n)
	return b, readAt(r, b, at)
}

// digests computes what the layout covers by each algorithm, in one pass.
func (l layout) digests(ctx context.Context, r io.ReaderAt, want map[crypto.Hash][]byte) error {
	var hashes []io.Writer
	for alg := range want {
		h := alg.New()
		hashes = append(hashes, h)
		defer func() { want[alg] = h.Sum(nil) }()
	}
	if len(hashes) == 0 {
		return nil
	}
	all, buf := io.MultiWriter(hashes...), make([]byte, 256<<10)
	for _, s := range l.covered {
		n, err := io.CopyBuffer(onlyWriter{all}, bounded.Context(ctx, io.NewSectionReader(r, s.from, s.to-s.from)), buf)
		if err == nil && n != s.to-s.from {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fmt.Errorf("read bytes %d to %d: %w", s.from, s.to, err)
		}
	}
	return nil
}

// onlyWriter keeps io.CopyBuffer to the buffer that it is given.
type onlyWriter struct{ io.Writer }

func zeros(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

func u16(b []byte, at int) int64 { return int64(binary.LittleEndian.Uint16(b[at:])) }
func u32(b []byte, at int) int64 { return int64(binary.LittleEndian.Uint32(b[at:])) }
