package agent

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Load is many sessions of many devices, for a bench.
type Load struct {
	Agents  []*Agent // at least Workers; each is used by one goroutine at a time
	Count   int      // sessions in all; they go round the agents
	Workers int      // at the same time; 0 means 1
	Manner  *Manner  // of each session; nil: as usual
}

// Measure is what a load took.
type Measure struct {
	Count, Failed      int
	Messages           int // of devices
	Sent, Received     int64
	Took               time.Duration
	P50, P90, P99, Max time.Duration // of one session, handshake and all
	Err                error         // the first failure
}

// PerSecond is how many sessions were completed in a second.
func (m *Measure) PerSecond() float64 {
	if m.Took <= 0 {
		return 0
	}
	return float64(m.Count-m.Failed) / m.Took.Seconds()
}

// Run runs the sessions. It returns early, with what was done, when ctx ends.
func (l *Load) Run(ctx context.Context) (Measure, error) {
	workers := max(1, l.Workers)
	if len(l.Agents) < workers {
		return Measure{}, errors.New("agent: fewer agents than workers")
	}
	var (
		mu   sync.Mutex
		m    Measure
		took []time.Duration
		next atomic.Int64
		wg   sync.WaitGroup
	)
	start := time.Now()
	for w := range workers {
		wg.Go(func() {
			// A worker has agents of its own: an agent is for one goroutine.
			for i := w; ctx.Err() == nil && next.Add(1) <= int64(l.Count); i += workers {
				if i >= len(l.Agents) {
					i = w
				}
				s, err := l.Agents[i].Poll(ctx, l.Manner)
				mu.Lock()
				m.Count++
				m.Messages += s.Messages
				m.Sent, m.Received = m.Sent+s.Sent, m.Received+s.Received
				took = append(took, s.Took)
				if err != nil {
					m.Failed++
					if m.Err == nil {
						m.Err = err
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	m.Took = time.Since(start)
	slices.Sort(took)
	if n := len(took); n > 0 {
		at := func(p float64) time.Duration { return took[min(n-1, int(p*float64(n)))] }
		m.P50, m.P90, m.P99, m.Max = at(0.50), at(0.90), at(0.99), took[n-1]
	}
	return m, ctx.Err()
}
