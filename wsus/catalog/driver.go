package catalog

import (
	"cmp"
	"slices"
	"strings"

	"sluice/wsus/update"
)

// driverIndex finds the drivers of a hardware id.
type driverIndex struct {
	matches []driverMatch
	byID    map[string][]int32 // lower-case hardware id -> indexes into matches
}

// driverMatch is one hardware id that a driver revision serves.
type driverMatch struct {
	revision int32
	update.DriverMatch
}

// index keeps the matches of the heads of driver updates and indexes them.
func (ix *driverIndex) index(g *Graph) {
	matches := ix.matches
	ix.matches, ix.byID = nil, make(map[string][]int32)
	for _, m := range matches {
		r := m.revision
		if g.head[g.upd[r]] != r || g.flags[r]&flagExpired != 0 {
			continue
		}
		id := strings.ToLower(m.HardwareID)
		ix.byID[id] = append(ix.byID[id], int32(len(ix.matches)))
		ix.matches = append(ix.matches, m)
	}
}

// Device is one piece of hardware of a client (MS-WUSP 2.2.2.2.4 Device).
type Device struct {
	HardwareIDs, CompatibleIDs []string // best first
	Installed                  *InstalledDriver
}

// InstalledDriver is the driver that a device runs now.
type InstalledDriver struct {
	MatchingID             string
	VerDate                int64 // Unix seconds
	VerVersion             uint64
	Class                  string
	Manufacturer, Provider string
	ComputerID             update.ID // MatchingComputerHWID; zero for none
	Rank                   int32     // DriverRank: 0xSSGGTHHH, with the feature score in GG; -1 where unknown
}

// DriverRequest is the part of the driver pass that decides its answer.
type DriverRequest struct {
	Plan        *Plan
	Installed   []update.RevisionID // InstalledNonLeafUpdateIDs
	Cached      []update.RevisionID // CachedDriverIDs
	Devices     []Device
	ComputerIDs []update.ID // ComputerSpec/HardwareIDs, best first
	ScoreKey    string      // FeatureScoreMatchingKey
	Filter      []update.ID // FilterCategoryIds; empty means all
}

// DriverAnswer is the best driver of every device that has one better than
// what it runs.
type DriverAnswer struct {
	New        []Entry // with the hardware ids they matched
	OutOfScope []update.RevisionID
	// Changed are all drivers that the client holds and still gets: the cookie
	// says what the software pass was told, not what this one was.
	Changed []Entry
}

// SyncDrivers answers the driver pass of SyncUpdates (MS-WUSP 3.1.5.7).
func (s *Snapshot) SyncDrivers(req *DriverRequest) DriverAnswer {
	c := driverChooser{snapshot: s, req: req, satisfied: newBitset(len(s.graph.clauses.terms.start))}
	for _, f := range s.satisfied(req.Installed) {
		c.satisfied.set(f)
	}
	if len(req.Filter) > 0 {
		c.filter = s.filter(req.Filter)
	}
	chosen := make(map[int32][]string) // revision -> hardware ids it matched
	for i := range req.Devices {
		if best, ok := c.best(&req.Devices[i]); ok && !slices.Contains(chosen[best.revision], best.HardwareID) {
			chosen[best.revision] = append(chosen[best.revision], best.HardwareID)
		}
	}
	return s.driverAnswer(req.Plan, chosen, req.Cached)
}

// driverAnswer compares the drivers that a client shall have, with the hardware
// ids that chose each, with those that it holds.
func (s *Snapshot) driverAnswer(p *Plan, chosen map[int32][]string, held []update.RevisionID) DriverAnswer {
	var ans DriverAnswer
	kept := make(map[int32]bool, len(held))
	for _, id := range held {
		r := s.graph.revision(id)
		if _, ok := chosen[r]; !ok {
			ans.OutOfScope = append(ans.OutOfScope, id)
			continue
		}
		kept[r] = true
	}
	for r, ids := range chosen {
		e := s.entry(p, r)
		e.Deployment.HardwareID = ids
		if kept[r] {
			ans.Changed = append(ans.Changed, e)
		} else {
			ans.New = append(ans.New, e)
		}
	}
	byID := func(a, b Entry) int { return cmp.Compare(a.Revision, b.Revision) }
	slices.SortFunc(ans.New, byID)
	slices.SortFunc(ans.Changed, byID)
	return ans
}

// Printers answers SyncPrinterCatalog (MS-WUSP 3.1.5.12): the drivers of class
// Printer whose prerequisites are satisfied, whatever the hardware.
func (s *Snapshot) Printers(p *Plan, installed, held []update.RevisionID) DriverAnswer {
	c := driverChooser{snapshot: s, satisfied: newBitset(len(s.graph.clauses.terms.start))}
	for _, f := range s.satisfied(installed) {
		c.satisfied.set(f)
	}
	chosen := make(map[int32][]string)
	for i := range s.graph.drivers.matches {
		m := &s.graph.drivers.matches[i]
		if strings.EqualFold(m.Class, "Printer") && c.offered(m.revision) {
			chosen[m.revision] = append(chosen[m.revision], m.HardwareID)
		}
	}
	return s.driverAnswer(p, chosen, held)
}

// driverChooser ranks the drivers of one request.
type driverChooser struct {
	snapshot  *Snapshot
	req       *DriverRequest
	satisfied bitset // cnfs
	filter    bitset // revisions; nil for all
}

func (c *driverChooser) offered(r int32) bool {
	return c.snapshot.scope.in.has(r) && c.satisfied.has(c.snapshot.graph.cnf[r]) && (c.filter == nil || c.filter.has(r))
}

// driverRank orders candidates for one device; lower is better, field by field
// (MS-WUSP 3.1.5.7, the driver rules).
type driverRank struct {
	computer int // position of the matched computer hardware id
	score    int
	device   int // position of the matched device id
	date     int64
	version  uint64
}

func (a driverRank) compare(b driverRank) int {
	return cmp.Or(
		cmp.Compare(a.computer, b.computer),
		cmp.Compare(a.score, b.score),
		cmp.Compare(a.device, b.device),
		cmp.Compare(b.date, a.date),
		cmp.Compare(b.version, a.version),
	)
}

// unmatched ranks what matched nothing behind everything that did.
const unmatched = 1 << 20

// best returns the best driver for a device that beats what it runs.
func (c *driverChooser) best(d *Device) (*driverMatch, bool) {
	var best *driverMatch
	var bestRank driverRank
	if d.Installed != nil {
		bestRank = c.installedRank(d)
	}
	ids := slices.Concat(d.HardwareIDs, d.CompatibleIDs)
	for pos, id := range ids {
		for _, i := range c.snapshot.graph.drivers.byID[strings.ToLower(id)] {
			m := &c.snapshot.graph.drivers.matches[i]
			if !c.offered(m.revision) || !c.suits(m, d) {
				continue
			}
			rank := c.rank(m, pos)
			if (best == nil && d.Installed == nil) || rank.compare(bestRank) < 0 {
				best, bestRank = m, rank
			}
		}
	}
	return best, best != nil
}

// suits applies the rules that are no matter of rank.
func (c *driverChooser) suits(m *driverMatch, d *Device) bool {
	if len(m.Target) > 0 && c.computerPosition(m.Target) == unmatched {
		return false
	}
	if len(m.Distribution) > 0 && c.computerPosition(m.Distribution) == unmatched {
		return false
	}
	if d.Installed != nil && strings.EqualFold(d.Installed.Class, "Printer") {
		return strings.EqualFold(m.Provider, d.Installed.Provider) &&
			strings.EqualFold(m.Manufacturer, d.Installed.Manufacturer)
	}
	return true
}

func (c *driverChooser) rank(m *driverMatch, pos int) driverRank {
	r := driverRank{computer: c.computerPosition(m.Target), score: 255, device: pos, date: m.VerDate.Unix(), version: m.VerVersion}
	for _, s := range m.Scores {
		if strings.EqualFold(s.OperatingSystem, c.req.ScoreKey) {
			r.score = int(s.Score)
		}
	}
	return r
}

// installedRank ranks the driver that a device runs. Its feature score is in the
// rank that Windows gave it. Where the client does not send that, it is known
// only if the driver is in the catalog too; elsewhere the worst is assumed.
func (c *driverChooser) installedRank(d *Device) driverRank {
	in := d.Installed
	r := driverRank{computer: unmatched, score: 255, device: unmatched, date: in.VerDate, version: in.VerVersion}
	if !in.ComputerID.IsZero() {
		r.computer = c.computerPosition([]update.ID{in.ComputerID})
	}
	for pos, id := range slices.Concat(d.HardwareIDs, d.CompatibleIDs) {
		if strings.EqualFold(id, in.MatchingID) {
			r.device = pos
			break
		}
	}
	if in.Rank >= 0 {
		r.score = int(in.Rank >> 16 & 0xFF)
		return r
	}
	for _, i := range c.snapshot.graph.drivers.byID[strings.ToLower(in.MatchingID)] {
		m := &c.snapshot.graph.drivers.matches[i]
		if m.VerDate.Unix() == in.VerDate && m.VerVersion == in.VerVersion {
			r.score = c.rank(m, 0).score
		}
	}
	return r
}

// computerPosition returns where the first of ids stands in the client's
// computer hardware ids.
func (c *driverChooser) computerPosition(ids []update.ID) int {
	if c.req != nil {
		for pos, id := range c.req.ComputerIDs {
			if slices.Contains(ids, id) {
				return pos
			}
		}
	}
	return unmatched
}
