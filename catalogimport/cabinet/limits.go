package cabinet

import "cmp"

// Limits bounds what a cabinet may declare. A field that is zero has the value
// of [DefaultLimits].
type Limits struct {
	// TotalBytes is the most output that all folders together may decode to.
	TotalBytes int64
	// MemberBytes is the most bytes that one member may have.
	MemberBytes int64
	// Ratio is the most bytes of output for each byte of the cabinet. The
	// first MiB of output is not held against it: small cabinets of very
	// repetitive text are common and harmless.
	Ratio int
	// Members is the most members.
	Members int
	// NameLen is the most bytes that a stored name may have, without its
	// closing zero.
	NameLen int
}

// ratioFree is how much output the ratio is not applied to.
const ratioFree = 1 << 20

// DefaultLimits returns limits that every cabinet of Microsoft's media is
// known to keep: 16 GiB in all (feature updates hold members of several GiB),
// members and their number as the format allows, names as MS-CAB section 2.3
// allows. The ratio is above what one honest LZX stream can reach (about 600),
// so it refuses only folders that share their data blocks to multiply them.
func DefaultLimits() Limits {
	return Limits{
		TotalBytes:  16 << 30,
		MemberBytes: 4 << 30,
		Ratio:       1000,
		Members:     0xFFFF,
		NameLen:     255,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		TotalBytes:  cmp.Or(l.TotalBytes, d.TotalBytes),
		MemberBytes: cmp.Or(l.MemberBytes, d.MemberBytes),
		Ratio:       cmp.Or(l.Ratio, d.Ratio),
		Members:     cmp.Or(l.Members, d.Members),
		NameLen:     cmp.Or(l.NameLen, d.NameLen),
	}
}
