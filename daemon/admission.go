package daemon

import (
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"sluice/wsus/clientsync"
)

// How many computers may become known. Whoever reaches the door may claim to be
// a new one, and each takes rows for good. A site that is switched over brings
// all its computers within hours, and a branch behind one address thousands; an
// attacker must not bring millions. A reinstalled computer keeps its name and so
// is not new.
const (
	maxDevices = 250_000

	admitBurst, admitHourly         = 100_000, 25_000
	admitBurstAddr, admitHourlyAddr = 10_000, 5_000
	admitWarn                       = time.Minute // between two lines of log
)

// admission decides whether one more computer may become known.
type admission struct {
	log     *slog.Logger
	now     func() time.Time
	devices func() int // known now

	mu     sync.Mutex
	all    bucket
	addrs  tally
	warned time.Time
	silent int // refusals since
}

func newAdmission(log *slog.Logger, now func() time.Time, devices func() int) *admission {
	return &admission{log: log.With("component", "wsus"), now: now, devices: devices,
		addrs: newTally(admitBurstAddr, admitHourlyAddr)}
}

// admit takes one more computer that logs in from an address, or returns an
// error that wraps [clientsync.ErrTooMany]. What comes from this machine itself,
// a proxy or a simulation, counts only overall.
func (a *admission) admit(addr string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	why := ""
	switch n := a.devices(); {
	case n >= maxDevices:
		why = fmt.Sprintf("%d computers are known, which is the most: delete those that are gone", n)
	case !isLoopback(addr) && !a.addrs.take(prefixOf(addr).String(), now):
		why = fmt.Sprintf("more than %d new ones an hour from this address", admitHourlyAddr)
	case !a.all.take(now, admitBurst, admitHourly):
		why = fmt.Sprintf("more than %d new ones an hour", admitHourly)
	default:
		return nil
	}
	a.silent++
	if since := now.Sub(a.warned); since >= admitWarn || since < 0 {
		a.log.Warn("new computers are refused", "reason", why, "from", addr, "refused", a.silent)
		a.warned, a.silent = now, 0
	}
	return fmt.Errorf("%w: %s", clientsync.ErrTooMany, why)
}

// prefixOf returns the network that an address stands for: an IPv6 host may have
// any address of its /64. What is no address is one, too.
func prefixOf(addr string) netip.Prefix {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func isLoopback(addr string) bool {
	ip, err := netip.ParseAddr(addr)
	return err == nil && ip.Unmap().IsLoopback()
}
