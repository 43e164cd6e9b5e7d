package cabwrite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// packer encodes the frames of one folder.
type packer interface {
	pack(frame []byte) []byte
}

// pack makes the data blocks of one folder and counts them.
func (c Cabinet) pack(files []File) (data []byte, count int, err error) {
	p, err := c.packer()
	if err != nil {
		return nil, 0, err
	}
	readers := make([]io.Reader, len(files))
	for i, f := range files {
		readers[i] = bytes.NewReader(f.Data)
	}
	all := io.MultiReader(readers...)
	for {
		// A fresh frame each time: MSZIP keeps the last one as dictionary.
		frame := make([]byte, frameSize)
		n, _ := io.ReadFull(all, frame)
		if n == 0 {
			return data, count, nil
		}
		payload := p.pack(frame[:n])
		le := binary.LittleEndian
		fields := le.AppendUint16(nil, uint16(len(payload)))
		fields = le.AppendUint16(fields, uint16(n))
		fields = append(fields, make([]byte, c.DataReserve)...)
		data = le.AppendUint32(data, checksum(payload)^checksum(fields))
		data = append(data, fields...)
		data = append(data, payload...)
		count++
	}
}

func (c Cabinet) packer() (packer, error) {
	switch c.Method {
	case None:
		return stored{}, nil
	case MSZIP:
		return new(mszip), nil
	case LZX:
		return new(rawLZX), nil
	}
	return nil, fmt.Errorf("unknown method 0x%04x", uint16(c.Method))
}

// stored does not compress.
type stored struct{}

func (stored) pack(frame []byte) []byte { return frame }

// mszip makes each frame a deflate stream of its own, with the frame before it
// as preset dictionary.
type mszip struct{ last []byte }

func (m *mszip) pack(frame []byte) []byte {
	out := append([]byte("CK"), deflate(m.last, frame)...)
	m.last = frame
	return out
}

// rawLZX makes each frame one uncompressed LZX block.
type rawLZX struct{ started bool }

func (l *rawLZX) pack(frame []byte) []byte {
	const uncompressed = 3
	// 3 bits of type and 24 of length; in the first frame after a zero bit,
	// which says that x86 calls are not translated. They fill up two words.
	bits := uint32(uncompressed)<<24 | uint32(len(frame))
	if l.started {
		bits <<= 5
	} else {
		bits <<= 4
		l.started = true
	}
	le := binary.LittleEndian
	out := le.AppendUint16(nil, uint16(bits>>16))
	out = le.AppendUint16(out, uint16(bits))
	for range 3 { // the repeated offsets
		out = le.AppendUint32(out, 1)
	}
	out = append(out, frame...)
	if len(frame)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// checksum XORs the little-endian dwords of b; the one to three bytes at the
// end form a dword in the opposite order.
func checksum(b []byte) uint32 {
	var sum, tail uint32
	for ; len(b) >= 4; b = b[4:] {
		sum ^= binary.LittleEndian.Uint32(b)
	}
	for _, c := range b {
		tail = tail<<8 | uint32(c)
	}
	return sum ^ tail
}
