package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/wsus/update"
)

// maxEvents is how many events one computer is shown with.
const maxEvents = 50

func (s *server) computers(r *http.Request) (any, error) {
	q := queryOf(r)
	f := store.DeviceFilter{Text: q.text("search"), After: q.number("cursor"), Limit: q.limit()}
	group := q.text("group")
	if err := q.done(); err != nil {
		return nil, err
	}
	tree, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	if group != "" {
		g, err := tree.Find(group)
		if err != nil {
			return nil, err
		}
		if f.Group = g.ID; g.Builtin {
			return nil, badRequest("%s is not a group that computers are put into", g.Name)
		}
	}
	devices, err := s.Store.Devices(r.Context(), f)
	if err != nil {
		return nil, err
	}
	page := wire.ComputerPage{Computers: []wire.Computer{}}
	for i := range devices {
		page.Computers = append(page.Computers, computerOf(tree, &devices[i]))
		page.Next = cursor(devices[i].ID, len(devices) == f.Limit)
	}
	return page, nil
}

func computerOf(t *fleet.Tree, d *store.Device) wire.Computer {
	c := &d.Computer
	w := wire.Computer{
		ID: d.ID, Name: d.Name, ClientID: d.ClientID, Enrolled: d.Enrolled, Registered: d.Registered,
		OS: c.OSDescription, Architecture: c.Architecture, Server: c.IsServer(),
		Manufacturer: c.Manufacturer, Model: c.Model, Address: d.Address,
		Groups: []string{}, Requested: list(d.Requested), Holds: []wire.Hold{},
		FirstSeen: when(d.FirstSeen), LastSeen: when(d.LastSeen), LastScan: when(d.LastScan), LastReport: when(d.LastReport),
		Collision: d.Collision,
	}
	if c.OSMajor > 0 {
		w.OSVersion = fmt.Sprintf("%d.%d.%d", c.OSMajor, c.OSMinor, c.OSBuild)
	}
	for _, id := range d.Groups {
		if g, ok := t.Group(id); ok {
			w.Groups = append(w.Groups, g.Name)
		}
	}
	for _, h := range d.Holds {
		w.Holds = append(w.Holds, wire.Hold{UpdateID: idOrNull(h.Update), Reason: h.Reason, Created: when(h.Created)})
	}
	return w
}

// device returns the computer that the route names.
func (s *server) device(r *http.Request) (store.Device, error) {
	n, err := strconv.ParseInt(r.PathValue("computer"), 10, 64)
	if err != nil {
		return store.Device{}, badRequest("a computer is named by its number, not %q", r.PathValue("computer"))
	}
	return s.Store.Device(r.Context(), n)
}

func (s *server) computer(r *http.Request) (any, error) {
	d, err := s.device(r)
	if err != nil {
		return nil, err
	}
	tree, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	out := wire.ComputerDetail{Computer: computerOf(tree, &d), Updates: []wire.ComputerUpdate{}, Events: []wire.Event{}}
	states, err := s.Store.DeviceStates(r.Context(), d.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]update.ID, len(states))
	for i := range states {
		ids[i] = states[i].Update
	}
	titles, err := s.titles(r.Context(), ids)
	if err != nil {
		return nil, err
	}
	for i := range states {
		st := &states[i]
		u := titles[st.Update]
		out.Updates = append(out.Updates, wire.ComputerUpdate{
			UpdateID: st.Update, Title: u.Title, KB: firstKB(u.KBs),
			State: st.State.String(), Since: when(st.Since), Result: hresult(st.Result),
		})
	}
	events, err := s.Store.DeviceEvents(r.Context(), d.ID, maxEvents)
	if err != nil {
		return nil, err
	}
	for i := range events {
		e := &events[i]
		out.Events = append(out.Events, wire.Event{
			Time: when(e.Time), EventID: e.EventID, Update: idOrNull(e.Update.ID),
			Result: hresult(e.Result), App: e.App, Texts: list(e.Texts),
		})
	}
	return out, nil
}

// hresult writes an HRESULT as Windows does; empty for success.
func hresult(r int32) string {
	if r == 0 {
		return ""
	}
	return fmt.Sprintf("0x%08X", uint32(r))
}

// titles looks updates up by their ids. Those that are not stored are left out.
func (s *server) titles(ctx context.Context, ids []update.ID) (map[update.ID]store.Update, error) {
	const page = 1000
	out := make(map[update.ID]store.Update, len(ids))
	for len(ids) > 0 {
		n := min(page, len(ids))
		rows, _, err := s.Store.Updates(ctx, store.UpdateFilter{IDs: ids[:n], Limit: n})
		if err != nil {
			return nil, err
		}
		for i := range rows {
			out[rows[i].ID] = rows[i]
		}
		ids = ids[n:]
	}
	return out, nil
}

func (s *server) assignComputers(a *act) (any, error) {
	var req wire.AssignComputers
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	if len(req.Computers) == 0 {
		return nil, badRequest("no computer is named")
	}
	a.by.Subject = fmt.Sprint(len(req.Computers), " computers")
	tree, err := s.tree(a.Context())
	if err != nil {
		return nil, err
	}
	var groups []update.ID
	for _, name := range req.Groups {
		g, err := tree.Find(name)
		if err != nil {
			return nil, err
		}
		if g.Builtin {
			return nil, conflict("computers are not put into %s: all are in All Computers, and those in no other group are unassigned", g.Name)
		}
		groups = append(groups, g.ID)
	}
	for _, n := range req.Computers {
		if _, err := s.Store.Device(a.Context(), n); err != nil {
			return nil, err
		}
	}
	return nil, s.Fleet.AssignDevices(a.Context(), a.by, req.Computers, groups)
}

// deviceNamed returns the computer that an act is done to.
func (s *server) deviceNamed(a *act) (store.Device, error) {
	a.by.Subject = "computer " + a.PathValue("computer")
	return s.device(a.Request)
}

func (s *server) hold(a *act) (any, error) {
	var req wire.SetHold
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	if len(req.Reason) > maxReason {
		return nil, badRequest("a reason has at most %d bytes", maxReason)
	}
	d, err := s.deviceNamed(a)
	if err != nil {
		return nil, err
	}
	var id update.ID
	if req.UpdateID != nil {
		id = *req.UpdateID
	}
	return nil, s.Fleet.HoldDevice(a.Context(), a.by, d.ID, id, req.Reason)
}

// maxReason bounds the reason of a hold, in bytes.
const maxReason = 1000

func (s *server) release(a *act) (any, error) {
	var id update.ID
	if text := a.PathValue("id"); text != "" {
		var err error
		if id, err = update.ParseID(text); err != nil {
			return nil, err
		}
	}
	d, err := s.deviceNamed(a)
	if err != nil {
		return nil, err
	}
	held := false
	for _, h := range d.Holds {
		held = held || h.Update == id
	}
	if !held {
		return nil, notFound("%s: nothing of that kind is held back on it", a.by.Subject)
	}
	return nil, s.Fleet.ReleaseDevice(a.Context(), a.by, d.ID, id)
}

func (s *server) deleteComputer(a *act) (any, error) {
	d, err := s.deviceNamed(a)
	if err != nil {
		return nil, err
	}
	return nil, s.Fleet.DeleteDevice(a.Context(), a.by, d.ID)
}
