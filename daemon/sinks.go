package daemon

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sluice/daemon/store"
	"sluice/omadm/device"
	"sluice/wsus/clientsync"
	"sluice/wsus/update"
)

type digest = update.Digest

// sinks takes what doors learn on the way and writes it later, so that no
// request waits for it. What comes faster than it can be written is dropped:
// each of it comes again.
type sinks struct {
	store *store.Store
	log   *slog.Logger
	now   func() time.Time

	mu       sync.Mutex
	scans    map[int64]time.Time
	polls    map[device.EnrollmentID]store.Poll
	misses   map[update.Digest]map[string]struct{} // addresses by file
	missing  int                                   // addresses in misses
	presence map[update.Digest]bool
	hardware chan clientsync.Hardware
}

// Bounds of what waits to be written.
const (
	maxWaiting     = 10_000
	maxMisses      = 1_000 // each file is a transaction
	hardwareQueue  = 256
	writeSinkEvery = 5 * time.Second
)

func newSinks(s *store.Store, log *slog.Logger, now func() time.Time) *sinks {
	return &sinks{
		store: s, log: log.With("component", "sinks"), now: now,
		scans: make(map[int64]time.Time), polls: make(map[device.EnrollmentID]store.Poll), misses: make(map[update.Digest]map[string]struct{}), presence: make(map[update.Digest]bool),
		hardware: make(chan clientsync.Hardware, hardwareQueue),
	}
}

// scanned notes that a device scanned.
func (s *sinks) scanned(c clientsync.Scan) {
	if c.Truncated {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.scans) < maxWaiting {
		s.scans[c.Device] = s.now()
	}
}

// polled notes that an enrolled device was heard.
func (s *sinks) polled(id device.EnrollmentID, addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.polls) < maxWaiting {
		s.polls[id] = store.Poll{At: s.now(), Addr: addr}
	}
}

// lastPoll returns when a device was heard that is not written yet, zero for
// none.
func (s *sinks) lastPoll(id device.EnrollmentID) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polls[id].At
}

// missed notes that a client asked for a file that is not held.
func (s *sinks) missed(d update.Digest, remote string) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().Is6() {
		host = prefixOf(host).String() // or one machine counts as many
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missing >= maxMisses {
		return
	}
	by := s.misses[d]
	if by == nil {
		by = make(map[string]struct{})
		s.misses[d] = by
	}
	if _, ok := by[host]; !ok {
		by[host] = struct{}{}
		s.missing++
	}
}

// contentChanged notes that a file came, went or changed on disk. It is never
// dropped: nobody else tells.
func (s *sinks) contentChanged(d update.Digest, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.presence[d] = there
}

// hardwareSeen notes what hardware a device has.
func (s *sinks) hardwareSeen(h clientsync.Hardware) {
	select {
	case s.hardware <- h:
	default:
	}
}

// run writes until ctx ends, and then what is left.
func (s *sinks) run(ctx context.Context, inScope func(update.ID) bool) {
	tick := time.NewTicker(writeSinkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.flush(context.WithoutCancel(ctx), inScope)
			return
		case <-tick.C:
			s.flush(ctx, inScope)
		case h := <-s.hardware:
			var ids []string
			for _, d := range h.Devices {
				ids = append(append(ids, d.HardwareIDs...), d.CompatibleIDs...)
			}
			if err := s.store.NoteHardware(ctx, h.Device, ids); err != nil && ctx.Err() == nil {
				s.log.Warn("hardware ids not kept", "device", h.Device, "err", err)
			}
		}
	}
}

func (s *sinks) flush(ctx context.Context, inScope func(update.ID) bool) {
	s.mu.Lock()
	scans, polls, misses, presence := s.scans, s.polls, s.misses, s.presence
	s.polls = make(map[device.EnrollmentID]store.Poll)
	s.scans, s.misses, s.presence = make(map[int64]time.Time), make(map[update.Digest]map[string]struct{}), make(map[update.Digest]bool)
	s.missing = 0
	s.mu.Unlock()
	if len(presence) > 0 {
		if err := s.store.NotePresence(ctx, presence); err != nil {
			s.log.Warn("presence of files not kept", "err", err)
		}
	}
	if len(scans) > 0 {
		if err := s.store.Scanned(ctx, scans); err != nil {
			s.log.Warn("scan times not kept", "err", err)
		}
	}
	if len(polls) > 0 {
		if err := s.store.Polled(ctx, polls); err != nil {
			s.log.Warn("times of polls not kept", "err", err)
		}
	}
	for d, by := range misses {
		// Only what an update in scope names counts: the need list leaves the
		// site, and nobody on the wire may write it.
		needed, err := s.store.NamedInScope(ctx, d, inScope)
		if err == nil && needed {
			err = s.store.NoteMissed(ctx, d, slices.Sorted(maps.Keys(by))...)
		}
		if err != nil {
			s.log.Warn("missed file not kept", "digest", d, "err", err)
		}
	}
}
