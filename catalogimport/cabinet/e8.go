package cabinet

import (
	"bytes"
	"encoding/binary"
)

const (
	e8Opcode = 0xE8
	// e8Frames is how many frames of a folder are translated.
	e8Frames = 32768
	// e8Tail is how many bytes at a frame's end are not.
	e8Tail = 10
)

// e8 undoes the translation of x86 CALL targets that an LZX encoder applies to
// help compression: absolute targets become relative again. It works on output
// only, the window keeps what was encoded.
type e8 struct {
	size  int32 // translation size of the stream, 0 for none
	frame int   // number of the next frame
	out   [frameSize]byte
}

// undo returns frame translated. The result is frame itself where nothing was
// to do, or else valid until the next call.
func (e *e8) undo(frame []byte) []byte {
	number := e.frame
	e.frame++
	if e.size == 0 || number >= e8Frames || len(frame) <= e8Tail {
		return frame
	}
	end := len(frame) - e8Tail
	i := bytes.IndexByte(frame[:end], e8Opcode)
	if i < 0 {
		return frame
	}
	out := e.out[:copy(e.out[:], frame)]
	start := int32(number) * frameSize
	for i < end {
		target := out[i+1 : i+5]
		pos := start + int32(i)
		if v := int32(binary.LittleEndian.Uint32(target)); v >= -pos && v < e.size {
			if v >= 0 {
				v -= pos
			} else {
				v += e.size
			}
			binary.LittleEndian.PutUint32(target, uint32(v))
		}
		i += 5
		if i >= end {
			break
		}
		skip := bytes.IndexByte(out[i:end], e8Opcode)
		if skip < 0 {
			break
		}
		i += skip
	}
	return out
}
