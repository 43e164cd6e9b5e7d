package simulate

import (
	"context"
	"fmt"
	"log/slog"

	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// MaxCount is how many computers a fleet has at most.
const MaxCount = 100_000

// Fleet is a number of computers of one kind.
type Fleet struct {
	Server    string // root of the update server
	Transport *agent.Transport
	Machine   string // one of [Machines]
	Prefix    string // of their names: PREFIX-00001
	Count     int
	AtOnce    int  // that work at a time; 0: 4
	Install   bool // install what is approved; otherwise they scan and report
	// States are what the computers remember, by client id; those of others are
	// kept. May be nil.
	States map[string]*agent.State
	Log    *slog.Logger
}

// Computer is what became of one computer.
type Computer struct {
	Name      string   `json:"name"`
	ClientID  string   `json:"client_id"`
	Error     string   `json:"error,omitempty"`
	Trips     int      `json:"trips"` // SyncUpdates calls of the first scan
	Requests  int      `json:"requests"`
	Sent      int64    `json:"sent"`     // bytes
	Received  int64    `json:"received"` // bytes
	Seconds   float64  `json:"seconds"`  // of the first scan
	Needed    int      `json:"needed"`   // after all
	ToInstall int      `json:"to_install"`
	Applied   []string `json:"applied"` // ids of updates that were installed or removed
	Installed int      `json:"installed"`
	Payload   int64    `json:"payload"` // bytes of files, downloaded and verified
	Events    int      `json:"events"`  // that the server took
	Remarks   []string `json:"remarks"` // what a native agent bears but a real server does not do
}

// Run plays all computers and calls each with every one when it is through, one
// at a time. A computer that fails does not stop the others; the error is about
// the fleet itself, or the context's.
func (f *Fleet) Run(ctx context.Context, each func(*Computer)) error {
	switch {
	case f.Count < 1 || f.Count > MaxCount:
		return fmt.Errorf("%d computers: there are 1 to %d", f.Count, MaxCount)
	case f.States == nil:
		f.States = make(map[string]*agent.State)
	}
	image, err := Machine(f.Machine, f.name(1))
	if err != nil {
		return err
	}
	library := new(agent.Library)
	agents := make([]*agent.Agent, f.Count)
	for i := range agents {
		m := image.For(clientID(f.name(i+1)), f.name(i+1))
		agents[i], err = agent.New(agent.Config{
			Server: f.Server, Machine: m, State: f.States[m.Computer.ClientID], Transport: f.Transport, Library: library,
			Caller: "sluice simulate", Log: f.Log,
		})
		if err != nil {
			return err
		}
		f.States[m.Computer.ClientID] = agents[i].State()
	}
	return crowd(ctx, f.Count, f.AtOnce, func(ctx context.Context, i int) *Computer {
		c := &Computer{Name: f.name(i + 1), ClientID: clientID(f.name(i + 1)).String(), Applied: []string{}, Remarks: []string{}}
		if err := f.play(ctx, agents[i], c); err != nil {
			c.Error = err.Error()
		}
		return c
	}, each)
}

func (f *Fleet) name(n int) string { return nameOf(f.Prefix, n, f.Count) }

// play does what a computer does in a day: scan, install what is approved,
// report, scan again.
func (f *Fleet) play(ctx context.Context, a *agent.Agent, c *Computer) error {
	r, err := f.scan(ctx, a, c)
	c.Trips, c.Seconds = r.Trips, r.Took.Seconds()
	if err != nil {
		return err
	}
	if f.Install {
		changed, err := apply(ctx, a, r, c)
		if err != nil {
			// What failed is reported too.
			_ = f.report(ctx, a, c)
			return err
		}
		if changed {
			a.Reboot()
			if r, err = f.scan(ctx, a, c); err != nil {
				return err
			}
		}
	}
	c.Needed, c.Installed = len(r.Needed), len(r.Installed)
	for i := range r.Needed {
		if installs(&r.Needed[i]) {
			c.ToInstall++
		}
	}
	return f.report(ctx, a, c)
}

func (f *Fleet) scan(ctx context.Context, a *agent.Agent, c *Computer) (*agent.ScanResult, error) {
	r, err := a.Scan(ctx)
	c.Requests, c.Sent, c.Received = c.Requests+len(r.Calls), c.Sent+r.Sent, c.Received+r.Received
	c.Remarks = append(c.Remarks, r.Remarks...)
	return r, err
}

func (f *Fleet) report(ctx context.Context, a *agent.Agent, c *Computer) error {
	n, err := a.Report(ctx)
	c.Events += n
	c.Requests++
	return err
}

func installs(u *agent.Update) bool {
	return (u.Action == update.Install || u.Action == update.OptionalInstall) && !u.Pending
}

// apply installs and removes what is approved.
func apply(ctx context.Context, a *agent.Agent, r *agent.ScanResult, c *Computer) (changed bool, err error) {
	var work []*agent.Update
	for i := range r.Needed {
		if installs(&r.Needed[i]) {
			work = append(work, &r.Needed[i])
		}
	}
	for i := range r.Removals {
		work = append(work, &r.Removals[i])
	}
	for _, u := range work {
		if u.Action != update.Uninstall {
			d, err := a.Download(ctx, u)
			c.Payload, c.Requests = c.Payload+d.Bytes, c.Requests+d.Requests
			if err != nil {
				return changed, err
			}
		}
		if _, err := a.Install(ctx, u); err != nil {
			return changed, err
		}
		c.Applied, changed = append(c.Applied, u.ID.String()), true
	}
	return changed, nil
}
