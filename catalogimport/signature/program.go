package signature

import (
	"bytes"
	"io"
)

// The fields of a program (PE format) that a signature needs. Offsets are from
// the PE header, or from the optional header that follows.
const (
	peOffset     = 0x3c // of the PE header, in the MS-DOS header
	optionalSize = 20   // length of the optional header
	optional     = 24   // where it begins
	checksum     = 64   // of the file, in the optional header
	security     = 4    // index of the directory of signatures
	headerLen    = optional + 112 + (security+1)*8

	pe32, pe32Plus = 0x10b, 0x20b

	// An entry of the table of signatures: length, revision, type.
	entryHeader   = 8
	signedData    = 2 // type of an entry that is PKCS #7
	maxSignatures = 8 // entries, and also signatures of a file
)

// isProgram recognises a program whose first two bytes are damaged.
func isProgram(r io.ReaderAt, size int64, head []byte) bool {
	if len(head) < headLen || u32(head, peOffset) < headLen || u32(head, peOffset) > size-4 {
		return false
	}
	var magic [4]byte
	return readAt(r, magic[:], u32(head, peOffset)) == nil && string(magic[:]) == "PE\x00\x00"
}

func findInProgram(r io.ReaderAt, size int64, head []byte) (layout, error) {
	l := layout{kind: Program}
	if len(head) < headLen {
		return l, tampered("its program header is damaged or cut off")
	}
	pe := u32(head, peOffset)
	if pe < peOffset+4 || pe > size-headerLen {
		return l, tampered("its program header is damaged or cut off")
	}
	h := make([]byte, headerLen)
	if err := readAt(r, h, pe); err != nil {
		return l, err
	}
	directories := optional
	switch {
	case !bytes.HasPrefix(h, []byte("PE\x00\x00")):
		return l, tampered("its program header is damaged")
	case u16(h, optional) == pe32:
		directories += 96
	case u16(h, optional) == pe32Plus:
		directories += 112
	default:
		return l, tampered("its program header is damaged")
	}
	entry := directories + security*8
	if u32(h, directories-4) <= security && u16(h, optionalSize) < int64(entry+8-optional) {
		return l, nil
	}
	start, length := u32(h, entry), u32(h, entry+4)
	if start == 0 && length == 0 {
		return l, nil
	}
	if start < pe+int64(entry)+8 {
		return l, tampered("the place of its signature is damaged")
	}
	table, err := section(r, size, start, length)
	if err != nil {
		return l, err
	}
	if start+length != size {
		return l, tampered("%d bytes follow the signature, which it does not cover", size-start-length)
	}
	l.covered = []span{{0, pe + optional + checksum}, {pe + optional + checksum + 4, pe + int64(entry)}, {pe + int64(entry) + 8, start}}
	l.messages, err = entries(table)
	return l, err
}

// entries takes the table of signatures apart. Each entry begins at a multiple
// of eight bytes.
func entries(table []byte) ([][]byte, error) {
	var messages [][]byte
	for len(table) > 0 {
		if len(table) < entryHeader || u32(table, 0) < entryHeader || u32(table, 0) > int64(len(table)) {
			return nil, tampered("its table of signatures is damaged")
		}
		n := u32(table, 0)
		if u16(table, 6) != signedData || len(messages) == maxSignatures {
			return nil, tampered("its table of signatures holds what is no signature, or more than %d", maxSignatures)
		}
		messages = append(messages, table[entryHeader:n])
		next := min((n+7)&^7, int64(len(table)))
		if !zeros(table[n:next]) {
			return nil, tampered("its table of signatures is damaged")
		}
		table = table[next:]
	}
	if len(messages) == 0 {
		return nil, tampered("its table of signatures is empty")
	}
	return messages, nil
}
