package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/daemon/client"
	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// protocolQuestions are about the update protocol (MS-WUSP), one for each of its
// operations, and what comes with it.
func protocolQuestions() []question {
	log := "the log of sluice says more, with log.level = \"debug\" everything"
	all := []question{
		{"scan", "Computers cannot find out what they need.", log, (*exam).scanned},
	}
	for _, op := range []struct{ name, means string }{
		{"GetConfig", "Computers stop at the first step."},
		{"GetAuthorizationCookie", "Computers cannot log in."},
		{"GetCookie", "Computers cannot log in."},
		{"RegisterComputer", "Computers do not show up."},
		{"SyncUpdates", "Computers cannot find out what they need."},
		{"GetExtendedUpdateInfo", "Computers do not learn where files are."},
	} {
		all = append(all, question{op.name, op.means, log, func(e *exam, _ context.Context) (string, error) { return e.called(op.name) }})
	}
	all = append(all, []question{
		{"StartCategoryScan", "Scans that are limited to products fail.", log, (*exam).categoryScan},
		{"RefreshCache", "Computers do not recover after a restore.", log, (*exam).refresh},
		{"GetFileLocations", "Computers do not learn where files are.", log, (*exam).locations},
		{"GetExtendedUpdateInfo2", "Computers do not learn where files are.", log, (*exam).extended2},
		{"SyncPrinterCatalog", "The wizard that adds printers finds no drivers.", log, (*exam).printers},
		{"ReportEventBatch", "The appliance does not learn what computers have and lack.", log, (*exam).report},
		{"GetRequiredInventoryType", "Old computers cannot report.", log, (*exam).inventory},
		{"ReportInventory", "Old computers cannot report.", log, (*exam).reportInventory},
	}...)
	return append(append(all, plainQuestions()...), []question{
		{"payload file", "Computers cannot download, or get something else.",
			`"sluice updates list --missing" names what is not here; see whether content_dir can be read`, (*exam).payload},
		{"clean up", "The computer that the doctor played stays in the list.",
			`delete it: "sluice computers list" shows it as sluice-doctor`, (*exam).forget},
	}...)
}

func (e *exam) scanned(ctx context.Context) (string, error) {
	e.scan, e.scanErr = e.agent.Scan(ctx)
	if e.scanErr != nil {
		return "", e.scanErr
	}
	r := e.scan
	detail := fmt.Sprintf("%d requests in %s, %d revisions came, %d updates needed", len(r.Calls), r.Took.Round(time.Millisecond), r.New, len(r.Needed))
	if len(r.Remarks) > 0 {
		return "", warn("%s; but %s", detail, strings.Join(r.Remarks, "; "))
	}
	return detail, nil
}

// called says how an operation of the scan went.
func (e *exam) called(op string) (string, error) {
	var took time.Duration
	n, bytes := 0, int64(0)
	var err error
	for _, c := range e.scan.Calls {
		if c.Op == op {
			n, took, bytes, err = n+1, took+c.Took, bytes+c.Received, c.Err
		}
	}
	switch {
	case n == 0 && e.scanErr != nil:
		return "", skip("the scan did not come this far")
	case n == 0:
		return "", skip("nothing that a computer of this kind lacks, so it did not ask")
	case err != nil:
		return "", err
	}
	return fmt.Sprintf("answered %d times, %d bytes in %s", n, bytes, took.Round(100*time.Microsecond)), nil
}

// logged skips what cannot be asked without a login.
func (e *exam) logged() error {
	if e.scanErr != nil {
		return skip("the scan failed")
	}
	return nil
}

func (e *exam) categoryScan(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	a, err := agent.New(agent.Config{
		Server: e.URL, Machine: machine(), State: e.agent.State().Clone(), SkipDrivers: true, Caller: "sluice doctor",
		Transport: &agent.Transport{TLS: e.tls(), DialTimeout: answerTimeout},
		// No product has this id: nothing is looked for, only the operation.
		Categories: []update.ID{update.MustParseID("5117ced0-0000-4000-8000-0000000000ff")},
	})
	if err != nil {
		return "", err
	}
	r, err := a.Scan(ctx)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(r.Calls, func(c agent.Call) bool { return c.Op == "StartCategoryScan" }) {
		return "", errors.New("the server does not offer it")
	}
	return "answered", nil
}

func (e *exam) refresh(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	before := len(e.agent.State().Held)
	if err := e.agent.RefreshCache(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d revisions named again", len(e.agent.State().Held), before), nil
}

func (e *exam) locations(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	urls, err := e.agent.GetFileLocations(ctx, []update.Digest{unknownDigest()})
	if err != nil {
		return "", err
	}
	if len(urls) > 0 {
		return "", errors.New("a location came for a file that there is not")
	}
	return "answered; a file that there is not has no location", nil
}

// unknownDigest is a digest of nothing.
func unknownDigest() (d update.Digest) {
	for i := range d {
		d[i] = 0x51
	}
	return d
}

func (e *exam) extended2(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	var ids []update.Identity
	for i := range e.scan.Needed {
		if len(ids) < 10 {
			ids = append(ids, e.scan.Needed[i].Identity)
		}
	}
	if len(ids) == 0 {
		return "", skip("nothing that a computer of this kind lacks, so there is nothing to ask for")
	}
	urls, err := e.agent.GetExtendedUpdateInfo2(ctx, ids)
	return fmt.Sprintf("%d locations for %d updates", len(urls), len(ids)), err
}

func (e *exam) printers(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	n, err := e.agent.SyncPrinterCatalog(ctx)
	return fmt.Sprintf("answered, %d printer drivers", n), err
}

func (e *exam) report(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	n, err := e.agent.Report(ctx)
	return fmt.Sprintf("%d events taken", n), err
}

func (e *exam) inventory(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	kind, err := e.agent.RequiredInventoryType(ctx, update.MustParseID("5117ced0-0000-4000-8000-000000000001"), "1.0")
	return fmt.Sprintf("answered: type %d", kind), err
}

func (e *exam) reportInventory(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	return "answered", e.agent.ReportInventory(ctx, "<Inventory />")
}

// forget deletes the computer that was played.
func (e *exam) forget(ctx context.Context) (string, error) {
	if e.Control == nil {
		return "", skip("%s stays in the list of computers; without --url, on the machine of the appliance, it is deleted", machine().Computer.DNSName)
	}
	id := machine().Computer.ClientID
	for c, err := range e.Control.Computers(ctx, client.ComputerQuery{Search: machine().Computer.DNSName}) {
		if err != nil {
			return "", err
		}
		if strings.EqualFold(c.ClientID, id) {
			return "the computer of the doctor is deleted", e.Control.DeleteComputer(ctx, c.ID)
		}
	}
	return "", skip("the computer of the doctor is not in the list")
}
