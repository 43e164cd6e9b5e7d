package cookie

import (
	"encoding/binary"
	"errors"
	"time"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// What is wrong with a cookie, by what the client must do about it
// (MS-WUSP 2.2.2.4).
var (
	ErrInvalid = errors.New("cookie cannot be opened")
	ErrLineage = errors.New("cookie is of another state of this server")
	ErrExpired = errors.New("cookie expired")
)

// Lifetimes. A cookie's end is set when GetCookie makes it, and using it does
// not move it. An authorization cookie is used at once by a Windows client.
const (
	Lifetime     = time.Hour
	AuthLifetime = 24 * time.Hour
)

// Protocol is the version of MS-WUSP that a client speaks.
type Protocol struct{ Major, Minor uint16 }

// AtLeast reports whether p is at least major.minor.
func (p Protocol) AtLeast(major, minor uint16) bool {
	return p.Major > major || p.Major == major && p.Minor >= minor
}

// Cookie is what a cookie holds.
type Cookie struct {
	Device   int64     // the computer it was made for
	Expires  time.Time // to the second
	Config   time.Time // the LastChange of GetConfig that the client knows, to the microsecond
	Protocol Protocol
	// Told is what the client was last told in full, nil if nothing.
	Told *Told
}

// Told is the plan that a client was last told in full, and the store-wide
// number of what that answer was made from.
type Told struct {
	Plan catalog.PlanKey
	Seq  int64
}

// Auth is what an authorization cookie holds.
type Auth struct {
	Device int64
	Issued time.Time // to the second
}

const (
	typeCookie  = 'C'
	typeAuth    = 'A'
	version     = 1
	flagTold    = 1
	headLen     = 6
	cookieLen   = 16 + 8 + 8 + 8 + 2 + 2 + 2 + 4 + 4 + 8
	authLen     = 16 + 8 + 8
	overheadLen = 12 + 16 // nonce, tag
	// SealedLen and SealedAuthLen are the lengths of what Seal and SealAuth
	// return. Both divide by three: their base64 has no padding, hence no bits
	// that a decoder would ignore.
	SealedLen     = headLen + cookieLen + overheadLen
	SealedAuthLen = headLen + authLen + overheadLen
)

func (c *Cookie) encode(lineage update.ID) []byte {
	b := make([]byte, 0, cookieLen)
	b = append(b, lineage[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Device))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Expires.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Config.UnixMicro()))
	b = binary.BigEndian.AppendUint16(b, c.Protocol.Major)
	b = binary.BigEndian.AppendUint16(b, c.Protocol.Minor)
	told, flags := Told{}, uint16(0)
	if c.Told != nil {
		told, flags = *c.Told, flagTold
	}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, uint32(told.Plan.GroupSet))
	b = binary.BigEndian.AppendUint32(b, uint32(told.Plan.HoldSet))
	return binary.BigEndian.AppendUint64(b, uint64(told.Seq))
}

func decodeCookie(b []byte) (lineage update.ID, c Cookie) {
	copy(lineage[:], b)
	be := binary.BigEndian
	c.Device = int64(be.Uint64(b[16:]))
	c.Expires = time.Unix(int64(be.Uint64(b[24:])), 0).UTC()
	c.Config = time.UnixMicro(int64(be.Uint64(b[32:]))).UTC()
	c.Protocol = Protocol{be.Uint16(b[40:]), be.Uint16(b[42:])}
	if be.Uint16(b[44:])&flagTold != 0 {
		c.Told = &Told{
			Plan: catalog.PlanKey{GroupSet: int32(be.Uint32(b[46:])), HoldSet: int32(be.Uint32(b[50:]))},
			Seq:  int64(be.Uint64(b[54:])),
		}
	}
	return lineage, c
}

func (a *Auth) encode(lineage update.ID) []byte {
	b := make([]byte, 0, authLen)
	b = append(b, lineage[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Device))
	return binary.BigEndian.AppendUint64(b, uint64(a.Issued.Unix()))
}

func decodeAuth(b []byte) (lineage update.ID, a Auth) {
	copy(lineage[:], b)
	a.Device = int64(binary.BigEndian.Uint64(b[16:]))
	a.Issued = time.Unix(int64(binary.BigEndian.Uint64(b[24:])), 0).UTC()
	return lineage, a
}
