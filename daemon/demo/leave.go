package demo

import (
	"context"
	"fmt"

	"sluice/daemon/desktop"
	mdm "sluice/omadm/agent"
)

// another enrols a further desktop and has it told.
func (p *play) another(ctx context.Context, name string) (*desktop.Desktop, error) {
	d, err := p.newDesktop(name, p.desktop.token)
	if err != nil {
		return nil, err
	}
	if _, err := enrolled(ctx, d); err != nil {
		return nil, err
	}
	if _, err := polled(ctx, d); err != nil {
		return nil, err
	}
	url, _ := d.Device.UpdateServer()
	return d, expect(url != "", "%s was told no update server", name)
}

// gone checks that a desktop is enrolled no more, by itself and by the appliance,
// and that whoever has a copy of its certificate and key gets nowhere.
func (p *play) gone(ctx context.Context, name string, d *desktop.Desktop, before *mdm.State) error {
	if n := len(d.Device.Policies()); d.Device.Enrolled() || n > 0 {
		return fmt.Errorf("%s is enrolled: %v, with %d policies", name, d.Device.Enrolled(), n)
	}
	found, err := p.enrolledDevice(ctx, name)
	if err != nil {
		return err
	}
	if err := expect(found.State == "unenrolled", "the appliance says of %s: %s", name, found.State); err != nil {
		return err
	}
	thief, err := p.openDesktop(name, "", &desktop.State{Device: before})
	if err != nil {
		return err
	}
	_, err = thief.Device.Poll(ctx, nil)
	return expect(mdm.HResult(err) != 0, "the certificate of %s still opens a session: %v", name, err)
}

func (p *play) leftByUser(ctx context.Context) (string, error) {
	d, err := p.another(ctx, visitorName)
	if err != nil {
		return "", err
	}
	before := d.State().Device.Clone()
	if _, err := d.Device.Unenroll(ctx); err != nil {
		return "", err
	}
	return visitorName + " enrolled and was told; its user disconnected it: its policies are gone, its certificate is refused", p.gone(ctx, visitorName, d, before)
}

func (p *play) unenrolled(ctx context.Context) (string, error) {
	d, err := p.another(ctx, retiredName)
	if err != nil {
		return "", err
	}
	found, err := p.enrolledDevice(ctx, retiredName)
	if err != nil {
		return "", err
	}
	if err := p.client.UnenrollDevice(ctx, found.ID, false); err != nil {
		return "", err
	}
	before := d.State().Device.Clone()
	s, err := polled(ctx, d)
	if err != nil {
		return "", err
	}
	if err := expect(s.Unenrolled, "%s was not told to unenrol", retiredName); err != nil {
		return "", err
	}
	return retiredName + " was told to unenrol at its next poll: its policies are gone, its certificate is refused", p.gone(ctx, retiredName, d, before)
}
