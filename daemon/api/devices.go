package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

func (s *server) devices(r *http.Request) (any, error) {
	q := queryOf(r)
	f := store.EnrolledFilter{DeviceFilter: store.DeviceFilter{Text: q.text("search"), After: q.number("cursor"), Limit: q.limit()}, Ended: q.flag("all")}
	group := q.text("group")
	if err := q.done(); err != nil {
		return nil, err
	}
	t, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	if group != "" {
		g, err := t.Find(group)
		if err != nil {
			return nil, err
		}
		if f.Group = g.ID; g.Builtin {
			return nil, badRequest("%s is not a group that devices are put into", g.Name)
		}
	}
	list, err := s.Store.EnrolledDevices(r.Context(), f)
	if err != nil {
		return nil, err
	}
	page := wire.DevicePage{Devices: []wire.Device{}}
	for i := range list {
		page.Devices = append(page.Devices, s.deviceOf(t, &list[i]))
		page.Next = cursor(list[i].ID, len(list) == f.Limit)
	}
	return page, nil
}

func (s *server) deviceOf(t *fleet.Tree, d *store.EnrolledDevice) wire.Device {
	c := computerOf(t, &d.Device)
	e, facts := &d.Enrollment, &d.Facts
	d.LastPoll = s.Management.LastPoll(e.ID, d.LastPoll)
	w := wire.Device{
		ID: d.ID, Name: d.Name, Enrollment: string(e.ID), State: string(e.State), User: e.User, Context: string(e.Context),
		OSVersion: cmp.Or(facts.OSVersion, e.OSVersion), EditionNumber: cmp.Or(facts.OSEdition, e.OSEdition),
		Manufacturer: cmp.Or(facts.Manufacturer, e.Manufacturer), Model: cmp.Or(facts.Model, e.Model),
		Groups: c.Groups, ClientID: d.ClientID, Enrolled: when(e.Created), LastPoll: when(d.LastPoll),
		CertificateEnd: when(d.CertificateEnd), SyncAsked: !d.SyncAsked.IsZero(), Attention: []string{},
	}
	w.Edition = updatecsp.EditionName(w.EditionNumber)
	if goesOn(e.State) {
		if next := s.Management.NextPoll(e.ID, d.LastPoll); !next.IsZero() {
			w.NextPoll = when(next)
		}
		w.Attention = s.attention(d, w.NextPoll)
	}
	return w
}

// goesOn reports whether a device is enrolled.
func goesOn(s device.EnrollmentState) bool { return s == device.Active || s == device.Leaving }

// overdue is how long after its time a device counts as one that does not come.
const overdue = 24 * time.Hour

// attention says what an administrator should look at.
func (s *server) attention(d *store.EnrolledDevice, next *time.Time) []string {
	out := []string{}
	now := s.Now()
	if d.Collision != "" {
		out = append(out, d.Collision)
	}
	switch {
	case d.LastPoll.IsZero() && now.Sub(d.Enrollment.Created) > overdue:
		out = append(out, "enrolled, but never polled")
	case !d.LastPoll.IsZero() && next != nil && now.Sub(*next) > overdue:
		out = append(out, "has not polled for "+strconv.Itoa(int(now.Sub(d.LastPoll).Hours()/24))+" days")
	}
	switch left := d.CertificateEnd.Sub(now); {
	case d.CertificateEnd.IsZero():
	case left <= 0:
		out = append(out, "its certificate has expired: it may still renew it when it comes")
	case left < 30*24*time.Hour:
		out = append(out, "its certificate ends soon, and it has not renewed it")
	}
	return out
}

// enrolled returns the device that the route names.
func (s *server) enrolled(r *http.Request) (store.EnrolledDetail, error) {
	n, err := strconv.ParseInt(r.PathValue("device"), 10, 64)
	if err != nil {
		return store.EnrolledDetail{}, badRequest("a device is named by its number, not %q", r.PathValue("device"))
	}
	return s.Store.EnrolledDevice(r.Context(), n)
}

func (s *server) showDevice(r *http.Request) (any, error) {
	d, err := s.enrolled(r)
	if err != nil {
		return nil, err
	}
	t, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	out := wire.DeviceDetail{
		Device: s.deviceOf(t, &d.EnrolledDevice), DeviceID: string(d.Enrollment.Device), HardwareID: d.Enrollment.Hardware,
		Facts: factsOf(&d.EnrolledDevice), Reported: when(d.ReportedAt), Orders: []wire.Order{}, Approved: []update.ID{},
		Rollback: map[string]string{}, Enrollments: []wire.EnrollmentRecord{},
	}
	if d.Report != nil {
		out.LastScan, out.Approved = when(d.Report.LastScan), list(d.Report.Approved)
		rollback(out.Rollback, d.Report)
	}
	out.Policies, out.Warnings = []wire.DevicePolicy{}, []wire.PolicyWarning{}
	// A device that left has none: Windows took them away, or nobody knows.
	if st := d.Enrollment.State; st == device.Active || st == device.Leaving {
		desired, err := s.Management.Desired(r.Context(), d.ID)
		if err != nil {
			return nil, err
		}
		out.Policies = devicePolicies(desired, d.Settings)
		out.Warnings = warningsOf(updatecsp.Warnings(desired, versionOf(d.Facts.OSVersion)))
	}
	for i := range d.Orders {
		out.Orders = append(out.Orders, orderOf(&d.Orders[i]))
	}
	for i := range d.History {
		h := &d.History[i]
		out.Enrollments = append(out.Enrollments, wire.EnrollmentRecord{
			ID: string(h.ID), State: string(h.State), User: h.User, Created: when(h.Created), Ended: when(h.Ended), Why: h.Why,
		})
	}
	out.Updates, err = s.deviceUpdates(r.Context(), d.ID)
	return out, err
}

func rollback(out map[string]string, r *tree.Report) {
	if r.QualityRollback != "" {
		out["quality"] = r.QualityRollback
	}
	if r.FeatureRollback != "" {
		out["feature"] = r.FeatureRollback
	}
}

func orderOf(o *store.OrderRecord) wire.Order {
	return wire.Order{
		ID: o.ID, What: string(o.Kind), State: string(o.State), Status: int(o.Status), Detail: o.Detail, By: o.By,
		Created: when(o.Created), Sent: when(o.Sent), Done: when(o.Finished),
	}
}

func (s *server) deviceUpdates(ctx context.Context, machine int64) ([]wire.DeviceUpdate, error) {
	states, err := s.Store.DeviceStates(ctx, machine)
	if err != nil {
		return nil, err
	}
	ids := make([]update.ID, len(states))
	for i := range states {
		ids[i] = states[i].Update
	}
	titles, err := s.titles(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]wire.DeviceUpdate, len(states))
	for i := range states {
		st := &states[i]
		u := titles[st.Update]
		out[i] = wire.DeviceUpdate{
			ComputerUpdate: wire.ComputerUpdate{
				UpdateID: st.Update, Title: u.Title, KB: firstKB(u.KBs), State: st.State.String(), Since: when(st.Since), Result: hresult(st.Result),
			},
			Sources: make(map[string]wire.SourcedState, len(st.Sources)),
		}
		for _, src := range st.Sources {
			out[i].Sources[src.Source] = wire.SourcedState{State: src.State.String(), At: when(cmp.Or(src.Reported, src.Since)), Result: hresult(src.Result)}
		}
	}
	return out, nil
}

// factsOf lists what is known of a device by who said it.
func factsOf(d *store.EnrolledDevice) map[string]wire.Fact {
	f, e, c := &d.Facts, &d.Enrollment, &d.Claimed
	out := make(map[string]wire.Fact)
	add := func(name, mdm, enrolled, wsus string) {
		fact := wire.Fact{Value: cmp.Or(mdm, enrolled, wsus), Sources: map[string]wire.SourcedValue{}}
		if fact.Value == "" {
			return
		}
		for _, said := range []struct {
			source, value string
			at            time.Time
		}{{"mdm", mdm, d.FactsAt}, {"enrollment", enrolled, e.Created}, {"wsus", wsus, d.ClaimedAt}} {
			if said.value != "" {
				fact.Sources[said.source] = wire.SourcedValue{Value: said.value, At: when(said.at)}
			}
		}
		out[name] = fact
	}
	version := ""
	if c.OSMajor > 0 {
		version = fmt.Sprintf("%d.%d.%d", c.OSMajor, c.OSMinor, c.OSBuild)
	}
	add("dns name", f.DNSName, "", c.DNSName)
	add("name", f.DeviceName, e.Name, "")
	add("system", f.Platform, "", c.OSDescription)
	add("system version", f.OSVersion, e.OSVersion, version)
	add("edition", edition(f.OSEdition), edition(e.OSEdition), edition(c.NewProductType))
	add("architecture", f.Architecture, "", c.Architecture)
	add("manufacturer", f.Manufacturer, e.Manufacturer, c.Manufacturer)
	add("model", f.Model, e.Model, c.Model)
	add("serial", f.Serial, e.Serial, "")
	add("language", f.Language, e.Locale, c.OSLocale)
	add("defender signatures", f.SignatureVersion, "", "")
	if !f.SignatureSince.IsZero() {
		add("defender signatures since", f.SignatureSince.UTC().Format("2006-01-02"), "", "")
	}
	if f.SignatureOutdated {
		add("defender signatures outdated", "yes, by Defender's own judgement", "", "")
	}
	add("management client", f.DMVersion, e.ApplicationVersion, "")
	return out
}

// versionOf reads the version of a system; zero where it is not known.
func versionOf(text string) updatecsp.Version {
	v, err := updatecsp.ParseVersion(text)
	if err != nil {
		return updatecsp.Version{}
	}
	return v
}

func edition(sku int) string {
	if sku == 0 {
		return ""
	}
	return updatecsp.EditionName(sku)
}

// devicePolicies lists each setting that a device is to have, or was told, with
// where it stands.
func devicePolicies(desired updatecsp.Desired, told map[string]dialogue.Setting) []wire.DevicePolicy {
	names := make(map[string]struct{}, len(desired)+len(told))
	for n := range desired {
		names[n] = struct{}{}
	}
	for n := range told {
		names[n] = struct{}{}
	}
	out := make([]wire.DevicePolicy, 0, len(names))
	for n := range names {
		p := wire.DevicePolicy{Name: n}
		choice, wanted := desired[n]
		if wanted {
			p = choiceOf(n, &choice)
		}
		if t, ok := told[n]; ok {
			standing(&p, &t, wanted)
		} else {
			p.State = "pending"
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b wire.DevicePolicy) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func choiceOf(name string, c *updatecsp.Choice) wire.DevicePolicy {
	p := wire.DevicePolicy{Name: name, Desired: &c.Value, From: c.From.Name, Preset: c.From.Preset}
	for _, o := range c.Overruled {
		p.Overruled = append(p.Overruled, wire.OverruledValue{Value: o.Value, From: o.From.Name, Reason: o.Reason})
	}
	return p
}

// standing says where a setting stands on a device that was told of it.
func standing(p *wire.DevicePolicy, t *dialogue.Setting, wanted bool) {
	p.Effective, p.Status, p.At = t.Effective, int(t.Status), when(t.At)
	if !t.Deleted && t.Skipped == "" {
		p.Sent = &t.Value
	}
	same := wanted && !t.Deleted && p.Desired != nil && t.Value == *p.Desired
	switch {
	case t.Skipped != "":
		p.State, p.Reason = "skipped", t.Skipped
	case !wanted && t.Deleted && t.Status.Done():
		p.State = "removed"
	case !wanted:
		p.State = "removing"
	case !same || t.Status == 0:
		p.State = "pending"
	case t.Status.Done():
		p.State = "applied"
	case t.Status == device.NotFound || t.Status == device.NotAllowed || t.Status == device.NotSupported:
		p.State, p.Reason = "skipped", fmt.Sprintf("the device does not know it (status %d)", t.Status)
	default:
		p.State, p.Reason = "refused", fmt.Sprintf("the device answered %d %s", t.Status, t.Detail)
	}
}

func warningsOf(in []updatecsp.Warning) []wire.PolicyWarning {
	out := make([]wire.PolicyWarning, len(in))
	for i, w := range in {
		out[i] = wire.PolicyWarning{Settings: list(w.Settings), Severity: string(w.Severity), Message: w.Message}
	}
	return out
}

func (s *server) candidates(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	pairs, err := s.Store.JoinCandidates(r.Context())
	if err != nil {
		return nil, err
	}
	out := wire.Candidates{Candidates: []wire.Candidate{}}
	for _, p := range pairs {
		out.Candidates = append(out.Candidates, wire.Candidate{
			Device: p.Device, DeviceName: p.DeviceName, Computer: p.Computer, ComputerName: p.ComputerName, Reason: p.Reason,
		})
	}
	return out, nil
}

func (s *server) needed(r *http.Request) (any, error) {
	q := queryOf(r)
	f := store.NeededFilter{After: q.id("cursor"), Limit: q.limit()}
	if err := q.done(); err != nil {
		return nil, err
	}
	rows, err := s.Store.NeededUpdates(r.Context(), f)
	if err != nil {
		return nil, err
	}
	out := wire.NeededPage{Needed: []wire.Needed{}}
	for _, n := range rows {
		out.Needed = append(out.Needed, wire.Needed{UpdateID: n.Update, Number: n.Number, Devices: n.Devices, First: when(n.First), Last: when(n.Last)})
		if len(rows) == f.Limit {
			out.Next = n.Update.String()
		}
	}
	return out, nil
}
