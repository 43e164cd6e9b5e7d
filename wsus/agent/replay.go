package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/wsus/update"
)

// maxReplay bounds the requests of one replay: their latencies are kept.
const maxReplay = 10_000_000

// Replay sends prepared requests over and over, without parsing the answers, so
// that what is measured is the server.
type Replay struct {
	Transport   *Transport // nil: one of its own
	Requests    []Request  // sent in turn
	Count       int        // how many to send in all
	Connections int        // how many at a time; 0: 1
	Limit       int64      // bytes of one answer; 0: 64 MiB
}

// Measure is what a replay measured.
type Measure struct {
	Count    int
	Failed   int   // other than status 200
	Sent     int64 // bytes
	Received int64
	Took     time.Duration
	// Latencies of single requests, from the first byte sent to the last one read.
	P50, P90, P99, Max time.Duration
}

// PerSecond returns requests per second.
func (m *Measure) PerSecond() float64 {
	if m.Took <= 0 {
		return 0
	}
	return float64(m.Count) / m.Took.Seconds()
}

// Run sends the requests. It stops at the first request without an answer.
func (r *Replay) Run(ctx context.Context) (*Measure, error) {
	if len(r.Requests) == 0 || r.Count < 1 || r.Count > maxReplay {
		return nil, fmt.Errorf("replay: %d of %d requests", r.Count, len(r.Requests))
	}
	t := r.Transport
	if t == nil {
		t = &Transport{MaxIdle: r.Connections + 1}
		defer t.CloseIdle()
	}
	limit := r.Limit
	if limit == 0 {
		limit = 64 << 20
	}
	took := make([]time.Duration, r.Count)
	var next, failed, sent, received atomic.Int64
	start := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, r.Connections) {
		g.Go(func() error {
			for {
				i := next.Add(1) - 1
				if i >= int64(r.Count) {
					return nil
				}
				q := &r.Requests[i%int64(len(r.Requests))]
				began := time.Now()
				var x *exchange
				err := t.do(ctx, endpoint{q.Addr, q.TLS}, q.Bytes, limit, func(e *exchange) error {
					x = e
					_, err := io.Copy(io.Discard, e.Body)
					return err
				})
				if err != nil {
					return fmt.Errorf("replay %s: %w", q.Op, err)
				}
				took[i] = time.Since(began)
				sent.Add(int64(len(q.Bytes)))
				received.Add(x.wire)
				if x.StatusCode != http.StatusOK {
					failed.Add(1)
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	m := &Measure{Count: r.Count, Failed: int(failed.Load()), Sent: sent.Load(), Received: received.Load(), Took: time.Since(start)}
	slices.Sort(took)
	at := func(percent int) time.Duration { return took[(len(took)-1)*percent/100] }
	m.P50, m.P90, m.P99, m.Max = at(50), at(90), at(99), took[len(took)-1]
	return m, nil
}

// Prepared writes requests that a finished scan would send again, for [Replay]:
// a first scan's first round, a later scan's only round, its driver pass,
// extended information of what is needed (zero where nothing is), and a report of
// status. They carry the agent's cookie and are good as long as that is.
type Prepared struct {
	First, Again, Drivers, Extended, Report Request
}

// Prepare returns the requests for a replay; a scan must have succeeded.
func (a *Agent) Prepare() (*Prepared, error) {
	if a.state.Config == nil || a.state.Cookie.Data == "" {
		return nil, errors.New("agent: prepare: no scan was done")
	}
	a.evaluate()
	again := syncRequest{
		cookie: a.state.Cookie, device: a.device, caller: a.caller, products: a.cfg.Machine.Products,
	}
	first := again
	again.installed, again.other, again.drivers = a.state.lists()
	drivers := again
	drivers.machine = &a.cfg.Machine
	var ids []update.RevisionID
	for i := range a.state.Held {
		if h := &a.state.Held[i]; h.Extended != nil && len(ids) < a.state.Config.MaxExtended {
			ids = append(ids, h.ID)
		}
	}
	m := &a.cfg.Machine
	extended := getExtendedUpdateInfo(a.state.Cookie, ids, m.Locales, a.device, m.GeoID, a.caller)
	queued := a.state.Events
	a.state.Events = nil
	a.QueueStatus()
	report := reportEventBatch(a.state.Cookie, a.cfg.Now(), m, a.state.Events)
	a.state.Events = queued

	p := &Prepared{}
	for _, q := range []struct {
		to      *Request
		service service
		op      string
		body    []byte
	}{
		{&p.First, clientService, "SyncUpdates", syncUpdates(&first)},
		{&p.Again, clientService, "SyncUpdates", syncUpdates(&again)},
		{&p.Drivers, clientService, "SyncUpdates", syncUpdates(&drivers)},
		{&p.Extended, clientService, "GetExtendedUpdateInfo", extended},
		{&p.Report, reportService, "ReportEventBatch", report},
	} {
		if q.to == &p.Extended && len(ids) == 0 {
			continue
		}
		var err error
		if *q.to, err = a.prepare(q.service, a.address(q.service), q.op, q.body); err != nil {
			return nil, fmt.Errorf("agent: prepare: %w", err)
		}
	}
	return p, nil
}
