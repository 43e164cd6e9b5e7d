package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/wsus/update"
)

// ScanResult is what a scan found and what it cost.
type ScanResult struct {
	Needed    []Update          // not installed, to be installed or only reported
	Removals  []Update          // installed, to be uninstalled
	Installed []update.Identity // deployable updates that are installed

	Trips      int    // SyncUpdates calls, the driver pass included
	New        int    // revisions that came
	Changed    int    // deployments that changed
	OutOfScope int    // revisions that went
	Held       int    // revisions held now
	Calls      []Call // every call of the scan
	Sent       int64  // bytes, headers included
	Received   int64
	Decoded    int64 // of answers, without headers and Xpress
	Took       time.Duration

	Unknown map[string]int // applicability rules without an answer, by name
	Remarks []string       // what a native agent bears but a real server does not do
}

// Update is one update that a scan found to concern the machine.
type Update struct {
	Revision update.RevisionID
	update.Identity
	Type       update.Type
	Action     update.Action
	Deadline   time.Time // zero for none
	Title      string
	EulaID     update.ID // zero for none
	Pending    bool      // installed by this agent, waiting for a restart
	Downloaded bool
	Parts      []update.RevisionID // what would be installed: itself or members of its bundle
	Files      []update.File       // of all parts, each once; URL empty where the server gave none
}

// scan is one scan under way.
type scan struct {
	a        *Agent
	result   *ScanResult
	filter   []update.ID
	remarked bool // that DriverSyncNotNeeded is missing
}

// Scan does a whole scan. The result is never nil: with an error it holds what
// was done until then. Events for [Agent.Report] are queued either way.
func (a *Agent) Scan(ctx context.Context) (*ScanResult, error) {
	a.calls = nil
	start := time.Now()
	s := &scan{a: a, result: &ScanResult{Unknown: make(map[string]int)}}
	a.sessionCV = "" // every scan has a correlation vector of its own
	err := s.run(ctx)
	r := s.result
	r.Took = time.Since(start)
	r.Held = len(a.state.Held)
	r.Calls = slices.Clone(a.calls)
	for _, c := range r.Calls {
		r.Sent += int64(c.Sent)
		r.Received += c.Received
		r.Decoded += c.Decoded
	}
	a.queueScan(r, err)
	return r, err
}

func (s *scan) run(ctx context.Context) error {
	a := s.a
	a.state.forget()
	s.evaluate()
	if len(a.cfg.Categories) > 0 {
		if err := s.startCategories(ctx); err != nil {
			return err
		}
	}
	if err := s.software(ctx); err != nil {
		return err
	}
	if !a.cfg.SkipDrivers {
		if err := s.drivers(ctx); err != nil {
			return err
		}
	}
	if err := s.extend(ctx); err != nil {
		return err
	}
	s.collect()
	return nil
}

func (s *scan) evaluate() {
	s.a.state.evaluate(s.a.cfg.Machine.Facts, s.a.cfg.Library, s.result.Unknown)
}

func (s *scan) remark(format string, args ...any) {
	s.result.Remarks = append(s.result.Remarks, fmt.Sprintf(format, args...))
}

// startCategories asks which of the wanted categories the server scans for.
func (s *scan) startCategories(ctx context.Context) error {
	const op = "StartCategoryScan"
	a := s.a
	if err := a.persist(ctx, func() error { return a.connect(ctx) }); err != nil {
		return err
	}
	if !a.state.Config.categoryScans() {
		return fail(op, hrNoCategoryScan, "the server's ProtocolVersion is %q, category scans need 3.2", clip(a.state.Config.ProtocolVersion))
	}
	n, err := a.post(ctx, clientService, a.address(clientService), op, startCategoryScan(a.cfg.Categories))
	if err != nil {
		return err
	}
	if err := n.inOrder("preferredCategoryIds", "requestedCategoryIdsInError"); err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	if s.filter, err = n.guids("preferredCategoryIds"); err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	bad, err := n.guids("requestedCategoryIdsInError")
	if err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	for _, id := range bad {
		s.remark("the server does not know category %s", id)
	}
	return nil
}

// software does rounds until an answer is complete and brought no update that
// others could depend on (MS-WUSP 3.1.5.7).
func (s *scan) software(ctx context.Context) error {
	const op = "SyncUpdates"
	for {
		if s.result.Trips >= s.a.cfg.Limits.Trips {
			return fail(op, hrTooManyTrips, "after %d calls there is still more; held now %d", s.result.Trips, len(s.a.state.Held))
		}
		info, err := s.sync(ctx, false)
		if err != nil {
			return err
		}
		more := info.truncated
		for _, u := range info.added {
			more = more || !u.leaf
		}
		if !more {
			return nil
		}
	}
}

func (s *scan) drivers(ctx context.Context) error {
	info, err := s.sync(ctx, true)
	if err != nil {
		return err
	}
	if info.truncated {
		s.remark("the answer to the driver pass is truncated; the native agent does one call")
	}
	return nil
}

// sync does one SyncUpdates call and applies its answer.
func (s *scan) sync(ctx context.Context, drivers bool) (*syncInfo, error) {
	const op = "SyncUpdates"
	a := s.a
	limit := a.cfg.Limits.Installed
	if r := s.request(drivers); len(r.installed) > limit {
		return nil, fail(op, hrInvalidArgument, "%d installed updates to name, a real server takes %d", len(r.installed), limit)
	}
	n, err := a.ask(ctx, clientService, op, func() []byte {
		s.result.Trips++
		return syncUpdates(s.request(drivers))
	})
	if err != nil {
		return nil, err
	}
	info, err := parseSync(op, n)
	if err != nil {
		return nil, err
	}
	a.state.Cookie = info.cookie
	if err := s.apply(op, info, drivers); err != nil {
		return nil, err
	}
	return info, nil
}

// request lists what is held: non-leaf updates that are installed, and all else.
// It judges first, because a recovery may have changed what is held.
func (s *scan) request(drivers bool) *syncRequest {
	a := s.a
	s.evaluate()
	r := &syncRequest{
		cookie: a.state.Cookie, filter: s.filter, device: a.device, caller: a.caller, products: a.cfg.Machine.Products,
	}
	r.installed, r.other, r.drivers = a.state.lists()
	if drivers {
		r.machine = &a.cfg.Machine
	}
	return r
}

// lists returns the three id lists of SyncUpdates, each ascending.
func (s *State) lists() (installed, other, drivers []update.RevisionID) {
	for i := range s.Held {
		h := &s.Held[i]
		switch {
		case h.Core.Type == update.Driver:
			drivers = append(drivers, h.ID)
		case !h.Leaf && h.Verdict == IsInstalled:
			installed = append(installed, h.ID)
		default:
			other = append(other, h.ID)
		}
	}
	return installed, other, drivers
}

// apply takes an answer into the cache.
func (s *scan) apply(op string, info *syncInfo, drivers bool) error {
	a := s.a
	for _, id := range info.outOfScope {
		if !a.state.drop(id) {
			s.remark("OutOfScopeRevisionIDs names %d, which is not held", id)
			continue
		}
		s.result.OutOfScope++
	}
	for _, id := range info.deployedOutOfScope {
		if len(s.filter) == 0 {
			s.remark("DeployedOutOfScopeRevisionIds names %d in a scan that no category limits", id)
		}
	}
	for _, u := range info.added {
		if err := s.add(op, u, drivers); err != nil {
			return err
		}
	}
	for _, u := range info.changed {
		h := a.state.held(u.id)
		if h == nil {
			return fail(op, hrInvalidArgument, "ChangedUpdates names %d, which the client does not hold", u.id)
		}
		h.Deployment, h.Leaf = a.cfg.Library.deployment(u.deployment), u.leaf
		s.result.Changed++
	}
	if !drivers && !info.driverSync && !s.remarked {
		s.remarked = true
		s.remark("SyncUpdates does not say DriverSyncNotNeeded")
	}
	return nil
}

func (s *scan) add(op string, u updateInfo, drivers bool) error {
	a := s.a
	c, err := a.cfg.Library.core(u.xml)
	if err != nil {
		return failWith(op, hrInvalidArgument, err, "update %d", u.id)
	}
	if drivers != (c.Type == update.Driver) {
		return fail(op, hrInvalidArgument, "update %d is a %s, which does not belong into this pass", u.id, c.Type)
	}
	if !a.state.insert(Held{ID: u.id, Leaf: u.leaf, Deployment: a.cfg.Library.deployment(u.deployment), Core: c}) {
		return fail(op, hrDuplicate, "update %d is held already and came again", u.id)
	}
	s.result.New++
	return nil
}

// collect fills the result's lists from the verdicts.
func (s *scan) collect() {
	a := s.a
	m := a.state.members()
	for i := range a.state.Held {
		h := &a.state.Held[i]
		if !h.reported() {
			continue
		}
		if h.Verdict == IsInstalled {
			s.result.Installed = append(s.result.Installed, h.Core.Identity)
		}
		switch {
		case h.Verdict == Needed && h.Deployment.Action != update.Uninstall:
			s.result.Needed = append(s.result.Needed, a.describe(h, m))
		case h.Verdict == IsInstalled && h.Deployment.Action == update.Uninstall:
			s.result.Removals = append(s.result.Removals, a.describe(h, m))
		}
	}
}

// reported reports whether the update is one that clients show and report:
// deployable, and not only there for others.
func (h *Held) reported() bool {
	switch h.Deployment.Action {
	case update.Evaluate, update.Bundle, update.Block:
		return false
	}
	return h.Core.Deployable && (h.Core.Type == update.Software || h.Core.Type == update.Driver)
}

func (a *Agent) describe(h *Held, m members) Update {
	u := Update{
		Revision: h.ID, Identity: h.Core.Identity, Type: h.Core.Type,
		Action: h.Deployment.Action, Deadline: h.Deployment.Deadline, EulaID: h.Core.EulaID,
		Pending: a.state.Installed[h.Core.ID].Pending, Downloaded: h.Downloaded, Parts: m.parts(h),
	}
	if h.Extended != nil {
		u.Title = h.Extended.Title
	}
	seen := make(map[update.Digest]bool)
	for _, id := range u.Parts {
		p := a.state.held(id)
		if p == nil || p.Extended == nil {
			continue
		}
		for _, f := range payload(p.Extended.Files) {
			if !seen[f.Digest] {
				seen[f.Digest] = true
				u.Files = append(u.Files, f)
			}
		}
	}
	return u
}

// payload leaves out the delta files of an update that also has whole ones.
func payload(files []update.File) []update.File {
	delta := func(f update.File) bool { return strings.EqualFold(f.PatchingType, "Express") }
	if !slices.ContainsFunc(files, func(f update.File) bool { return !delta(f) }) {
		return files
	}
	return slices.DeleteFunc(slices.Clone(files), delta)
}
