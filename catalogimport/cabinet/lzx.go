package cabinet

import (
	"errors"
	"fmt"
	"math"
)

// LZX constants (MS-PATCH, and MS-CAB's note on its use in cabinets).
const (
	minWindowBits = 15
	maxWindowBits = 21

	blockVerbatim     = 1
	blockAligned      = 2
	blockUncompressed = 3

	literals       = 256
	lengthSymbols  = 249
	alignedSymbols = 8
	pretreeSymbols = 20
	slotsMax       = 50
	mainSymbolsMax = literals + 8*slotsMax

	// copySlack is how far the copying of a match may overshoot its end.
	copySlack = 16
)

// invalidOffset stands for a repeated offset that no window can satisfy.
const invalidOffset = math.MaxUint32

// lzx decodes the LZX stream of one folder. Window, repeated offsets, code
// lengths and the state of the current block carry over from frame to frame;
// the bits do not.
//
// The window is not a ring: output is appended to a longer buffer and moved
// down when that is full. So a match is one source and one target without a
// wrap, and its copy may overshoot.
type lzx struct {
	bitReader
	win    []byte
	pos    int // end of the output in win
	window int // bytes that a match can reach back
	slots  int // offset slots of this window
	slotTable

	repeat [3]uint32 // R0, R1, R2

	started   bool
	short     bool // a frame has been short, so it was the last
	blockType uint32
	left      int // bytes of output left in the block
	odd       bool

	mainLengths   [mainSymbolsMax]uint8
	lengthLengths [lengthSymbols]uint8
	mainSub       uint
	lengthSub     uint
	main          [mainTable]uint32
	length        [lengthTable]uint32
	aligned       [alignedTable]uint32
	pretree       [pretreeTable]uint32

	e8 e8
}

// newLZX makes a decoder for a folder of which extent bytes are wanted.
func newLZX(windowBits int, extent int64) *lzx {
	window := 1 << windowBits
	// A folder that fits needs no moving down, and a small one little memory.
	whole := (extent + frameSize - 1) / frameSize * frameSize
	length := int(min(int64(window+max(window, 8*frameSize)), whole))
	return &lzx{
		win:    make([]byte, length+copySlack),
		window: window,
		slots:  offsetSlots(windowBits),
		repeat: [3]uint32{1, 1, 1},

		slotTable: makeSlots(),
	}
}

func offsetSlots(windowBits int) int {
	switch windowBits {
	case 20:
		return 42
	case 21:
		return 50
	}
	return 2 * windowBits
}

// frame implements [decoder].
func (d *lzx) frame(src []byte, n int) ([]byte, error) {
	if d.short {
		return nil, errors.New("LZX: only a folder's last data block may be short")
	}
	d.short = n < frameSize
	d.reset(src)
	d.slide()
	if !d.started {
		if err := d.readStart(); err != nil {
			return nil, err
		}
	}
	start := d.pos
	end := start + n
	for d.pos < end {
		if d.left == 0 {
			if err := d.readBlockHeader(); err != nil {
				return nil, err
			}
		}
		before := d.pos
		until := min(end, before+d.left)
		var err error
		if d.blockType == blockUncompressed {
			err = d.copyRaw(until)
		} else {
			err = d.decode(until)
		}
		if err != nil {
			return nil, err
		}
		d.left -= d.pos - before
	}
	if d.position() > d.size+d.size%2 {
		return nil, errInput
	}
	return d.e8.undo(d.win[start:end]), nil
}

// slide makes room for a frame.
func (d *lzx) slide() {
	if d.pos+frameSize > len(d.win)-copySlack {
		keep := min(d.window, d.pos)
		copy(d.win, d.win[d.pos-keep:d.pos])
		d.pos = keep
	}
}

// readStart reads what only the first frame has: the E8 translation size.
func (d *lzx) readStart() error {
	d.started = true
	on, err := d.bits(1)
	if err != nil || on == 0 {
		return err
	}
	high, err := d.bits(16)
	if err != nil {
		return err
	}
	low, err := d.bits(16)
	if err != nil {
		return err
	}
	d.e8.size = int32(high<<16 | low)
	return nil
}

// copyRaw copies bytes of an uncompressed block until pos is until.
func (d *lzx) copyRaw(until int) error {
	p, err := d.bytes(until - d.pos)
	if err != nil {
		return err
	}
	d.pos += copy(d.win[d.pos:], p)
	if len(p) == d.left && d.odd && d.at < d.size {
		d.at++
	}
	return nil
}

// readBlockHeader starts the next block.
func (d *lzx) readBlockHeader() error {
	kind, err := d.bits(3)
	if err != nil {
		return err
	}
	high, err := d.bits(16)
	if err != nil {
		return err
	}
	low, err := d.bits(8)
	if err != nil {
		return err
	}
	d.blockType, d.left = kind, int(high<<8|low)
	switch kind {
	case blockVerbatim:
		return d.readTrees()
	case blockAligned:
		if err := d.readAlignedTree(); err != nil {
			return err
		}
		return d.readTrees()
	case blockUncompressed:
		return d.readRawHeader()
	}
	return fmt.Errorf("LZX: block type %d", kind)
}

// readRawHeader reads the repeated offsets that an uncompressed block sets.
func (d *lzx) readRawHeader() error {
	d.toBytes()
	d.odd = d.left%2 == 1
	p, err := d.bytes(12)
	if err != nil {
		return err
	}
	for i := range d.repeat {
		r := uint32(p[4*i]) | uint32(p[4*i+1])<<8 | uint32(p[4*i+2])<<16 | uint32(p[4*i+3])<<24
		if r == 0 || r > uint32(d.window) {
			// Legal as long as no match uses it.
			r = invalidOffset
		}
		d.repeat[i] = r
	}
	return nil
}
