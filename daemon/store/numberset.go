package store

import (
	"encoding/binary"
	"errors"
	"slices"
)

// encodeSet writes a set of numbers as varint differences in ascending order.
func encodeSet(set map[int64]bool) []byte {
	numbers := make([]int64, 0, len(set))
	for n := range set {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	b := make([]byte, 0, 2*len(numbers))
	last := int64(0)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

// decodeSet is the inverse of encodeSet.
func decodeSet(b []byte) (numbers []int64, _ error) {
	last := int64(0)
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errors.New("a set of numbers breaks off")
		}
		last += int64(d)
		numbers, b = append(numbers, last), b[n:]
	}
	return numbers, nil
}
