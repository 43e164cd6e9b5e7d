package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/omadm/device"
)

func (p *play) approveForDesktops(ctx context.Context) (string, error) {
	var titles []string
	for _, kb := range []string{chartKB, fontKB} {
		u, err := p.find(ctx, kb)
		if err != nil {
			return "", err
		}
		a, err := p.client.Approve(ctx, u.UpdateID, desktopGroup, wire.Approve{Action: "install"})
		if err != nil {
			return "", err
		}
		if err := expect(a.State == wire.Offered, "KB%s is %s after its approval", kb, a.State); err != nil {
			return "", err
		}
		titles = append(titles, fmt.Sprintf("%q", u.Title))
		p.approvals = append(p.approvals, u.UpdateID)
		if kb == fontKB {
			p.restarts = u.UpdateID
		}
	}
	return strings.Join(titles, " and ") + " for " + desktopGroup, nil
}

func (p *play) refuseValue(ctx context.Context) (string, error) {
	const name, value = "DetectionFrequency", "48"
	_, err := p.client.SetPolicies(ctx, desktopGroup, map[string]string{name: value})
	var refused *client.Error
	if err := expect(errors.As(err, &refused), "%s = %s was not refused at the desk: %v", name, value, err); err != nil {
		return "", err
	}
	list, err := p.client.Policies(ctx, desktopGroup)
	if err != nil {
		return "", err
	}
	for _, g := range list {
		if len(g.Values) > 0 {
			return "", fmt.Errorf("%s has %d values after one that was refused", g.Group, len(g.Values))
		}
	}
	return fmt.Sprintf("%s = %s reaches no device: %s", name, value, refused.Message), nil
}

// policySet is what the story sets on the group of desktops.
var policySet = [...][2]string{{"DetectionFrequency", "4"}, {"RequireUpdateApproval", "1"}}

func (p *play) setPolicy(ctx context.Context) (string, error) {
	values := map[string]string{}
	var parts []string
	for _, v := range policySet {
		values[v[0]] = v[1]
		parts = append(parts, v[0]+" = "+v[1])
	}
	if _, err := p.client.SetPolicies(ctx, desktopGroup, values); err != nil {
		return "", err
	}
	d, err := p.client.Device(ctx, p.desktop.device)
	if err != nil {
		return "", err
	}
	for _, s := range d.Policies {
		if want, ok := values[s.Name]; ok {
			if err := expect(s.State == "pending" && s.Desired != nil && *s.Desired == want && s.From == desktopGroup, "%s is %s, from %q", s.Name, s.State, s.From); err != nil {
				return "", err
			}
		}
	}
	return strings.Join(parts, " and ") + " for " + desktopGroup + ": pending on " + DesktopName, nil
}

func (p *play) toldMore(ctx context.Context) (string, error) {
	d := p.desktop
	err := eventually(ctx, func() error {
		if _, err := p.scanned(ctx); err != nil {
			return err
		}
		got := len(d.ToInstall())
		return expect(got == len(p.approvals), "%d updates are to be installed, not %d", got, len(p.approvals))
	})
	if err != nil {
		return "", err
	}
	before := d.Device.Policies()
	s, err := polled(ctx, d.Desktop)
	if err != nil {
		return "", err
	}
	changed := 0
	for name, v := range d.Device.Policies() {
		if before[name] != v {
			changed++
		}
	}
	for _, v := range policySet {
		if got, _ := d.Device.Policy("Update", v[0]); got != v[1] {
			return "", fmt.Errorf("the device has %s = %q, not %s", v[0], got, v[1])
		}
	}
	if err := expect(changed == len(policySet), "%d policies changed on the device, not %d", changed, len(policySet)); err != nil {
		return "", err
	}
	for _, id := range p.approvals {
		if !slices.Contains(d.Device.Approved(), id.String()) {
			return "", fmt.Errorf("the device was not told that %s is approved", id)
		}
	}
	if _, _, err := p.applied(ctx, d.device, d.Desktop); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d messages: it told what it can install, was sent the %d settings that differ and nothing else of its policies, and the approvals of the %d updates that its scans are offered too",
		s.Messages, changed, len(p.approvals)), nil
}

func (p *play) installDesktop(ctx context.Context) (string, error) {
	var parts []string
	for _, u := range p.desktop.ToInstall() {
		r, err := p.desktop.Download(ctx, u)
		if err != nil {
			return "", err
		}
		if _, err := p.desktop.Install(ctx, u); err != nil {
			return "", err
		}
		parts = append(parts, fmt.Sprintf("%q (%s)", u.Title, size(r.Bytes)))
	}
	if err := expect(len(parts) == len(p.approvals), "%d updates were installed, not %d", len(parts), len(p.approvals)); err != nil {
		return "", err
	}
	if err := p.tells(ctx); err != nil {
		return "", err
	}
	const pending = "InstalledPendingReboot"
	if err := p.heard(ctx, heard{chartKB, "Installed", "Installed", "Installed"}, heard{fontKB, pending, pending, "NotInstalled"}); err != nil {
		return "", err
	}
	return strings.Join(parts, " and ") + "; the second one waits for a restart, which MDM clients tell and update agents do not", nil
}

// tells has the desktop scan, report and poll: all that it does to tell how it
// went.
func (p *play) tells(ctx context.Context) error {
	if _, err := p.scanned(ctx); err != nil {
		return err
	}
	if _, err := p.desktop.Report(ctx); err != nil {
		return err
	}
	_, err := polled(ctx, p.desktop.Desktop)
	return err
}

func (p *play) restart(ctx context.Context) (string, error) {
	p.desktop.Restart()
	if err := p.tells(ctx); err != nil {
		return "", err
	}
	const installed = "Installed"
	return "nothing waits any more: both doors say that both are installed",
		p.heard(ctx, heard{chartKB, installed, installed, installed}, heard{fontKB, installed, installed, installed})
}

// heard is the state of an update on the desktop: as the appliance sums it up,
// and as each source told it.
type heard struct{ kb, state, mdm, wsus string }

// heard waits until that is what the appliance shows.
func (p *play) heard(ctx context.Context, wants ...heard) error {
	return eventually(ctx, func() error {
		d, err := p.client.Device(ctx, p.desktop.device)
		if err != nil {
			return err
		}
		for _, want := range wants {
			i := slices.IndexFunc(d.Updates, func(u wire.DeviceUpdate) bool { return u.KB != nil && *u.KB == want.kb })
			if i < 0 {
				return fmt.Errorf("nothing is known of KB%s on %s", want.kb, d.Name)
			}
			u := &d.Updates[i]
			if got := (heard{want.kb, u.State, u.Sources["mdm"].State, u.Sources["wsus"].State}); got != want {
				return fmt.Errorf("KB%s on %s is %s, by OMA DM %s, by WSUS %s", want.kb, d.Name, got.state, got.mdm, got.wsus)
			}
		}
		return nil
	})
}

func (p *play) idlePoll(ctx context.Context) (string, error) {
	s, err := polled(ctx, p.desktop.Desktop)
	if err != nil {
		return "", err
	}
	for _, c := range s.Commands {
		if c.Command.Verb != device.Get {
			return "", fmt.Errorf("a device with nothing to change was sent %s %s", c.Command.Verb, c.Command.URI)
		}
	}
	return fmt.Sprintf("nothing to change: %d messages, %d questions, %s sent and %s received", s.Messages, len(s.Commands), size(s.Sent), size(s.Received)), nil
}
