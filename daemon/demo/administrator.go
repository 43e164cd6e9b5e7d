package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	humanize "github.com/dustin/go-humanize"

	"sluice/catalogimport"
	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

// groupName is the group that the story approves updates for.
const groupName = "Harbor servers"

// load imports one medium.
func (p *play) load(ctx context.Context, path string, unsigned bool) (*catalogimport.Report, *wire.Error, error) {
	var report *catalogimport.Report
	var refused *wire.Error
	err := p.client.Import(ctx, wire.Import{Paths: []string{path}, AcceptUnsigned: unsigned}, func(e *wire.ImportEvent) error {
		if e.Report != nil {
			report, refused = e.Report, e.Error
		}
		return nil
	})
	if err == nil && report == nil {
		err = fmt.Errorf("no report came about %s", path)
	}
	return report, refused, err
}

// importMedium imports a medium that must be taken as it is.
func (p *play) importMedium(ctx context.Context, path string) (string, error) {
	r, refused, err := p.load(ctx, path, true)
	switch {
	case err != nil:
		return "", err
	case refused != nil:
		return "", fmt.Errorf("%s: %s", path, refused.Message)
	case len(r.Refused) > 0:
		return "", fmt.Errorf("%s: %s: %s", path, r.Refused[0].Item, r.Refused[0].Reason)
	}
	return fmt.Sprintf("%s (%s): %d revisions, %d of them new, %d files stored (%s)", path, r.Format, r.Revisions, r.New, r.Files, size(r.Bytes)), nil
}

func (p *play) importDocuments(ctx context.Context) (string, error) {
	detail, err := p.importMedium(ctx, p.Media.Documents)
	if err != nil {
		return "", err
	}
	again, _, err := p.load(ctx, p.Media.Documents, true)
	if err != nil {
		return "", err
	}
	return detail + "; once more: nothing new", expect(again.New == 0, "the same folder brought %d new revisions when imported again", again.New)
}

func (p *play) importPackage(ctx context.Context) (string, error) {
	detail, err := p.importMedium(ctx, p.Media.Package)
	if err != nil {
		return "", err
	}
	u, err := p.find(ctx, packageKB)
	if err != nil {
		return "", err
	}
	return detail, expect(u.Local && u.FilesMissing == 0, "KB%s: local %v, %d files missing", packageKB, u.Local, u.FilesMissing)
}

func (p *play) refuseUnsigned(ctx context.Context) (string, error) {
	_, refused, err := p.load(ctx, p.Media.Export, false)
	if err != nil {
		return "", err
	}
	if err := expect(refused != nil && refused.Code == wire.Refused, "an unsigned export was not refused"); err != nil {
		return "", err
	}
	return "an export nobody signed is not taken unasked: " + refused.Message, nil
}

// find returns the update with a KB article that can be approved.
func (p *play) find(ctx context.Context, kb string) (wire.Update, error) {
	for u, err := range p.client.Updates(ctx, client.UpdateQuery{KB: kb}) {
		if err != nil || u.Deployable {
			return u, err
		}
	}
	return wire.Update{}, fmt.Errorf("no update has the number KB%s", kb)
}

func (p *play) createGroup(ctx context.Context) (string, error) {
	g, err := p.client.CreateGroup(ctx, groupName, "")
	return fmt.Sprintf("%q, below All Computers", g.Name), err
}

// approveKB approves an update for the group and returns its state.
func (p *play) approveKB(ctx context.Context, kb string) (wire.Update, string, error) {
	u, err := p.find(ctx, kb)
	if err != nil {
		return u, "", err
	}
	a, err := p.client.Approve(ctx, u.UpdateID, groupName, wire.Approve{Action: "install"})
	return u, a.State, err
}

func (p *play) approve(ctx context.Context) (string, error) {
	var titles []string
	for _, kb := range []string{cumulativeKB, packageKB} {
		u, state, err := p.approveKB(ctx, kb)
		if err != nil {
			return "", err
		}
		if err := expect(state == wire.Offered, "KB%s is %s after its approval", kb, state); err != nil {
			return "", err
		}
		titles = append(titles, fmt.Sprintf("%q", u.Title))
	}
	return strings.Join(titles, " and ") + " for " + groupName + ": offered", nil
}

func (p *play) waitForFile(ctx context.Context) (string, error) {
	var details []string
	for _, kb := range []string{reliabilityKB, craneKB} {
		u, state, err := p.approveKB(ctx, kb)
		if err != nil {
			return "", err
		}
		if err := expect(state == wire.Waiting, "KB%s is %s after its approval", kb, state); err != nil {
			return "", err
		}
		why := "its license is not accepted"
		if u.FilesMissing > 0 {
			why = fmt.Sprintf("%d of its files (%s) is not here", u.FilesMissing, size(u.BytesMissing))
		}
		details = append(details, fmt.Sprintf("%q is approved and waits: %s", u.Title, why))
	}
	return strings.Join(details, "; "), nil
}

func (p *play) decline(ctx context.Context) (string, error) {
	u, err := p.find(ctx, timeZoneKB)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%q: no computer sees it any more", u.Title), p.client.Decline(ctx, u.UpdateID)
}

func (p *play) bringFile(ctx context.Context) (string, error) {
	detail, err := p.importMedium(ctx, p.Media.Export)
	if err != nil {
		return "", err
	}
	return detail + "; the approval that waited is offered now", p.offered(ctx, reliabilityKB)
}

func (p *play) acceptLicense(ctx context.Context) (string, error) {
	u, err := p.find(ctx, craneKB)
	if err != nil {
		return "", err
	}
	if err := p.client.AcceptEula(ctx, u.UpdateID); err != nil {
		return "", err
	}
	return fmt.Sprintf("of %q; it is offered now", u.Title), p.offered(ctx, craneKB)
}

// offered waits until the approval of an update waits no more.
func (p *play) offered(ctx context.Context, kb string) error {
	state := ""
	return eventually(ctx, func() error {
		u, err := p.find(ctx, kb)
		if err == nil && len(u.Approved) == 1 {
			state = u.Approved[0].State
		}
		if err != nil {
			return err
		}
		return expect(state == wire.Offered, "the approval of KB%s is still %q", kb, state)
	})
}

// settle is how long a change may take until computers see it.
const settle = 15 * time.Second

// eventually tries again until it works, because a change reaches computers
// within a second and not at once.
func eventually(ctx context.Context, try func() error) error {
	limit := time.Now().Add(settle)
	for {
		err := try()
		if err == nil || time.Now().After(limit) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// size writes bytes for people.
func size(n int64) string { return humanize.IBytes(uint64(n)) }
