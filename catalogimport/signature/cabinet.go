package signature

import (
	"bytes"
	"io"
)

// A signed cabinet has a reserve of 20 bytes behind its header (MS-CAB 2.1):
// a marker, offset and length of the PKCS #7 message, which follows the cabinet,
// and eight bytes that are zero.
const (
	cabSize    = 8  // of the cabinet, without the signature
	cabFlags   = 30 // 4: there is a reserve
	cabNumber  = 34 // of this cabinet in its set
	cabReserve = 36 // lengths of the reserve: of header (2), folders, data
	cabMarker  = 40
	cabOffset  = 44
	cabLength  = 48
	cabEnd     = 60 // of header and reserve

	cabMagic       = "MSCF"
	markerValue    = 0x00100000
	reserveLen     = 20
	reservePresent = 4
)

// isCabinet also takes a file that has all of a signed cabinet but the first
// bytes, so that damage there does not pass for a file of another kind.
func isCabinet(head []byte) bool {
	return bytes.HasPrefix(head, []byte(cabMagic)) ||
		len(head) >= cabEnd && u32(head, cabMarker) == markerValue && u32(head, cabOffset) == u32(head, cabSize) &&
			u16(head, cabReserve) == reserveLen && u16(head, cabFlags)&reservePresent != 0
}

// cabinetClaimsSignature goes by two signs, since damage may have taken one.
func cabinetClaimsSignature(head []byte) bool {
	if len(head) < cabEnd {
		return false
	}
	place := u32(head, cabOffset) | u32(head, cabLength)
	reserved := u16(head, cabFlags)&reservePresent != 0 && u16(head, cabReserve) == reserveLen && place != 0
	return reserved || u32(head, cabMarker) == markerValue && u32(head, cabOffset) == u32(head, cabSize) && place != 0
}

// findInCabinet wants the fields that no digest covers to be what every signer
// writes, since nothing else could tell that they were changed.
func findInCabinet(r io.ReaderAt, size int64, head []byte) (layout, error) {
	l := layout{kind: Cabinet}
	if !cabinetClaimsSignature(head) {
		return l, nil
	}
	start, length := u32(head, cabOffset), u32(head, cabLength)
	switch {
	case u32(head, 4) != 0, u16(head, cabNumber) != 0, u16(head, cabFlags)&reservePresent == 0,
		u32(head, cabReserve) != reserveLen, u32(head, cabMarker) != markerValue, !zeros(head[cabLength+4 : cabEnd]):
		return l, tampered("its header is not that of a signed cabinet, though it has a signature")
	case start != u32(head, cabSize), start < cabEnd:
		return l, tampered("its signature does not begin where the cabinet ends")
	}
	message, err := section(r, size, start, length)
	if err != nil {
		return l, err
	}
	if rest := size - start - length; rest > 0 {
		behind, err := section(r, size, start+length, min(rest, 1<<10))
		if err != nil {
			return l, err
		}
		if int64(len(behind)) < rest || !zeros(behind) {
			return l, tampered("%d bytes follow the signature, which it does not cover", rest)
		}
	}
	l.messages = [][]byte{message}
	l.covered = []span{{0, 4}, {8, cabNumber}, {56, start}}
	return l, nil
}
