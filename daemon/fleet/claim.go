package fleet

import (
	"strings"
	"time"
)

// Claim is what an unauthenticated client says at login (MS-WUSP
// GetAuthorizationCookie).
type Claim struct {
	ClientID string // SusClientID
	Name     string // DNS name
	Groups   []string
	Addr     string
}

// Known is what is stored of a device that a claim may be of.
type Known struct {
	Device   int64
	ClientID string
	Name     string
	Enrolled bool // OMA DM vouches for its name
	Shared   bool // other enrolled devices have that name too
	LastSeen time.Time
}

// continueWithin is how long after a device was last seen a new client id with
// its name is still the same machine, reinstalled or joined to a domain anew.
const continueWithin = 30 * 24 * time.Hour

// Verdict says whose a claim is.
type Verdict struct {
	Device   int64 // 0 for a machine not seen before
	Rename   bool  // it goes by another name than before
	Identify bool  // it goes by another client id than before
	// Impostor says that the claim is of the name of an enrolled device that it
	// does not prove to be. It becomes a device of its own, and a collision to show.
	Impostor bool
}

// Judge decides whose a claim is. byID is the device with its client id, now or
// before; byName the one with its name, seen last. Either may be nil.
//
// A client id names a device, whatever name it claims, but one that the device
// has left only together with its name: a machine made of the same image brings
// the id back under another. A new client id with the name of a device seen
// within 30 days continues it. But what an unauthenticated client claims never
// changes what OMA DM vouches for: it neither renames an enrolled device nor
// takes the place of its computer. An enrolled device that has no computer yet
// takes the first claim of its fully qualified name as that.
func Judge(c *Claim, byID, byName *Known, now time.Time) Verdict {
	if byID != nil {
		renamed := c.Name != "" && !strings.EqualFold(byID.Name, c.Name)
		if byID.Enrolled {
			// What is claimed may lack the domain, or have one that is not known yet.
			renamed = c.Name != "" && !SameHost(byID.Name, c.Name)
		}
		other := !strings.EqualFold(byID.ClientID, c.ClientID)
		switch {
		case renamed && other: // another machine
		case byID.Enrolled && (renamed || other):
			return Verdict{Device: byID.Device, Impostor: true}
		default:
			return Verdict{Device: byID.Device, Rename: renamed, Identify: other}
		}
	}
	if byName == nil || c.Name == "" {
		return Verdict{}
	}
	switch {
	case byName.Enrolled && byName.ClientID != "":
		return Verdict{Impostor: true}
	case byName.Enrolled && Qualified(c.Name) && !byName.Shared:
		return Verdict{Device: byName.Device, Identify: true}
	case byName.Enrolled:
		return Verdict{} // another one until more is known of it, see [Match]
	}
	if now.Sub(byName.LastSeen) > continueWithin {
		return Verdict{}
	}
	return Verdict{Device: byName.Device, Identify: true}
}
