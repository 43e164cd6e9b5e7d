package fleet

import (
	"fmt"
	"strings"
	"time"
)

// Machine is what is known of a device for telling whether two are one.
type Machine struct {
	Device              int64
	Name                string
	Manufacturer, Model string // empty where not known
	Joined              bool   // an enrolled one that has a computer already
}

// Pairing is what [Match] found for an enrolled device.
type Pairing struct {
	Computer int64 // the same machine; 0 for none that is certain
	// Candidates are computers that may be the same machine.
	Candidates []Candidate
}

// Candidate is a computer that may be the machine of an enrolled device.
type Candidate struct {
	Computer int64
	Reason   string // why it is not certain
}

// Match finds the computer of WSUS that is the same machine as an enrolled
// device: the one with the same fully qualified name, else the one with the same
// short name, manufacturer and model. Either must be the only one on both sides.
// Computers whose names are both fully qualified and differ are two machines,
// whatever else is equal.
//
// peers are the enrolled devices, and computers those that WSUS alone knows,
// with the short name of m; whether m is among its peers does not matter.
func Match(m Machine, peers, computers []Machine) Pairing {
	others := make([]Machine, 0, len(peers))
	for _, p := range peers {
		if p.Device != m.Device {
			others = append(others, p)
		}
	}
	for _, same := range []func(Machine) bool{m.sameName, m.sameModel} {
		if n, only := count(computers, same); n == 1 && !m.Joined {
			if n, _ := count(others, same); n == 0 {
				return Pairing{Computer: only}
			}
		}
		if n, _ := count(computers, m.sameName); n > 0 {
			break // to say which of them is not for the model to decide
		}
	}
	var p Pairing
	for _, c := range computers {
		if SameHost(ShortName(m.Name), ShortName(c.Name)) {
			p.Candidates = append(p.Candidates, Candidate{c.Device, m.doubt(c, others, computers)})
		}
	}
	return p
}

func count(list []Machine, same func(Machine) bool) (n int, last int64) {
	for i := range list {
		if same(list[i]) {
			n, last = n+1, list[i].Device
		}
	}
	return n, last
}

// sameName reports whether two machines have one fully qualified name.
func (m Machine) sameName(c Machine) bool {
	return Qualified(m.Name) && strings.EqualFold(m.Name, c.Name)
}

// sameModel reports whether two machines have one short name, manufacturer and
// model, and no names that contradict it.
func (m Machine) sameModel(c Machine) bool {
	return m.Manufacturer != "" && m.Model != "" && SameHost(m.Name, c.Name) &&
		equalText(m.Manufacturer, c.Manufacturer) && equalText(m.Model, c.Model)
}

func equalText(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// doubt says why a computer with the same short name is not certain to be m.
func (m Machine) doubt(c Machine, others, computers []Machine) string {
	ours, _ := count(others, m.sameName)
	theirs, _ := count(computers, m.sameName)
	switch {
	case m.Joined:
		return "the device has a computer of the same name already"
	case m.sameName(c) && theirs > 1:
		return fmt.Sprintf("%d computers have the name %s", theirs, m.Name)
	case m.sameName(c) && ours > 0:
		return fmt.Sprintf("%d enrolled devices have the name %s", ours+1, m.Name)
	case !SameHost(m.Name, c.Name):
		return "same short name in another domain"
	case !m.sameModel(c) && (m.Manufacturer == "" || m.Model == "" || c.Manufacturer == "" || c.Model == ""):
		return "same short name; manufacturer and model are not known of both"
	case !m.sameModel(c):
		return fmt.Sprintf("same short name; but %s %s here, %s %s there", m.Manufacturer, m.Model, c.Manufacturer, c.Model)
	}
	return "same short name, manufacturer and model, as others have too"
}

// Qualified reports whether a DNS name has a domain.
func Qualified(name string) bool {
	i := strings.IndexByte(name, '.')
	return i > 0 && i < len(name)-1
}

// ShortName returns a DNS name without its domain.
func ShortName(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}

// SameHost reports whether two DNS names may be of one host: they are equal, in
// any letter case, or one of them lacks the domain.
func SameHost(a, b string) bool {
	if Qualified(a) && Qualified(b) {
		return strings.EqualFold(a, b)
	}
	short := ShortName(a)
	return short != "" && strings.EqualFold(short, ShortName(b))
}

// Former is an earlier enrollment on the same hardware (HWDevID), whose device
// had another DeviceID.
type Former struct {
	Name    string
	Current bool      // it goes on
	Heard   time.Time // last
}

// quietAfter is how long an enrolled device must not have been heard before one
// with its hardware and name is taken for the same machine with a new image.
// Devices poll every hour or two: a clone that runs beside its original does not
// come that late.
const quietAfter = 24 * time.Hour

// Continues reports whether a device that enrols with a given name continues a
// former one with the same hardware: a machine keeps that through a new image,
// but so does the clone of a virtual machine, which must not push the first one
// out. They are one where the names are equal and the former enrollment ended or
// has been quiet for a day; else an administrator can join them.
func (f Former) Continues(name string, now time.Time) bool {
	return SameHost(f.Name, name) && (!f.Current || now.Sub(f.Heard) > quietAfter)
}
