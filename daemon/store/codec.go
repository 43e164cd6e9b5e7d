package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zstd"

	"sluice/wsus/update"
)

// maxBody bounds what one stored text may decompress to, in bytes: more than
// any document that is let in.
const maxBody = 512 << 20

// codec compresses the texts of revisions. It is safe for concurrent use. Level
// and memory are the least: most texts are shorter than a kilobyte, and what is
// left to gain by trying harder is a few per cent.
type codec struct {
	enc       *zstd.Encoder
	dec       *zstd.Decoder
	languages []string // of the titles that lists show, best first
}

func newCodec(languages []string) (*codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(readers),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxBody))
	if err != nil {
		return nil, err
	}
	return &codec{enc, dec, languages}, nil
}

// pack compresses a text; nil stays nil.
func (c *codec) pack(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	// Long texts are manifests, which shrink to a tenth. What is over is given
	// back: a batch of compressed texts waits to be written.
	dst := c.enc.EncodeAll(text, make([]byte, 0, len(text)/8+512))
	if cap(dst) > len(dst)+len(dst)/4 {
		return bytes.Clone(dst)
	}
	return dst
}

// unpack is the inverse of pack.
func (c *codec) unpack(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	text, err := c.dec.DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: stored text: %w", ErrDamaged, err)
	}
	return text, nil
}

// packLocalized puts the fragments of all languages into one text.
func (c *codec) packLocalized(fragments []update.LocalizedFragment) []byte {
	var b []byte
	for _, f := range fragments {
		b = appendBytes(b, []byte(f.Language))
		b = appendBytes(b, f.XML)
	}
	return c.pack(b)
}

// unpackLocalized is the inverse of packLocalized.
func (c *codec) unpackLocalized(packed []byte) ([]update.LocalizedFragment, error) {
	b, err := c.unpack(packed)
	if err != nil {
		return nil, err
	}
	var fragments []update.LocalizedFragment
	for r := (blobReader{b: b}); len(r.b) > 0; {
		f := update.LocalizedFragment{Language: string(r.bytes()), XML: r.bytes()}
		if r.bad {
			return nil, fmt.Errorf("%w: stored languages", ErrDamaged)
		}
		fragments = append(fragments, f)
	}
	return fragments, nil
}

// appendBytes appends the length of p and p.
func appendBytes(b, p []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(p))), p...)
}

// blobReader reads what was appended to a blob. After a read past its end bad
// is set and every value is zero.
type blobReader struct {
	b   []byte
	bad bool
}

func (r *blobReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *blobReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if r.bad || n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *blobReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads the length of a list, each item of which takes at least one byte.
func (r *blobReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *blobReader) bytes() []byte { return r.take(r.uvarint()) }

func (r *blobReader) string() string { return string(r.bytes()) }

func (r *blobReader) id() (id update.ID) {
	copy(id[:], r.take(uint64(len(id))))
	return id
}
