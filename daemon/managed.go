package daemon

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"time"

	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/omadm/device"
	"sluice/omadm/enroll"
	"sluice/omadm/updatecsp"
	"sluice/wsus/catalog"
)

// managed tells the control API what enrolled devices are told.
type managed struct{ *Appliance }

var _ api.Management = managed{}

// LastPoll is when a device was heard, which the store knows a little later.
func (m managed) LastPoll(id device.EnrollmentID, stored time.Time) time.Time {
	if at := m.sinks.lastPoll(id); at.After(stored) {
		return at
	}
	return stored
}

// NextPoll is when a device is due after its last poll. Those that it makes soon
// after it enrolled are not counted: it comes at the latest then.
func (m managed) NextPoll(id device.EnrollmentID, last time.Time) time.Time {
	if last.IsZero() {
		return time.Time{}
	}
	return last.Add(m.schedule().For(id).Remaining)
}

// Desired is what a device is to have.
func (m managed) Desired(ctx context.Context, machine int64) (updatecsp.Desired, error) {
	seat, ok := m.fleet.roster.Seat(machine)
	if !ok {
		return nil, nil
	}
	groups, _, ok := m.fleet.roster.Sets(seat.Plan)
	if !ok {
		return nil, nil
	}
	return m.policies.of(ctx, seat.Plan.GroupSet, groups)
}

// DesiredOf is what a device in a set of groups is to have.
func (m managed) DesiredOf(ctx context.Context, groups catalog.GroupSet) (updatecsp.Desired, error) {
	return m.policies.group(ctx, groups)
}

// Environment is where devices find updates here.
func (m managed) Environment() updatecsp.Environment { return m.environment() }

// Instructions are the ways in which devices enrol here.
func (m managed) Instructions() (wire.EnrollInstructions, error) {
	if m.cfg.MDM.Listen == "" {
		return wire.EnrollInstructions{}, errors.New("the management door is off: mdm.listen is empty")
	}
	guide, err := enroll.Instructions(enroll.Site{Public: m.managementURL(), Names: m.names()})
	if err != nil {
		return wire.EnrollInstructions{}, err
	}
	out := wire.EnrollInstructions{Server: guide.Server, Before: guide.Before, Ways: []wire.EnrollWay{}}
	for _, w := range guide.Ways {
		out.Ways = append(out.Ways, wire.EnrollWay{Title: w.Title, For: w.For, Steps: w.Steps, Text: w.Text})
	}
	return out, nil
}

// environment is where devices find updates: metadata by TLS, and payload files,
// which they verify, by plain HTTP, which caches understand.
func (a *Appliance) environment() updatecsp.Environment {
	var open Addresses
	if addr := a.doors.Load(); addr != nil {
		open = *addr
	}
	host := a.names()[0]
	return updatecsp.Environment{
		UpdateService: httpsURL(host, portOf(open.WSUSTLS, a.cfg.WSUS.TLSListen)),
		Content:       "http://" + net.JoinHostPort(host, strconv.Itoa(portOf(open.WSUS, a.cfg.WSUS.Listen))),
	}
}

// managementURL is the base address of the management door by the public name.
func (a *Appliance) managementURL() string {
	var open Addresses
	if addr := a.doors.Load(); addr != nil {
		open = *addr
	}
	return httpsURL(a.names()[0], portOf(open.MDM, a.cfg.MDM.Listen))
}

// portOf returns the port of an open door, else the one that is configured.
func portOf(open, listen string) int {
	if u, err := url.Parse(open); err == nil && u.Port() != "" {
		listen = u.Host
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return n
}
