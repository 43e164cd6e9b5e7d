package cabinet_test

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// lzxEncoder makes valid LZX streams whose blocks, codes and matches are drawn
// at random, so that they reach what a good encoder avoids: 16-bit codes, blocks
// of one byte, every kind of match. Compression is of no interest.
type lzxEncoder struct {
	rng     *rand.Rand
	window  int
	data    []byte // after the E8 translation
	pos     int
	repeat  [3]int
	seen    [1 << 16][8]int32 // some places behind occurrences of two bytes
	indexed int
	main    []int // code lengths of the block before
	length  []int

	frames [][]byte
	out    []byte // current frame
	acc    uint32
	n      int
}

const encFrame = 32768

// encodeLZX returns the payload of each frame of data. A size other than zero
// turns the E8 translation on; the decoder undoes it.
func encodeLZX(rng *rand.Rand, data []byte, windowBits int, e8Size int32) [][]byte {
	e := newLZXEncoder(rng, windowBits)
	e.data = translateE8(data, e8Size)
	if e8Size == 0 {
		e.put(0, 1)
	} else {
		e.put(1, 1)
		e.put(int(uint32(e8Size)>>16), 16)
		e.put(int(e8Size)&0xFFFF, 16)
	}
	for e.pos < len(e.data) {
		most := []int{10, 1000, 100000}[rng.IntN(3)]
		size := min(1+rng.IntN(most), len(e.data)-e.pos)
		switch kind := 1 + rng.IntN(3); kind {
		case 3:
			e.raw(size)
		default:
			e.coded(kind == 2, size)
		}
	}
	if len(e.data)%encFrame != 0 {
		e.endFrame()
	}
	return e.frames
}

func newLZXEncoder(rng *rand.Rand, windowBits int) *lzxEncoder {
	slots := cmp.Or(map[int]int{20: 42, 21: 50}[windowBits], 2*windowBits)
	return &lzxEncoder{
		rng: rng, window: 1 << windowBits, repeat: [3]int{1, 1, 1},
		main: make([]int, 256+8*slots), length: make([]int, 249),
	}
}

// translateE8 applies the translation that a decoder undoes.
func translateE8(data []byte, size int32) []byte {
	out := slices.Clone(data)
	if size == 0 {
		return out
	}
	for start := 0; start < len(out); start += encFrame {
		frame := out[start:min(start+encFrame, len(out))]
		for i := 0; i < len(frame)-10; i++ {
			if frame[i] != 0xE8 {
				continue
			}
			pos := int32(start + i)
			target := frame[i+1 : i+5]
			switch rel := int32(binary.LittleEndian.Uint32(target)); {
			case rel >= -pos && rel < size-pos:
				binary.LittleEndian.PutUint32(target, uint32(rel+pos))
			case rel >= size-pos && rel < size:
				binary.LittleEndian.PutUint32(target, uint32(rel-size))
			}
			i += 4
		}
	}
	return out
}

func (e *lzxEncoder) put(v, n int) {
	for i := n - 1; i >= 0; i-- {
		e.acc = e.acc<<1 | uint32(v>>i&1)
		if e.n++; e.n == 16 {
			e.out = binary.LittleEndian.AppendUint16(e.out, uint16(e.acc))
			e.acc, e.n = 0, 0
		}
	}
}

func (e *lzxEncoder) align() {
	if e.n > 0 {
		e.put(0, 16-e.n)
	}
}

func (e *lzxEncoder) endFrame() {
	e.align()
	e.frames = append(e.frames, e.out)
	e.out = nil
}

// advance passes n bytes and ends the frame where they do.
func (e *lzxEncoder) advance(n int) {
	if e.pos += n; e.pos%encFrame == 0 {
		e.endFrame()
	}
}

// raw writes an uncompressed block, which also sets the repeated offsets.
func (e *lzxEncoder) raw(size int) {
	e.put(3, 3)
	e.put(size, 24)
	if e.n == 0 {
		e.put(0, 16)
	}
	e.align()
	for i := range e.repeat {
		e.repeat[i] = 1 + e.rng.IntN(e.window)
		e.out = binary.LittleEndian.AppendUint32(e.out, uint32(e.repeat[i]))
	}
	for left := size; left > 0; {
		n := min(left, encFrame-e.pos%encFrame)
		e.out = append(e.out, e.data[e.pos:e.pos+n]...)
		left -= n
		if left == 0 && size%2 == 1 {
			e.out = append(e.out, 0)
		}
		e.advance(n)
	}
}

// token is a literal (size 0) or a match.
type token struct {
	main, length int // symbols; length is -1 where it is not needed
	size         int
	extra, bits  int // the offset's extra bits
}

// coded writes the next size bytes as a verbatim or an aligned block.
func (e *lzxEncoder) coded(aligned bool, size int) {
	var tokens []token
	for at := e.pos; at < e.pos+size; {
		t := e.token(at, e.pos+size)
		tokens = append(tokens, t)
		at += max(1, t.size)
	}
	e.block(aligned, size, tokens)
}

// block writes a verbatim or an aligned block of these tokens.
func (e *lzxEncoder) block(aligned bool, size int, tokens []token) {
	mainUsed, lengthUsed, alignedUsed := map[int]bool{}, map[int]bool{}, map[int]bool{}
	for _, t := range tokens {
		mainUsed[t.main] = true
		if t.length >= 0 {
			lengthUsed[t.length] = true
		}
		if t.bits >= 3 {
			alignedUsed[t.extra&7] = true
		}
	}
	if aligned {
		e.put(2, 3)
	} else {
		e.put(1, 3)
	}
	e.put(size, 24)
	var alignedCode []int
	if aligned {
		alignedCode = e.randomCode(alignedUsed, 8, 7)
		for _, l := range alignedCode {
			e.put(l, 3)
		}
	}
	mainCode := e.randomCode(mainUsed, len(e.main), 16)
	lengthCode := make([]int, 249)
	if len(lengthUsed) > 0 {
		lengthCode = e.randomCode(lengthUsed, 249, 16)
	}
	e.putLengths(e.main[:256], mainCode[:256])
	e.putLengths(e.main[256:], mainCode[256:])
	e.putLengths(e.length, lengthCode)
	e.main, e.length = mainCode, lengthCode

	mainBits, lengthBits, alignedBits := canonical(mainCode), canonical(lengthCode), canonical(alignedCode)
	for _, t := range tokens {
		e.put(mainBits[t.main], mainCode[t.main])
		if t.length >= 0 {
			e.put(lengthBits[t.length], lengthCode[t.length])
		}
		if aligned && t.bits >= 3 {
			e.put(t.extra>>3, t.bits-3)
			e.put(alignedBits[t.extra&7], alignedCode[t.extra&7])
		} else {
			e.put(t.extra, t.bits)
		}
		e.advance(max(1, t.size))
	}
}

// token chooses how to encode what is at a position of a block that ends at
// end, and updates the repeated offsets.
func (e *lzxEncoder) token(at, end int) token {
	for ; e.indexed < at; e.indexed++ {
		key := binary.LittleEndian.Uint16(e.data[e.indexed:])
		e.seen[key][e.rng.IntN(8)] = int32(e.indexed + 1)
	}
	end = min(end, at-at%encFrame+encFrame)
	if end-at < 2 || e.rng.IntN(8) == 0 {
		return token{main: int(e.data[at]), length: -1}
	}
	// Repeated offsets first, in an order that prefers none of them.
	for _, i := range e.rng.Perm(3) {
		if n := e.matchLength(at, e.repeat[i], end); n >= 2 {
			e.repeat[0], e.repeat[i] = e.repeat[i], e.repeat[0]
			return matchToken(i, n)
		}
	}
	place := int(e.seen[binary.LittleEndian.Uint16(e.data[at:])][e.rng.IntN(8)])
	offset := at + 1 - place
	n := e.matchLength(at, offset, end)
	if place == 0 || n < 2 || offset > e.window-3 {
		return token{main: int(e.data[at]), length: -1}
	}
	e.repeat = [3]int{offset, e.repeat[0], e.repeat[1]}
	slot, base, bits := 3, 3, 0
	for formatted := offset + 2; formatted >= base+1<<bits; {
		base += 1 << bits
		slot++
		bits = min(max(0, slot/2-1), 17)
	}
	t := matchToken(slot, n)
	t.extra, t.bits = offset+2-base, bits
	return t
}

func (e *lzxEncoder) matchLength(at, offset, end int) int {
	if offset > at || offset > e.window {
		return 0
	}
	n := 0
	for n < 257 && at+n < end && e.data[at+n] == e.data[at+n-offset] {
		n++
	}
	if n > 2 && e.rng.IntN(4) == 0 {
		n = 2 + e.rng.IntN(n-1)
	}
	return n
}

func matchToken(slot, size int) token {
	if size < 9 {
		return token{main: 256 + 8*slot + size - 2, length: -1, size: size}
	}
	return token{main: 256 + 8*slot + 7, length: size - 9, size: size}
}

// randomCode returns lengths of a complete code for the used symbols of n, at
// least two of them.
func (e *lzxEncoder) randomCode(used map[int]bool, n, longest int) []int {
	for len(used) < 2 {
		used[e.rng.IntN(n)] = true
	}
	leaves := []int{1, 1}
	for len(leaves) < len(used) {
		i := e.rng.IntN(len(leaves))
		if e.rng.IntN(2) == 0 {
			i = len(leaves) - 1 // makes deep trees
		}
		if leaves[i] < longest {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	e.rng.Shuffle(len(leaves), func(i, j int) { leaves[i], leaves[j] = leaves[j], leaves[i] })
	code := make([]int, n)
	for s := range n { // in order, so that a seed always gives the same stream
		if used[s] {
			code[s], leaves = leaves[0], leaves[1:]
		}
	}
	return code
}

// canonical returns the code words for code lengths.
func canonical(lengths []int) []int {
	words := make([]int, len(lengths))
	word := 0
	for l := 1; l <= 16; l++ {
		word <<= 1
		for s, have := range lengths {
			if have == l {
				words[s] = word
				word++
			}
		}
	}
	return words
}

// putLengths writes code lengths as differences from those of the block before.
func (e *lzxEncoder) putLengths(before, now []int) {
	type op struct{ sym, extra, bits, then int }
	var ops []op
	used := map[int]bool{}
	for i := 0; i < len(now); {
		run := 1
		for run < 51 && i+run < len(now) && now[i+run] == now[i] {
			run++
		}
		delta := (before[i] - now[i] + 17) % 17
		switch {
		case now[i] == 0 && run >= 20:
			ops = append(ops, op{sym: 18, extra: run - 20, bits: 5, then: -1})
		case now[i] == 0 && run >= 4:
			run = min(run, 19)
			ops = append(ops, op{sym: 17, extra: run - 4, bits: 4, then: -1})
		case run >= 4:
			run = min(run, 5)
			ops = append(ops, op{sym: 19, extra: run - 4, bits: 1, then: delta})
			used[delta] = true
		default:
			run = 1
			ops = append(ops, op{sym: delta, then: -1})
		}
		used[ops[len(ops)-1].sym] = true
		i += run
	}
	code := e.randomCode(used, 20, 15)
	for _, l := range code {
		e.put(l, 4)
	}
	words := canonical(code)
	for _, o := range ops {
		e.put(words[o.sym], code[o.sym])
		e.put(o.extra, o.bits)
		if o.then >= 0 {
			e.put(words[o.then], code[o.then])
		}
	}
}
