package cabinet

import (
	"encoding/binary"
	"errors"
)

// slotTable gives for each offset slot the offset of its first position and
// the number of extra bits. It is indexed by six bits.
type slotTable struct {
	base  [64]uint32
	extra [64]uint8
}

// makeSlots computes the table for the largest window; smaller ones use its
// start. The stored offsets are two above the real ones, so the bases here are
// two less than in the specification.
func makeSlots() (t slotTable) {
	next := uint32(0)
	for i := range slotsMax {
		extra := uint8(0)
		if i >= 4 {
			extra = uint8(min(i/2-1, 17))
		}
		t.base[i], t.extra[i] = next-2, extra
		next += 1 << extra
	}
	return t
}

var (
	errMatchOffset = errors.New("LZX: a match reaches back before the start of the data")
	errMatchLength = errors.New("LZX: a match runs past the end of its block or frame")
	errNoLengths   = errors.New("LZX: a match needs the length tree, which has no codes")
)

// decode decodes symbols of a verbatim or aligned block until pos is until,
// which is at most the frame's end. All that the loop touches is held in locals.
func (d *lzx) decode(until int) error {
	var (
		src      = d.src
		at       = d.at
		acc      = d.acc
		n        = d.n
		win      = d.win
		pos      = d.pos
		r0       = d.repeat[0]
		r1       = d.repeat[1]
		r2       = d.repeat[2]
		mainSub  = (64 - d.mainSub) & 63
		lenSub   = (64 - d.lengthSub) & 63
		aligned  = d.blockType == blockAligned
		main     = &d.main
		length   = &d.length
		alignedT = &d.aligned
		slotsT   = &d.slotTable
	)
	for pos < until {
		// 32 bits are enough for a main and a length code.
		if n < 32 {
			if at+4 > len(src) {
				return errInput
			}
			acc |= uint64(loadWords(src[at:])) << ((32 - n) & 63)
			at += 4
			n += 32
		}
		e := main[acc>>(64-mainBits)]
		if e&entryLink != 0 {
			e = main[(uint64(e>>entryShift)+acc<<mainBits>>mainSub)&(mainTable-1)]
		}
		acc <<= e & entryLength
		n -= uint(e & entryLength)
		sym := e >> entryShift
		if sym < literals {
			win[pos] = byte(sym)
			pos++
			continue
		}

		size := int(sym&7) + 2
		if sym&7 == 7 {
			e := length[acc>>(64-lengthBits)]
			if e&entryLink != 0 {
				e = length[(uint64(e>>entryShift)+acc<<lengthBits>>lenSub)&(lengthTable-1)]
			}
			acc <<= e & entryLength
			n -= uint(e & entryLength)
			size += int(e >> entryShift)
		}

		var offset uint32
		switch slot := (sym - literals) >> 3; slot {
		case 0:
			offset = r0
		case 1:
			offset = r1
			r1, r0 = r0, offset
		case 2:
			offset = r2
			r2, r0 = r0, offset
		default:
			if n < 32 {
				if at+4 > len(src) {
					return errInput
				}
				acc |= uint64(loadWords(src[at:])) << ((32 - n) & 63)
				at += 4
				n += 32
			}
			extra := uint(slotsT.extra[slot&63])
			offset = slotsT.base[slot&63]
			if aligned && extra >= 3 {
				// The two shifts make up one by up to 64 bits.
				offset += uint32(acc>>1>>((66-extra)&63)) << 3
				acc <<= (extra - 3) & 63
				e := alignedT[acc>>(64-alignedBits)]
				acc <<= e & entryLength
				n -= extra - 3 + uint(e&entryLength)
				offset += e >> entryShift
			} else {
				offset += uint32(acc >> 1 >> ((63 - extra) & 63))
				acc <<= extra & 63
				n -= extra
			}
			r2, r1, r0 = r1, r0, offset
		}

		if uint64(offset) > uint64(pos) {
			return errMatchOffset
		}
		end := pos + size
		if end > until {
			if size >= emptyCode {
				return errNoLengths
			}
			return errMatchLength
		}
		from := pos - int(offset)
		if offset >= 8 {
			for pos < end {
				binary.LittleEndian.PutUint64(win[pos:], binary.LittleEndian.Uint64(win[from:]))
				pos += 8
				from += 8
			}
			pos = end
		} else {
			for pos < end {
				win[pos] = win[from]
				pos++
				from++
			}
		}
	}
	d.at, d.acc, d.n, d.pos = at, acc, n, pos
	d.repeat = [3]uint32{r0, r1, r2}
	return nil
}
