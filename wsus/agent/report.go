package agent

import (
	"context"

	"sluice/wsus/update"
)

// Report sends the queued events and returns how many the server took. Events
// of a batch that failed stay queued, with the same EventInstanceIDs, as with a
// native agent.
func (a *Agent) Report(ctx context.Context) (int, error) {
	sent := 0
	for len(a.state.Events) > 0 {
		batch := a.state.Events[:min(len(a.state.Events), a.cfg.Limits.Batch)]
		if err := a.report(ctx, batch); err != nil {
			return sent, err
		}
		a.lastBatch = batch
		a.state.Events = a.state.Events[len(batch):]
		sent += len(batch)
	}
	a.state.Events = nil
	return sent, nil
}

// Resend sends the last batch once more, unchanged, as a client does that did
// not see the answer: a server must not count it twice.
func (a *Agent) Resend(ctx context.Context) (int, error) {
	if len(a.lastBatch) == 0 {
		return 0, nil
	}
	return len(a.lastBatch), a.report(ctx, a.lastBatch)
}

func (a *Agent) report(ctx context.Context, batch []update.Event) error {
	const op = "ReportEventBatch"
	n, err := a.ask(ctx, reportService, op, func() []byte {
		return reportEventBatch(a.state.Cookie, a.cfg.Now(), &a.cfg.Machine, batch)
	})
	return confirmed(op, n, err)
}
