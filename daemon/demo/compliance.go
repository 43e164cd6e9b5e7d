package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func (p *play) compliance(ctx context.Context) (string, error) {
	if err := p.counted(ctx, []count{{cumulativeKB, 1, 0}, {packageKB, 1, 0}, {reliabilityKB, 1, 0}, {craneKB, 1, 0}, {tidesKB, 0, 1}}); err != nil {
		return "", err
	}
	d, err := p.client.Computer(ctx, p.computer.device)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, in %s, reported: %s", d.Name, strings.Join(d.Groups, ", "), summed(d.Updates, func(u wire.ComputerUpdate) string { return u.State })), nil
}

func (p *play) desktopCompliance(ctx context.Context) (string, error) {
	if err := p.counted(ctx, []count{{chartKB, 1, 0}, {fontKB, 1, 0}, {rollupKB, 0, 1}}); err != nil {
		return "", err
	}
	d, err := p.client.Device(ctx, p.desktop.device)
	if err != nil {
		return "", err
	}
	if err := expect(len(d.Attention) == 0 && d.LastScan != nil, "%s wants attention: %v, its last scan: %v", d.Name, d.Attention, d.LastScan); err != nil {
		return "", err
	}
	both := 0
	for _, u := range d.Updates {
		if len(u.Sources) == 2 {
			both++
		}
	}
	if err := expect(both >= 2, "%d updates on %s were told by both doors", both, d.Name); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, in %s, reported: %s; %d of them told by both doors", d.Name, strings.Join(d.Groups, ", "),
		summed(d.Updates, func(u wire.DeviceUpdate) string { return u.State }), both), nil
}

// count is how many computers have an update, and lack it.
type count struct {
	kb                string
	installed, needed int
}

// counted compares the numbers of updates.
func (p *play) counted(ctx context.Context, wants []count) error {
	for _, want := range wants {
		u, err := p.find(ctx, want.kb)
		if err != nil {
			return err
		}
		d, err := p.client.Update(ctx, u.UpdateID)
		if err != nil {
			return err
		}
		c := d.Computers
		if err := expect(c.Installed == want.installed && c.NotInstalled == want.needed && c.Failed == 0,
			"KB%s: installed on %d computers, needed by %d, failed on %d", want.kb, c.Installed, c.NotInstalled, c.Failed); err != nil {
			return err
		}
	}
	return nil
}

// summed counts updates by their state, for people.
func summed[U any](updates []U, state func(U) string) string {
	states := map[string]int{}
	for _, u := range updates {
		states[state(u)]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		parts = append(parts, fmt.Sprintf("%d %s", states[name], name))
	}
	return strings.Join(parts, ", ")
}

func (p *play) audit(ctx context.Context) (string, error) {
	acts, refused := 0, 0
	missing := map[string]bool{
		"enroll.create-token": true, "device.enroll": true, "policy.set": true,
		"device.unenroll": true, "device.unenrolled": true, "update.approve": true,
	}
	for e, err := range p.client.Audit(ctx, client.AuditQuery{}) {
		if err != nil {
			return "", err
		}
		acts++
		delete(missing, e.Action)
		if e.Outcome == "refused" {
			refused++
		}
	}
	if err := expect(len(missing) == 0, "the audit log has nothing of %s", strings.Join(slices.Sorted(maps.Keys(missing)), ", ")); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d acts in the log, %d of them refused, each with who and when", acts, refused), expect(refused > 0, "none of the %d acts in the log was refused", acts)
}
