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

	// maxAdmitAddrs bounds the addresses that are told apart; the rest share.
	maxAdmitAddrs = 10_000
	admitWarn     = time.Minute // between two lines of log
)

// admission decides whether one more computer may become known.
type admission struct {
	log     *slog.Logger
	now     func() time.Time
	devices func() int // known now

	mu     sync.Mutex
	all    bucket
	addrs  map[netip.Prefix]*bucket
	others bucket // of addresses beyond the bound
	swept  time.Time
	warned time.Time
	silent int // refusals since
}

func newAdmission(log *slog.Logger, now func() time.Time, devices func() int) *admission {
	return &admission{log: log.With("component", "wsus"), now: now, devices: devices, addrs: make(map[netip.Prefix]*bucket)}
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
	case !isLoopback(addr) && !a.bucketOf(addr, now).take(now, admitBurstAddr, admitHourlyAddr):
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

// bucketOf returns what an address has left.
func (a *admission) bucketOf(addr string, now time.Time) *bucket {
	key := prefixOf(addr)
	b := a.addrs[key]
	if b != nil {
		return b
	}
	if len(a.addrs) >= maxAdmitAddrs {
		a.sweep(now)
		if len(a.addrs) >= maxAdmitAddrs {
			return &a.others
		}
	}
	b = new(bucket)
	a.addrs[key] = b
	return b
}

// sweep makes room by dropping full buckets, which say nothing. One login of a
// honest computer is given back within a second.
func (a *admission) sweep(now time.Time) {
	if since := now.Sub(a.swept); since < time.Second && since >= 0 {
		return
	}
	a.swept = now
	for k, b := range a.addrs {
		if b.full(now, admitHourlyAddr) {
			delete(a.addrs, k)
		}
	}
}

// bucket is a token bucket that begins full.
type bucket struct {
	spent float64
	at    time.Time // of spent
}

// take takes a token if there is one.
func (b *bucket) take(now time.Time, burst, hourly float64) bool {
	b.refill(now, hourly)
	if b.spent+1 > burst {
		return false
	}
	b.spent++
	return true
}

func (b *bucket) full(now time.Time, hourly float64) bool {
	b.refill(now, hourly)
	return b.spent == 0
}

// refill gives back what time has brought; none where the clock was set back.
func (b *bucket) refill(now time.Time, hourly float64) {
	b.spent = max(0, b.spent-max(0, now.Sub(b.at).Hours())*hourly)
	b.at = now
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
