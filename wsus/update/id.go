package update

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrBadID reports text that is not a GUID.
var ErrBadID = errors.New("not a GUID")

// ID is a GUID as its textual form reads, first digit first: the bytes sort as
// the text does. It names an update, and wherever Windows Update uses GUIDs for
// other things (groups, computers, servers) it serves there too.
type ID [16]byte

// ParseID reads a GUID of 32 hexadecimal digits in any letter case, with
// hyphens, and with or without braces. The error wraps [ErrBadID].
func ParseID(s string) (ID, error) {
	return ParseIDBytes([]byte(s))
}

// ParseIDBytes is [ParseID] for bytes that were just read; it keeps none of them.
func ParseIDBytes(b []byte) (ID, error) {
	var id ID
	t := b
	if len(t) == 38 && t[0] == '{' && t[37] == '}' {
		t = t[1:37]
	}
	if len(t) != 36 || t[8] != '-' || t[13] != '-' || t[18] != '-' || t[23] != '-' {
		return ID{}, badID(b)
	}
	n := 0
	for i := 0; i < 36; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		d, ok := hexDigit(t[i])
		if !ok {
			return ID{}, badID(b)
		}
		if n%2 == 0 {
			id[n/2] = d << 4
		} else {
			id[n/2] |= d
		}
		n++
	}
	return id, nil
}

// MustParseID is [ParseID] for constants; it panics on text that is no GUID.
func MustParseID(s string) ID {
	id, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

func badID(b []byte) error {
	if len(b) > 64 {
		b = b[:64]
	}
	return fmt.Errorf("%q: %w", b, ErrBadID)
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// String returns the GUID in lower case, with hyphens, without braces.
func (id ID) String() string {
	var b [36]byte
	id.encode(&b)
	return string(b[:])
}

// AppendText appends [ID.String] to b.
func (id ID) AppendText(b []byte) ([]byte, error) {
	var t [36]byte
	id.encode(&t)
	return append(b, t[:]...), nil
}

// MarshalText implements [encoding.TextMarshaler] with [ID.String].
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler] with [ParseID].
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseIDBytes(b)
	if err == nil {
		*id = v
	}
	return err
}

// IsZero reports whether id is the GUID of zeros, which stands for none.
func (id ID) IsZero() bool { return id == ID{} }

func (id ID) encode(b *[36]byte) {
	hex.Encode(b[0:8], id[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], id[10:16])
}

// RevisionID is a server's own number of a revision, from 1 up: the "ID" of
// MS-WUSP. It is never used again for another revision.
type RevisionID int32

// Identity names one revision of one update.
type Identity struct {
	ID     ID
	Number int32 // RevisionNumber, from 0 up
}

// String returns the identity as the id, a slash and the revision number.
func (i Identity) String() string { return fmt.Sprintf("%s/%d", i.ID, i.Number) }
