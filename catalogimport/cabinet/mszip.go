package cabinet

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
)

// stored is the decoder of folders that are not compressed.
type stored struct{}

func (stored) frame(src []byte, n int) ([]byte, error) {
	if len(src) != n {
		return nil, fmt.Errorf("it is not compressed, yet holds %d bytes for %d bytes of output", len(src), n)
	}
	return src, nil
}

// mszip decodes MSZIP (MS-MCI): each payload is "CK" and a deflate stream, whose
// preset dictionary is the 32 KiB of output before it.
type mszip struct {
	win     [2 * frameSize]byte // history, then the current frame
	history int
	last    int // bytes of the current frame
	in      bytes.Reader
	inflate io.ReadCloser
	probe   [1]byte
}

func (z *mszip) frame(src []byte, n int) ([]byte, error) {
	if len(src) < 2 || src[0] != 'C' || src[1] != 'K' {
		return nil, errors.New("an MSZIP block must start with \"CK\"")
	}
	z.slide()
	z.in.Reset(src[2:])
	dict := z.win[:z.history]
	if z.inflate == nil {
		z.inflate = flate.NewReaderDict(&z.in, dict)
	} else if err := z.inflate.(flate.Resetter).Reset(&z.in, dict); err != nil {
		return nil, err
	}
	out := z.win[z.history : z.history+n]
	if got, err := io.ReadFull(z.inflate, out); err != nil {
		return nil, fmt.Errorf("inflate: %d of %d bytes: %w", got, n, err)
	}
	switch got, err := z.inflate.Read(z.probe[:]); {
	case got != 0:
		return nil, fmt.Errorf("inflate: more than the declared %d bytes", n)
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("inflate: %w", err)
	}
	z.last = n
	return out, nil
}

// slide makes the last frame part of the history.
func (z *mszip) slide() {
	z.history += z.last
	z.last = 0
	if drop := z.history - frameSize; drop > 0 {
		copy(z.win[:], z.win[drop:z.history])
		z.history = frameSize
	}
}
