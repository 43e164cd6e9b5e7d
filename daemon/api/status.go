package api

import (
	"encoding/json"
	"net/http"

	"sluice/daemon/api/wire"
	"sluice/daemon/store"
)

// maxTrips is how many SyncUpdates calls a Windows client makes in one scan.
const maxTrips = 200

func (s *server) status(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	st := wire.Status{
		Version: s.Version, Running: !s.Offline, Started: when(s.Started),
		DataDir: s.Store.Dir(), ServerID: s.Store.ServerID().String(), Health: "ok", Doors: []wire.Door{},
	}
	if s.Doors != nil {
		st.Doors = list(s.Doors())
	}
	if s.Store.Checking() {
		st.Health = "checking"
	}
	if err := s.Store.Health(); err != nil {
		st.Health, st.Damage = "damaged", err.Error()
		return st, nil // what a damaged database counts is worth nothing
	}
	if s.Trust != nil {
		names, root, err := s.Trust(r.Context())
		if err != nil {
			return nil, err
		}
		st.Names, st.CA = list(names), root
	}
	if c := s.Catalog.Current(); c != nil {
		st.Updates, st.Revisions = c.Graph().Updates(), c.Graph().Revisions()
	}
	t, err := s.Store.Totals(r.Context())
	if err != nil {
		return nil, err
	}
	st.Computers, st.Enrolled, st.Approvals, st.Waiting, st.Declined, st.Files, st.Bytes = t.Devices, t.Enrolled, t.Approvals, t.Waiting, t.Declined, t.Files, t.Bytes
	st.LastImport, err = s.lastImport(r.Context())
	return st, err
}

func (s *server) budget(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	c := s.Catalog.Current()
	if c == nil {
		return nil, notReady()
	}
	b := c.Budget(s.PageUpdates, s.PageBytes)
	return wire.Budget{Revisions: b.Revisions, Bytes: b.Bytes, Trips: b.Trips, MaxTrips: maxTrips}, nil
}

// notReady refuses what needs the catalog while it is being read.
func notReady() error {
	return &fault{http.StatusServiceUnavailable, wire.Error{Code: wire.Busy, Message: "the catalog is still being read", Hint: "try again"}}
}

func (s *server) audit(r *http.Request) (any, error) {
	q := queryOf(r)
	f := store.AuditFilter{Action: q.text("action"), Subject: q.text("subject"), Before: q.number("cursor"), Limit: q.limit()}
	if err := q.done(); err != nil {
		return nil, err
	}
	entries, err := s.Store.AuditEntries(r.Context(), f)
	if err != nil {
		return nil, err
	}
	page := wire.AuditPage{Entries: []wire.AuditEntry{}}
	for i := range entries {
		e := &entries[i]
		detail, _ := e.Detail.(json.RawMessage)
		page.Entries = append(page.Entries, wire.AuditEntry{
			ID: e.ID, Time: e.Time, Who: e.Who, Via: e.Via, Action: e.Action, Subject: e.Subject, Detail: detail, Outcome: e.Outcome,
		})
		page.Next = cursor(e.ID, len(entries) == f.Limit)
	}
	return page, nil
}

func (s *server) rotateKeys(a *act) (any, error) {
	a.by.Subject = "cookie"
	return nil, s.RotateKeys(a.Context(), a.by)
}
