package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/desktop"
	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
	"sluice/wsus/update"
)

// DesktopName is the desktop of the story that stays.
const DesktopName = "quay-07.demo.example"

const (
	desktopGroup = "Harbor desktops"
	visitorName  = "quay-08.demo.example" // its user unenrols it
	retiredName  = "quay-09.demo.example" // the administrator unenrols it
)

// managed is the simulated desktop of the story.
type managed struct {
	*desktop.Desktop
	token  string // an enrollment token
	device int64  // as the appliance numbers it
}

// newDesktop returns a desktop that would enrol with a token.
func (p *play) newDesktop(name, token string) (*desktop.Desktop, error) {
	return p.openDesktop(name, token, nil)
}

// openDesktop returns a desktop with what it remembers.
func (p *play) openDesktop(name, token string, state *desktop.State) (*desktop.Desktop, error) {
	// The administrator had the desktops trust the appliance beforehand: without
	// that their MDM client would not talk to it.
	m := Desktop(update.ID{0: 0x51, 1: 0x17, 2: 0xCE, 6: 0x40, 8: 0x80, 15: name[len("quay-0")]}, name)
	return desktop.New(desktop.Config{
		Management: p.Addresses.MDM, Credential: mdm.Credential{Name: "crane@demo.example", Token: token}, Machine: m, State: state,
		Devices: &mdm.Transport{TLS: &tls.Config{RootCAs: p.roots}},
		Outcome: func(id update.Identity) wsus.Outcome {
			if id.ID == p.restarts {
				return wsus.NeedsRestart
			}
			return wsus.AsDescribed
		},
	})
}

func (p *play) createToken(ctx context.Context) (string, error) {
	if _, err := p.client.CreateGroup(ctx, desktopGroup, ""); err != nil {
		return "", err
	}
	t, err := p.client.CreateEnrollToken(ctx, wire.CreateEnrollToken{Label: "demonstration", Uses: 3, Groups: []string{desktopGroup}})
	if err != nil {
		return "", err
	}
	p.desktop.token = t.Secret
	list, err := p.client.EnrollTokens(ctx)
	if err != nil {
		return "", err
	}
	if err := expect(len(list) == 1 && list[0].Left == 3, "the list of tokens is %+v", list); err != nil {
		return "", err
	}
	return fmt.Sprintf("a secret for %d devices, which it puts into %q; shown once, kept as a hash", t.Uses, desktopGroup), nil
}

func (p *play) refuseServer(context.Context) (string, error) {
	_, err := desktop.New(desktop.Config{Machine: Computer(update.MustParseID(computerID), computerName)})
	if err := expect(errors.Is(err, desktop.ErrNoClient), "a Windows Server would enrol: %v", err); err != nil {
		return "", err
	}
	return computerName + " is a Windows Server: OMA DM does not manage its updates, so it stays with group policy and WSUS alone", nil
}

func (p *play) refuseToken(ctx context.Context) (string, error) {
	d, err := p.newDesktop(DesktopName, "wrong")
	if err != nil {
		return "", err
	}
	const notRecognized = 0x80180002
	_, err = d.Device.Enroll(ctx)
	if err := expect(mdm.HResult(err) == notRecognized, "a wrong token ended with: %v", err); err != nil {
		return "", err
	}
	return fmt.Sprintf("with a wrong token the device shows 0x%08X, user not recognized", uint32(notRecognized)), nil
}

func (p *play) enrol(ctx context.Context) (string, error) {
	d, err := p.newDesktop(DesktopName, p.desktop.token)
	if err != nil {
		return "", err
	}
	p.desktop.Desktop = d
	e, err := enrolled(ctx, d)
	if err != nil {
		return "", err
	}
	found, err := p.enrolledDevice(ctx, DesktopName)
	if err != nil {
		return "", err
	}
	p.desktop.device = found.ID
	if err := expect(found.State == "active" && found.LastPoll == nil, "the appliance says of the device: %s, last poll %v", found.State, found.LastPoll); err != nil {
		return "", err
	}
	leaf, err := d.State().Device.Account.Leaf()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: discovery, policy and certificate over TLS (MS-MDE2 %s, request signed with %s); its own certificate by %q until %s",
		DesktopName, e.Version, e.Digest, leaf.Issuer.CommonName, leaf.NotAfter.UTC().Format("2006-01-02")), nil
}

// enrolled enrols a desktop that must find nothing to remark.
func enrolled(ctx context.Context, d *desktop.Desktop) (*mdm.Enrolled, error) {
	e, err := d.Device.Enroll(ctx)
	if err == nil {
		err = expect(len(e.Remarks) == 0, "the device remarks: %s", strings.Join(e.Remarks, "; "))
	}
	return e, err
}

// polled has a desktop poll, which must find nothing to remark.
func polled(ctx context.Context, d *desktop.Desktop) (*mdm.Session, error) {
	s, err := d.Device.Poll(ctx, nil)
	if err == nil {
		err = expect(len(s.Remarks) == 0, "the device remarks: %s", strings.Join(s.Remarks, "; "))
	}
	return s, err
}

// enrolledDevice finds a device by its name, short until it polled, also one
// that is enrolled no more.
func (p *play) enrolledDevice(ctx context.Context, name string) (wire.Device, error) {
	short, _, _ := strings.Cut(name, ".")
	for d, err := range p.client.Devices(ctx, client.DeviceQuery{Search: short, All: true}) {
		return d, err
	}
	return wire.Device{}, fmt.Errorf("the appliance does not list the device %s", name)
}

func (p *play) told(ctx context.Context) (string, error) {
	s, err := polled(ctx, p.desktop.Desktop)
	if err != nil {
		return "", err
	}
	url, content := p.desktop.Device.UpdateServer()
	if url == "" || content == "" {
		return "", fmt.Errorf("the device was told the update server %q and the content host %q", url, content)
	}
	applied, skipped, err := p.applied(ctx, p.desktop.device, p.desktop.Desktop)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("at its first poll, %d messages: UpdateServiceUrl %s, UpdateServiceUrlAlternate %s; %d settings of the preset airgap apply, %d that this Windows does not know were left out",
		s.Messages, url, content, applied, skipped), nil
}

// applied compares what the appliance says of a device's settings with what the
// device has: none may be open or refused.
func (p *play) applied(ctx context.Context, id int64, d *desktop.Desktop) (applied, skipped int, _ error) {
	detail, err := p.client.Device(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	has := d.Device.Policies()
	for _, s := range detail.Policies {
		switch {
		case s.State == "skipped":
			skipped++
		case s.State != "applied" || s.Desired == nil:
			return 0, 0, fmt.Errorf("the setting %s is %s on %s: %s", s.Name, s.State, detail.Name, s.Reason)
		case has["Update/"+s.Name] != *s.Desired && has["DeliveryOptimization/"+s.Name] != *s.Desired:
			return 0, 0, fmt.Errorf("%s is said to have %s = %s, and has not", detail.Name, s.Name, *s.Desired)
		default:
			applied++
		}
	}
	return applied, skipped, expect(applied == len(has), "%s has %d policies, the appliance knows of %d", detail.Name, len(has), applied)
}

func (p *play) scanWhereTold(ctx context.Context) (string, error) {
	r, err := p.scanned(ctx)
	if err != nil {
		return "", err
	}
	if _, err := p.desktop.Report(ctx); err != nil {
		return "", err
	}
	url, _ := p.desktop.Device.UpdateServer()
	return fmt.Sprintf("at %s: %s; it lacks %d updates, none of them approved", url, cost(r), len(r.Needed)),
		expect(len(r.Needed) > 0 && len(p.desktop.ToInstall()) == 0, "of %d needed updates %d are to be installed before any was approved", len(r.Needed), len(p.desktop.ToInstall()))
}

// scanned has the desktop scan, which must find nothing to remark.
func (p *play) scanned(ctx context.Context) (*wsus.ScanResult, error) {
	r, err := p.desktop.Scan(ctx)
	if err == nil {
		err = expect(len(r.Remarks) == 0, "the computer remarks: %s", strings.Join(r.Remarks, "; "))
	}
	return r, err
}

func (p *play) oneMachine(ctx context.Context) (string, error) {
	var detail wire.DeviceDetail
	err := eventually(ctx, func() (err error) {
		if detail, err = p.client.Device(ctx, p.desktop.device); err != nil {
			return err
		}
		return expect(detail.ClientID != "", "%s was not joined to its WSUS computer", detail.Name)
	})
	if err != nil {
		return "", err
	}
	n := 0
	for c, err := range p.client.Computers(ctx, client.ComputerQuery{Search: DesktopName}) {
		if err != nil {
			return "", err
		}
		if n++; c.ID != p.desktop.device {
			return "", fmt.Errorf("%s is listed as a second machine, %d", c.Name, c.ID)
		}
	}
	both := detail.Facts["dns name"].Sources
	if err := expect(n == 1 && both["mdm"].Value == DesktopName && both["wsus"].Value == DesktopName, "%d machines are called %s, its name by source: %v", n, DesktopName, both); err != nil {
		return "", err
	}
	return fmt.Sprintf("the device %s and the WSUS computer %s are one machine, number %d, in %s; each fact keeps who said it",
		detail.Enrollment, detail.ClientID, detail.ID, strings.Join(detail.Groups, ", ")), nil
}
