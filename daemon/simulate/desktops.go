package simulate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"sluice/daemon/desktop"
	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
)

// Desktops is a number of machines of one kind that enrol, poll, and scan where
// they are told to.
type Desktops struct {
	Management string // address of the management door, or an e-mail address
	Token      string // an enrollment token; empty where all are enrolled already
	Devices    *mdm.Transport
	Computers  *wsus.Transport
	Machine    string // one of [Clients]
	Prefix     string // of their names: PREFIX-00001
	Count      int
	AtOnce     int  // that work at a time; 0: 4
	Install    bool // install what is approved; otherwise they scan and report
	// States are what the desktops remember, by name; those of others are kept. May
	// be nil.
	States map[string]*desktop.State
	Log    *slog.Logger
}

// Device is what became of one desktop.
type Device struct {
	Name       string   `json:"name"`
	Error      string   `json:"error,omitempty"`
	Enrolled   bool     `json:"enrolled"`   // now
	Unenrolled bool     `json:"unenrolled"` // the appliance ended it
	Renewed    bool     `json:"renewed"`    // its certificate
	Polls      int      `json:"polls"`
	Messages   int      `json:"messages"` // of the polls
	Sent       int64    `json:"sent"`     // bytes, of the polls
	Received   int64    `json:"received"` // bytes, of the polls
	Seconds    float64  `json:"seconds"`  // of the polls
	Policies   int      `json:"policies"` // that it has
	Server     string   `json:"server"`   // where it was told to scan; empty: nowhere
	Requests   int      `json:"requests"` // of scans, downloads and reports
	Needed     int      `json:"needed"`   // after all
	ToInstall  int      `json:"to_install"`
	Applied    []string `json:"applied"` // ids of updates that were installed or removed
	Installed  int      `json:"installed"`
	Payload    int64    `json:"payload"` // bytes of files, downloaded and verified
	Events     int      `json:"events"`  // that the update server took
	Remarks    []string `json:"remarks"` // what native agents bear but a real server does not do
}

// Run plays all desktops and calls each with every one when it is through, one
// at a time. A desktop that fails does not stop the others; the error is about
// all of them, or the context's.
func (d *Desktops) Run(ctx context.Context, each func(*Device)) error {
	switch {
	case d.Count < 1 || d.Count > MaxCount:
		return fmt.Errorf("%d desktops: there are 1 to %d", d.Count, MaxCount)
	case d.States == nil:
		d.States = make(map[string]*desktop.State)
	}
	image, err := Machine(d.Machine, d.name(1))
	if err != nil {
		return err
	}
	library := new(wsus.Library)
	list := make([]*desktop.Desktop, d.Count)
	for i := range list {
		name := d.name(i + 1)
		list[i], err = desktop.New(desktop.Config{
			Management: d.Management, Credential: mdm.Credential{Name: "simulated@" + name, Token: d.Token},
			Machine: image.For(clientID(name), name), State: d.States[name],
			Devices: d.Devices, Computers: d.Computers, Library: library, Caller: "sluice simulate", Log: d.Log,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		d.States[name] = list[i].State()
	}
	return crowd(ctx, d.Count, d.AtOnce, func(ctx context.Context, i int) *Device {
		defer list[i].Close()
		out := &Device{Name: d.name(i + 1), Applied: []string{}, Remarks: []string{}}
		if err := d.play(ctx, list[i], out); err != nil {
			out.Error = err.Error()
		}
		out.Enrolled, out.Policies = list[i].Device.Enrolled(), len(list[i].Device.Policies())
		return out
	}, each)
}

func (d *Desktops) name(n int) string { return nameOf(d.Prefix, n, d.Count) }

// play does what a desktop does in a day: enrol where it is not, poll, scan
// where it was told to, install what is approved, report, and poll again.
func (d *Desktops) play(ctx context.Context, m *desktop.Desktop, out *Device) error {
	if !m.Device.Enrolled() {
		if d.Token == "" {
			return errors.New("it is not enrolled, and no enrollment token was given")
		}
		e, err := m.Device.Enroll(ctx)
		if err != nil {
			return err
		}
		out.Remarks = append(out.Remarks, e.Remarks...)
	}
	if m.Device.RenewalDue() {
		if _, err := m.Device.Renew(ctx); err != nil {
			return err
		}
		out.Renewed = true
	}
	if err := poll(ctx, m, out); err != nil || out.Unenrolled {
		return err
	}
	if out.Server, _ = m.Device.UpdateServer(); out.Server == "" {
		return nil
	}
	if err := d.update(ctx, m, out); err != nil {
		return err
	}
	return poll(ctx, m, out)
}

func poll(ctx context.Context, m *desktop.Desktop, out *Device) error {
	s, err := m.Device.Poll(ctx, nil)
	out.Polls, out.Messages, out.Seconds = out.Polls+1, out.Messages+s.Messages, out.Seconds+s.Took.Seconds()
	out.Sent, out.Received = out.Sent+s.Sent, out.Received+s.Received
	out.Unenrolled, out.Renewed = s.Unenrolled, out.Renewed || s.Renewed
	out.Remarks = append(out.Remarks, s.Remarks...)
	return err
}

// update scans, installs what is approved, and reports.
func (d *Desktops) update(ctx context.Context, m *desktop.Desktop, out *Device) error {
	if err := scan(ctx, m, out); err != nil {
		return err
	}
	if d.Install {
		if m.Device.ApprovalRequired() && len(m.State().Known.Installable) > 0 {
			// What it can install is approved when it told of it.
			if err := poll(ctx, m, out); err != nil || out.Unenrolled {
				return err
			}
		}
		changed, err := install(ctx, m, out)
		if err != nil {
			// What failed is reported too.
			_ = report(ctx, m, out)
			return err
		}
		if changed {
			m.Restart()
			if err := scan(ctx, m, out); err != nil {
				return err
			}
		}
	}
	out.ToInstall, out.Installed = len(m.ToInstall()), len(m.State().Known.Installed)
	return report(ctx, m, out)
}

func scan(ctx context.Context, m *desktop.Desktop, out *Device) error {
	r, err := m.Scan(ctx)
	out.Requests, out.Needed = out.Requests+len(r.Calls), len(r.Needed)
	out.Remarks = append(out.Remarks, r.Remarks...)
	return err
}

func report(ctx context.Context, m *desktop.Desktop, out *Device) error {
	n, err := m.Report(ctx)
	out.Events += n
	out.Requests++
	return err
}

// install installs and removes what is approved.
func install(ctx context.Context, m *desktop.Desktop, out *Device) (changed bool, err error) {
	for _, u := range m.ToInstall() {
		r, err := m.Download(ctx, u)
		out.Payload, out.Requests = out.Payload+r.Bytes, out.Requests+r.Requests
		if err != nil {
			return changed, err
		}
		if _, err := m.Install(ctx, u); err != nil {
			return changed, err
		}
		out.Applied, changed = append(out.Applied, u.ID.String()), true
	}
	for _, u := range m.ToRemove() {
		if _, err := m.Install(ctx, u); err != nil {
			return changed, err
		}
		out.Applied, changed = append(out.Applied, u.ID.String()), true
	}
	return changed, nil
}
