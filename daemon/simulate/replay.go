package simulate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"sluice/wsus/agent"
)

// Replay measures a server with prepared requests.
type Replay struct {
	Server      string
	Transport   *agent.Transport
	Machine     string // one of [Machines]
	Name        string // of the computer that sends them
	Requests    int    // of each kind
	Connections int    // at a time
	// CPU reads the seconds of processor time that the server has used; nil where
	// that is not known.
	CPU func(context.Context) (float64, error)
	Log *slog.Logger
}

// Cost is what one kind of request costs.
type Cost struct {
	Request     string  `json:"request"`
	Count       int     `json:"count"`
	Failed      int     `json:"failed"` // not answered with 200
	PerSecond   float64 `json:"per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	Max         float64 `json:"max_ms"`
	CPU         float64 `json:"cpu_ms,omitempty"` // of the server, for one request; absent where not known
	Received    int64   `json:"received"`         // bytes of one answer
	Connections int     `json:"connections"`
}

// Run has a computer scan and then sends requests of every kind that a scan is
// made of, over and over, and calls each with what they cost. Reports are always
// the same one, which a server takes once and then knows.
func (r *Replay) Run(ctx context.Context, each func(*Cost)) error {
	m, err := Machine(r.Machine, r.Name)
	if err != nil {
		return err
	}
	a, err := agent.New(agent.Config{Server: r.Server, Machine: m, Transport: r.Transport, Caller: "sluice simulate", Log: r.Log})
	if err != nil {
		return err
	}
	if _, err := a.Scan(ctx); err != nil {
		return err
	}
	p, err := a.Prepare()
	if err != nil {
		return err
	}
	for _, q := range []struct {
		name    string
		request agent.Request
	}{
		{"first round of a first scan", p.First}, {"later scan", p.Again}, {"driver pass", p.Drivers},
		{"extended information", p.Extended}, {"report", p.Report},
	} {
		if len(q.request.Bytes) == 0 {
			continue // nothing is needed, so there is nothing to ask for
		}
		c, err := r.measure(ctx, q.request)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		c.Request = q.name
		each(c)
	}
	return nil
}

func (r *Replay) measure(ctx context.Context, q agent.Request) (*Cost, error) {
	before, known, err := r.cpu(ctx)
	if err != nil {
		return nil, err
	}
	m, err := (&agent.Replay{Transport: r.Transport, Requests: []agent.Request{q}, Count: r.Requests, Connections: r.Connections}).Run(ctx)
	if err != nil {
		return nil, err
	}
	after, _, err := r.cpu(ctx)
	if err != nil {
		return nil, err
	}
	c := &Cost{
		Count: m.Count, Failed: m.Failed, PerSecond: m.PerSecond(), Connections: r.Connections,
		P50: m.P50.Seconds() * 1000, P99: m.P99.Seconds() * 1000, Max: m.Max.Seconds() * 1000, Received: m.Received / int64(m.Count),
	}
	if known {
		c.CPU = (after - before) * 1000 / float64(m.Count)
	}
	return c, nil
}

func (r *Replay) cpu(ctx context.Context) (seconds float64, known bool, err error) {
	if r.CPU == nil {
		return 0, false, nil
	}
	seconds, err = r.CPU(ctx)
	return seconds, err == nil, err
}

// maxMetrics bounds what is read of an answer with metrics.
const maxMetrics = 4 << 20

// CPUOf returns a reader of the processor time of the appliance whose admin door
// is at url, from its metrics.
func CPUOf(c *http.Client, url string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(url, "/")+"/metrics", nil)
		if err != nil {
			return 0, err
		}
		resp, err := c.Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("%s: %s", req.URL, resp.Status)
		}
		lines := bufio.NewScanner(io.LimitReader(resp.Body, maxMetrics))
		for lines.Scan() {
			if v, ok := strings.CutPrefix(lines.Text(), "process_cpu_seconds_total "); ok {
				return strconv.ParseFloat(v, 64)
			}
		}
		return 0, errors.Join(lines.Err(), fmt.Errorf("%s does not tell the processor time", req.URL))
	}
}
