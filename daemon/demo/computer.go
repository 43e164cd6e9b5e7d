package demo

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"sluice/daemon/client"
	"sluice/wsus/agent"
	"sluice/wsus/update"
)

const (
	computerID   = "5117ce00-0000-4000-8000-000000c0ffee"
	computerName = "harbor-01.demo.example"
)

// computer is the simulated computer of the story.
type computer struct {
	agent  *agent.Agent
	device int64             // as the appliance numbers it
	scan   *agent.ScanResult // the last one
}

func (p *play) firstScan(ctx context.Context) (string, error) {
	a, err := agent.New(agent.Config{
		Server:    p.Addresses.WSUSTLS,
		Machine:   Computer(update.MustParseID(computerID), computerName),
		Transport: &agent.Transport{TLS: &tls.Config{RootCAs: p.roots}},
	})
	if err != nil {
		return "", err
	}
	p.computer.agent = a
	if err := p.rescanned(ctx); err != nil {
		return "", err
	}
	r := p.computer.scan
	if err := expect(len(r.Needed) > 0 && len(p.approved()) == 0, "of %d needed updates %d are to be installed before any was approved", len(r.Needed), len(p.approved())); err != nil {
		return "", err
	}
	if _, err := a.Report(ctx); err != nil {
		return "", err
	}
	for c, err := range p.client.Computers(ctx, client.ComputerQuery{}) {
		if err != nil {
			return "", err
		}
		if c.ClientID == computerID {
			p.computer.device = c.ID
		}
	}
	if err := expect(p.computer.device != 0, "the appliance does not list the computer"); err != nil {
		return "", err
	}
	if err := p.client.AssignComputers(ctx, []int64{p.computer.device}, []string{groupName}); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s registered, %s; it lacks %d updates, none of them approved; put into %s", computerName, cost(r), len(r.Needed), groupName), nil
}

// rescanned scans.
func (p *play) rescanned(ctx context.Context) error {
	r, err := p.computer.agent.Scan(ctx)
	if err != nil {
		return err
	}
	if len(r.Remarks) > 0 {
		return fmt.Errorf("the computer remarks: %s", strings.Join(r.Remarks, "; "))
	}
	p.computer.scan = r
	return nil
}

func cost(r *agent.ScanResult) string {
	return fmt.Sprintf("%d requests, %s received", len(r.Calls), size(r.Received))
}

// approved returns the updates that the last scan found to be installed.
func (p *play) approved() []*agent.Update {
	var list []*agent.Update
	for i := range p.computer.scan.Needed {
		if u := &p.computer.scan.Needed[i]; u.Action == update.Install && !u.Pending {
			list = append(list, u)
		}
	}
	return list
}

// scanFor scans until so many updates are to be installed and the declined one
// is gone.
func (p *play) scanFor(ctx context.Context, want int) error {
	declined, err := p.find(ctx, timeZoneKB)
	if err != nil {
		return err
	}
	return eventually(ctx, func() error {
		if err := p.rescanned(ctx); err != nil {
			return err
		}
		if slices.ContainsFunc(p.computer.scan.Needed, func(u agent.Update) bool { return u.ID == declined.UpdateID }) {
			return fmt.Errorf("the computer still sees %q, which was declined", declined.Title)
		}
		got := len(p.approved())
		return expect(got == want, "%d updates are to be installed, not %d", got, want)
	})
}

func (p *play) secondScan(ctx context.Context) (string, error) {
	if err := p.scanFor(ctx, 2); err != nil {
		return "", err
	}
	r := p.computer.scan
	return fmt.Sprintf("%s; 2 updates to install, %d reported only", cost(r), len(r.Needed)-2), nil
}

func (p *play) download(ctx context.Context) (string, error) {
	files, requests, bytes := 0, 0, int64(0)
	for _, u := range p.approved() {
		d, err := p.computer.agent.Download(ctx, u)
		if err != nil {
			return "", err
		}
		files, requests, bytes = files+d.Files, requests+d.Requests, bytes+d.Bytes
	}
	return fmt.Sprintf("%d files, %s, in %d ranges; SHA-1 and SHA-256 verified", files, size(bytes), requests), expect(files > 0, "there was nothing to download")
}

func (p *play) install(ctx context.Context) (string, error) {
	var titles []string
	for _, u := range p.approved() {
		if _, err := p.computer.agent.Install(ctx, u); err != nil {
			return "", err
		}
		titles = append(titles, fmt.Sprintf("%q", u.Title))
	}
	return strings.Join(titles, " and "), nil
}

func (p *play) report(ctx context.Context) (string, error) {
	n, err := p.computer.agent.Report(ctx)
	return fmt.Sprintf("%d events taken", n), err
}

func (p *play) rescan(ctx context.Context) (string, error) {
	if err := p.rescanned(ctx); err != nil {
		return "", err
	}
	left := len(p.approved())
	return cost(p.computer.scan) + "; nothing is left to install", expect(left == 0, "%d updates are still to be installed", left)
}

func (p *play) finish(ctx context.Context) (string, error) {
	if err := p.scanFor(ctx, 2); err != nil {
		return "", err
	}
	for _, step := range []func(context.Context) (string, error){p.download, p.install, p.rescan, p.report} {
		if _, err := step(ctx); err != nil {
			return "", err
		}
	}
	p.computer.agent.QueueStatus()
	_, err := p.computer.agent.Report(ctx)
	return fmt.Sprintf("the two updates that waited are installed; %d updates are installed, %d needed and not approved", len(p.computer.scan.Installed), len(p.computer.scan.Needed)), err
}
