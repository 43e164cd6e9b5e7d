package soap

import (
	"context"
	"io"

	"sluice/wsus/soap/xpress"
)

// Body is a piece of an answer whose lengths are known before it is written. What is
// written must be exactly as long, and the Xpress form must be whole blocks that decode
// to the plain form. The Body that an operation returns is closed after use when it is an
// io.Closer.
type Body interface {
	PlainLen() int64
	XpressLen() int64
	WritePlain(ctx context.Context, w io.Writer) error
	WriteXpress(ctx context.Context, w io.Writer) error
}

// Raw is a Body made of text, which it keeps in memory and compresses when it is asked
// for its Xpress form, and of other Bodies, which write themselves. The zero value is
// empty and ready; Reset makes it so again and keeps the memory.
type Raw struct {
	text   []byte
	from   int // where in text the piece begins that is not in pieces yet
	pieces []piece

	coded   []byte
	encoded []piece // pieces with their text compressed; nil until it is needed
}

// piece is text or a Body.
type piece struct {
	text []byte
	body Body
}

// Write appends text.
func (r *Raw) Write(p []byte) (int, error) {
	r.text = append(r.text, p...)
	r.encoded = nil
	return len(p), nil
}

// WriteString appends text.
func (r *Raw) WriteString(s string) (int, error) {
	r.text = append(r.text, s...)
	r.encoded = nil
	return len(s), nil
}

// Append appends the text that f appends to its argument, as in
//
//	r.Append(func(b []byte) []byte { return strconv.AppendInt(b, id, 10) })
func (r *Raw) Append(f func(dst []byte) []byte) {
	r.text = f(r.text)
	r.encoded = nil
}

// Add appends b, which is written later and must not change until then.
func (r *Raw) Add(b Body) {
	r.cut()
	r.encoded = nil
	if inner, ok := b.(*Raw); ok { // so that text around the border shares a block
		inner.cut()
		r.pieces = append(r.pieces, inner.pieces...)
		return
	}
	r.pieces = append(r.pieces, piece{body: b})
}

// cut makes a piece of the text since the last one.
func (r *Raw) cut() {
	if r.from < len(r.text) {
		r.pieces = append(r.pieces, piece{text: r.text[r.from:]})
		r.from = len(r.text)
	}
}

// Reset empties r.
func (r *Raw) Reset() {
	clear(r.pieces)
	*r = Raw{text: r.text[:0], pieces: r.pieces[:0], coded: r.coded[:0]}
}

// size returns how much memory r keeps.
func (r *Raw) size() int { return cap(r.text) + cap(r.coded) }

// PlainLen implements Body.
func (r *Raw) PlainLen() int64 {
	r.cut()
	var n int64
	for _, p := range r.pieces {
		if p.body != nil {
			n += p.body.PlainLen()
		}
		n += int64(len(p.text))
	}
	return n
}

// WritePlain implements Body.
func (r *Raw) WritePlain(ctx context.Context, w io.Writer) error {
	r.cut()
	return writePieces(r.pieces, w, func(b Body) error { return b.WritePlain(ctx, w) })
}

// XpressLen implements Body. It compresses the text.
func (r *Raw) XpressLen() int64 {
	var n int64
	for _, p := range r.encode() {
		if p.body != nil {
			n += p.body.XpressLen()
		}
		n += int64(len(p.text))
	}
	return n
}

// WriteXpress implements Body.
func (r *Raw) WriteXpress(ctx context.Context, w io.Writer) error {
	return writePieces(r.encode(), w, func(b Body) error { return b.WriteXpress(ctx, w) })
}

func writePieces(pieces []piece, w io.Writer, write func(Body) error) error {
	for _, p := range pieces {
		if p.body != nil {
			if err := write(p.body); err != nil {
				return err
			}
		} else if _, err := w.Write(p.text); err != nil {
			return err
		}
	}
	return nil
}

// encode returns the pieces with each run of text made Xpress blocks.
func (r *Raw) encode() []piece {
	r.cut()
	if r.encoded != nil || len(r.pieces) == 0 {
		return r.encoded
	}
	r.coded = r.coded[:0]
	from := 0
	enc := xpress.NewWriter((*appender)(&r.coded)) // its errors are the appender's: none
	flush := func() {
		_ = enc.Flush()
		if from < len(r.coded) {
			r.encoded = append(r.encoded, piece{text: r.coded[from:]})
			from = len(r.coded)
		}
	}
	for _, p := range r.pieces {
		if p.body == nil {
			_, _ = enc.Write(p.text)
			continue
		}
		flush()
		r.encoded = append(r.encoded, p)
	}
	flush()
	return r.encoded
}

// appender is an io.Writer that appends.
type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

// Blocks is a Body that was compressed beforehand and lies in memory, in chunks that
// may be cut anywhere.
type Blocks struct {
	Plain  int64    // length of the decoded form
	Chunks [][]byte // whole Xpress blocks, one after the other
}

// PlainLen implements Body.
func (b *Blocks) PlainLen() int64 { return b.Plain }

// XpressLen implements Body.
func (b *Blocks) XpressLen() int64 {
	var n int64
	for _, c := range b.Chunks {
		n += int64(len(c))
	}
	return n
}

// WriteXpress implements Body.
func (b *Blocks) WriteXpress(_ context.Context, w io.Writer) error {
	for _, c := range b.Chunks {
		if _, err := w.Write(c); err != nil {
			return err
		}
	}
	return nil
}

// WritePlain implements Body.
func (b *Blocks) WritePlain(ctx context.Context, w io.Writer) error {
	return WriteDecoded(ctx, w, b.WriteXpress)
}

// WriteDecoded writes to w the decoded form of what write writes, block by block: a
// Body that has only Xpress blocks makes its WritePlain of its WriteXpress with it.
func WriteDecoded(ctx context.Context, w io.Writer, write func(context.Context, io.Writer) error) error {
	d := xpress.NewPlainWriter(w)
	if err := write(ctx, d); err != nil {
		return err
	}
	return d.Close()
}
