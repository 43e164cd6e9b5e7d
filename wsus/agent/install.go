package agent

import (
	"context"
	"time"

	"sluice/wsus/update"
)

// Outcome is how a simulated installation ends.
type Outcome uint8

// The outcomes.
const (
	AsDescribed  Outcome = iota // succeeds; waits for a restart if the update always needs one
	Succeeds                    // at once
	NeedsRestart                // succeeds with the next restart
	Fails
)

// Due reports whether the update must be installed by now: it has a deadline and
// that is past.
func (u *Update) Due(now time.Time) bool { return !u.Deadline.IsZero() && !now.Before(u.Deadline) }

// Install simulates what the deployment asks of the update, installation or
// removal, and queues the events of it. It refuses what is not approved, not
// downloaded, or whose license terms are not accepted. The outcome is what came
// of it; with Fails comes an error.
func (a *Agent) Install(ctx context.Context, u *Update) (Outcome, error) {
	const op = "Install"
	if err := ctx.Err(); err != nil {
		return Fails, err
	}
	h := a.state.held(u.Revision)
	if h == nil || h.Core.Identity != u.Identity {
		return Fails, fail(op, hrNotApplicable, "%s is not held any more", u.Identity)
	}
	switch h.Deployment.Action {
	case update.Uninstall:
		return a.uninstall(u, h)
	case update.Install, update.OptionalInstall:
	default:
		return Fails, fail(op, hrNotApplicable, "%s is deployed to %s, not to be installed", u.Identity, h.Deployment.Action)
	}
	if h.Verdict != Needed {
		return Fails, fail(op, hrNotApplicable, "%s is installed already, or does not apply", u.Identity)
	}
	if !u.EulaID.IsZero() && a.cfg.Eula != nil && !a.cfg.Eula(u.EulaID) {
		return Fails, fail(op, hrEulaDeclined, "%s asks for %s", u.Identity, u.EulaID)
	}
	if len(u.Files) > 0 && !h.Downloaded {
		return Fails, fail(op, hrNotDownloaded, "%s", u.Identity)
	}
	a.queueUpdate(eventInstallStarted, u, 0, detail{b: -1, install: true})
	outcome := a.outcome(u)
	switch outcome {
	case Fails:
		a.queueUpdate(eventInstallFailed, u, hrInstallFailed, detail{b: -1, install: true, done: true})
		return Fails, fail(op, hrInstallFailed, "%s", u.Identity)
	case NeedsRestart:
		a.queueUpdate(eventInstallPending, u, hrRestartRequired, detail{b: -1, install: true, done: true})
	default:
		a.queueUpdate(eventInstalled, u, 0, detail{b: -1, install: true, done: true})
	}
	a.record(u.Revision, outcome == NeedsRestart)
	for _, id := range u.Parts {
		a.record(id, outcome == NeedsRestart)
	}
	a.evaluate()
	return outcome, nil
}

func (a *Agent) outcome(u *Update) Outcome {
	outcome := AsDescribed
	if a.cfg.Outcome != nil {
		outcome = a.cfg.Outcome(u.Identity)
	}
	if outcome != AsDescribed {
		return outcome
	}
	for _, id := range u.Parts {
		if p := a.state.held(id); p != nil && p.Extended != nil && p.Extended.RebootBehavior == "AlwaysRequiresReboot" {
			return NeedsRestart
		}
	}
	return Succeeds
}

func (a *Agent) record(id update.RevisionID, pending bool) {
	h := a.state.held(id)
	if h == nil {
		return
	}
	a.set(h.Core.Identity, Installation{Number: h.Core.Number, At: a.cfg.Now().UTC(), Pending: pending})
}

func (a *Agent) set(id update.Identity, in Installation) {
	if a.state.Installed == nil {
		a.state.Installed = make(map[update.ID]Installation)
	}
	a.state.Installed[id.ID] = in
}

func (a *Agent) uninstall(u *Update, h *Held) (Outcome, error) {
	if h.Verdict != IsInstalled {
		return Fails, fail("Install", hrNotApplicable, "%s is to be removed, but not installed", u.Identity)
	}
	a.queueUpdate(eventUninstallStarted, u, 0, detail{b: -1, install: true})
	removed := Installation{Number: h.Core.Number, At: a.cfg.Now().UTC(), Removed: true}
	a.set(h.Core.Identity, removed)
	for _, group := range h.Core.Bundles {
		for _, id := range group {
			if _, ok := a.state.Installed[id.ID]; ok {
				removed.Number = id.Number
				a.set(id, removed)
			}
		}
	}
	a.queueUpdate(eventUninstalled, u, 0, detail{b: -1, install: true, done: true})
	a.evaluate()
	return Succeeds, nil
}

// Reboot simulates a restart: what waited for one is installed now.
func (a *Agent) Reboot() {
	any := false
	m := a.state.members()
	for _, h := range m {
		in := a.state.Installed[h.Core.ID]
		if in.Pending && h.reported() {
			u := a.describe(h, m)
			a.queueUpdate(eventInstalledByReboot, &u, 0, detail{b: -1, install: true, done: true})
		}
	}
	for id, in := range a.state.Installed {
		if in.Pending {
			in.Pending, any = false, true
			a.state.Installed[id] = in
		}
	}
	if any {
		a.queue(eventRebooted, update.Identity{}, 0, nil, detail{b: -1, evaluated: -1})
	}
	a.evaluate()
}

// evaluate judges anew outside of a scan.
func (a *Agent) evaluate() {
	a.state.judged = false
	a.state.evaluate(a.cfg.Machine.Facts, a.cfg.Library, make(map[string]int))
}
