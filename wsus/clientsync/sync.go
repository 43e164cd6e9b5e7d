package clientsync

import (
	"context"
	"slices"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/soap"
	"sluice/wsus/update"
)

// syncUpdates answers SyncUpdates (MS-WUSP 3.1.5.7).
func (s *Server) syncUpdates(ctx context.Context, r *soap.Request) (any, error) {
	q := s.requests.Get().(*syncRequest)
	defer func() {
		q.reset()
		s.requests.Put(q)
	}()
	if err := q.read(&reader{Scanner: r.Scanner(), space: clientSpace}, &s.limits); err != nil {
		return nil, err
	}
	u, err := s.scan(q.sealed)
	if err != nil {
		return nil, err
	}
	if !q.parameters {
		return nil, soap.InvalidParameter("parameters", nil)
	}
	if q.skipSoftware {
		return s.syncDrivers(ctx, u, q)
	}
	if len(q.devices) > 0 { // old clients send the element, nil
		return nil, soap.InvalidParameter(systemSpec, nil)
	}
	return s.syncSoftware(ctx, u, q)
}

// syncSoftware answers a round of the software pass.
func (s *Server) syncSoftware(ctx context.Context, u *caller, q *syncRequest) (any, error) {
	req := &catalog.Request{Plan: u.plan, Installed: q.installed, Other: q.other, Filter: q.filter, Told: s.told(u)}
	ans := u.snapshot.Sync(req)
	a := s.newAnswer("SyncUpdates")
	res := syncResult{drop: ans.OutOfScope, deployed: ans.Deployed, cookie: u.cookie}
	a.entries, res.truncated = s.page(u, ans.New, a.entries)
	res.fresh = a.entries
	scan := Scan{Device: u.seat.Device, Pass: Software, Held: len(q.installed) + len(q.other)}
	if len(q.filter) > 0 {
		scan.Pass = Filtered
		res.driversNotNeeded = true
		if !q.twoGroups || !u.cookie.Protocol.AtLeast(1, 7) {
			res.drop, res.deployed = append(slices.Clip(res.drop), res.deployed...), nil
		}
	}
	if !res.truncated {
		for _, h := range u.snapshot.Changed(req, &ans) {
			a.changed = append(a.changed, u.snapshot.Entry(u.plan, h))
		}
		res.changed = a.changed
		if scan.Pass == Software {
			res.cookie.Told = &cookie.Told{Plan: u.seat.Plan, Seq: u.snapshot.Seq}
		}
	}
	return s.answerSync(ctx, a, "SyncUpdates", u, &res, scan)
}

// page makes entries of as many heads as go into one answer, of at least one if
// there is any. Truncated says that there are more.
func (s *Server) page(u *caller, heads []catalog.Head, dst []catalog.Entry) (entries []catalog.Entry, truncated bool) {
	var bytes int64
	for _, h := range heads {
		e := u.snapshot.Entry(u.plan, h)
		bytes += e.PlainLen
		if len(dst) > 0 && (len(dst) == s.limits.PageUpdates || bytes > s.limits.PageBytes) {
			return dst, true
		}
		dst = append(dst, e)
	}
	return dst, false
}

// syncDrivers answers the driver pass, which is one call.
func (s *Server) syncDrivers(ctx context.Context, u *caller, q *syncRequest) (any, error) {
	if len(q.devices) > 0 {
		s.hardware(Hardware{Device: u.seat.Device, Devices: q.devices, ComputerIDs: q.computerIDs})
	}
	ans := u.snapshot.SyncDrivers(&catalog.DriverRequest{
		Plan: u.plan, Installed: q.installed, Cached: q.drivers,
		Devices: q.devices, ComputerIDs: q.computerIDs, ScoreKey: q.scoreKey, Filter: q.filter,
	})
	res := syncResult{fresh: ans.New, drop: ans.OutOfScope, changed: ans.Changed, cookie: u.cookie, driversNotNeeded: true}
	scan := Scan{Device: u.seat.Device, Pass: Drivers, Held: len(q.installed) + len(q.drivers)}
	return s.answerSync(ctx, s.newAnswer("SyncUpdates"), "SyncUpdates", u, &res, scan)
}

// syncPrinterCatalog answers SyncPrinterCatalog (MS-WUSP 3.1.5.12), which the
// Add Printer wizard calls.
func (s *Server) syncPrinterCatalog(ctx context.Context, r *soap.Request) (any, error) {
	var (
		rd              = &reader{Scanner: r.Scanner(), space: clientSpace}
		sealed          []byte
		installed, held []update.RevisionID
	)
	err := reject(rd.children(func(name []byte) (err error) {
		switch string(name) {
		case "cookie":
			sealed, err = rd.cookie()
		case "installedNonLeafUpdateIDs":
			installed, err = rd.revisions(nil, "installedNonLeafUpdateIDs", s.limits.Installed)
		case "printerUpdateIDs":
			held, err = rd.revisions(nil, "printerUpdateIDs", s.limits.Held)
		}
		return err
	}))
	if err != nil {
		return nil, err
	}
	u, err := s.scan(sealed)
	if err != nil {
		return nil, err
	}
	ans := u.snapshot.Printers(u.plan, installed, held)
	res := syncResult{fresh: ans.New, drop: ans.OutOfScope, cookie: u.cookie, driversNotNeeded: true}
	if n := s.pageOf(ans.New); n < len(ans.New) {
		res.fresh, res.truncated = ans.New[:n], true
	} else {
		res.changed = ans.Changed
	}
	scan := Scan{Device: u.seat.Device, Pass: Printers, Held: len(installed) + len(held)}
	return s.answerSync(ctx, s.newAnswer("SyncPrinterCatalog"), "SyncPrinterCatalog", u, &res, scan)
}

// pageOf returns how many of entries go into one answer.
func (s *Server) pageOf(entries []catalog.Entry) int {
	var bytes int64
	for i := range entries {
		bytes += entries[i].PlainLen
		if i > 0 && (i == s.limits.PageUpdates || bytes > s.limits.PageBytes) {
			return i
		}
	}
	return len(entries)
}

// syncResult is a SyncInfo (MS-WUSP 2.2.2.2.4).
type syncResult struct {
	fresh, changed   []catalog.Entry
	drop, deployed   []update.RevisionID
	truncated        bool
	cookie           cookie.Cookie
	driversNotNeeded bool
}

// answerSync writes a SyncInfo into a, and closes it if that fails.
func (s *Server) answerSync(ctx context.Context, a *answer, operation string, u *caller, res *syncResult, scan Scan) (any, error) {
	if err := s.writeSync(ctx, a, res); err != nil {
		a.Close()
		return nil, err
	}
	a.end(operation)
	scan.Truncated, scan.Seq = res.truncated, u.snapshot.Seq
	scan.New, scan.Changed, scan.OutOfScope = len(res.fresh), len(res.changed), len(res.drop)+len(res.deployed)
	s.scanned(scan)
	return a, nil
}

func (s *Server) writeSync(ctx context.Context, a *answer, res *syncResult) error {
	protocol := res.cookie.Protocol
	if len(res.fresh) > 0 {
		if err := a.newUpdates(ctx, s, res.fresh, protocol); err != nil {
			return err
		}
	}
	a.revisions("OutOfScopeRevisionIDs", res.drop)
	a.changedUpdates(res.changed, protocol)
	if res.truncated {
		a.tag("<Truncated>true</Truncated>")
	} else {
		a.tag("<Truncated>false</Truncated>")
	}
	sealed, err := s.seal(res.cookie)
	if err != nil {
		return err
	}
	a.cookie("NewCookie", res.cookie.Expires, sealed)
	if protocol.AtLeast(1, 7) {
		a.revisions("DeployedOutOfScopeRevisionIds", res.deployed)
		if res.driversNotNeeded {
			a.tag("<DriverSyncNotNeeded>true</DriverSyncNotNeeded>")
		} else {
			a.tag("<DriverSyncNotNeeded>false</DriverSyncNotNeeded>")
		}
	}
	return nil
}
