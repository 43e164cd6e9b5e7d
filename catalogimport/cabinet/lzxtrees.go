package cabinet

import "errors"

// readAlignedTree reads the tree of an aligned block: eight 3-bit lengths.
func (d *lzx) readAlignedTree() error {
	var lengths [alignedSymbols]uint8
	for i := range lengths {
		l, err := d.bits(3)
		if err != nil {
			return err
		}
		lengths[i] = uint8(l)
	}
	if lengths == ([alignedSymbols]uint8{}) {
		return errors.New("LZX: the aligned tree has no codes")
	}
	_, err := buildTable(d.aligned[:], alignedBits, lengths[:])
	return err
}

// readTrees reads the main and the length tree. Their lengths are stored as
// differences from the block before, in three parts with a pretree each.
func (d *lzx) readTrees() error {
	main := d.mainLengths[:literals+8*d.slots]
	for _, part := range [][]uint8{main[:literals], main[literals:], d.lengthLengths[:]} {
		if err := d.readLengths(part); err != nil {
			return err
		}
	}
	var err error
	if d.mainSub, err = buildTable(d.main[:], mainBits, main); err != nil {
		return err
	}
	if d.main[0]>>entryShift == emptyCode {
		return errors.New("LZX: the main tree has no codes")
	}
	// A length tree without codes is legal in a block without long matches.
	d.lengthSub, err = buildTable(d.length[:], lengthBits, d.lengthLengths[:])
	return err
}

// Pretree symbols above 16, the highest difference.
const (
	runOfZeros     = 17 // 4 to 19
	longRunOfZeros = 18 // 20 to 51
	runOfSame      = 19 // 4 or 5
)

// readLengths updates one part of the code lengths.
func (d *lzx) readLengths(lengths []uint8) error {
	var pre [pretreeSymbols]uint8
	for i := range pre {
		l, err := d.bits(4)
		if err != nil {
			return err
		}
		pre[i] = uint8(l)
	}
	sub, err := buildTable(d.pretree[:], pretreeBits, pre[:])
	if err != nil {
		return err
	}
	for i := 0; i < len(lengths); {
		sym, err := d.symbol(d.pretree[:], pretreeBits, sub)
		if err != nil {
			return err
		}
		run, value := 1, uint8(0)
		switch {
		case sym <= maxCodeBits:
			value = lengthDelta(lengths[i], sym)
		case sym == runOfZeros:
			run, err = d.run(4, 4)
		case sym == longRunOfZeros:
			run, err = d.run(20, 5)
		case sym == runOfSame:
			if run, err = d.run(4, 1); err != nil {
				return err
			}
			if sym, err = d.symbol(d.pretree[:], pretreeBits, sub); err != nil {
				return err
			}
			if sym > maxCodeBits {
				return errors.New("LZX: a run of code lengths repeats no length")
			}
			value = lengthDelta(lengths[i], sym)
		default:
			return errors.New("LZX: the pretree has no codes")
		}
		if err != nil {
			return err
		}
		if run > len(lengths)-i {
			return errors.New("LZX: a run of code lengths goes past the tree's end")
		}
		for range run {
			lengths[i] = value
			i++
		}
	}
	return nil
}

func (d *lzx) run(least int, n uint) (int, error) {
	v, err := d.bits(n)
	return least + int(v), err
}

// lengthDelta applies a difference, which counts down modulo 17.
func lengthDelta(old uint8, delta uint32) uint8 {
	return uint8((uint32(old) + maxCodeBits + 1 - delta) % (maxCodeBits + 1))
}
