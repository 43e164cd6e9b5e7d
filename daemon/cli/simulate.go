package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/daemon/doctor"
	"sluice/daemon/simulate"
	"sluice/wsus/agent"
)

// simulateFlags are the flags of sluice simulate.
type simulateFlags struct {
	target      doctorFlags // --url, --ca
	insecure    bool
	count       int
	name        string
	machine     string
	state       string
	install     bool
	replay      bool
	requests    int
	connections int
}

func newSimulate(a *app) *cobra.Command {
	var s simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Play Windows computers, or devices that enrol, against an appliance",
		Long: "Plays computers that register, scan, report and, with --install, download, verify\n" +
			"and install what is approved; nothing is installed anywhere. Without --url it is\n" +
			"the running appliance of the data folder. Exits with 1 if a computer fails.\n\n" +
			"With --replay one computer scans, and then the requests that scans are made of are\n" +
			"sent as prepared bytes, over and over, to measure what each costs the server.",
		Example: "  sluice simulate --install --state computers.json\n" +
			"  sluice simulate --url https://updates.example:8531 --ca root.pem --count 100\n" +
			"  sluice simulate --replay --requests 5000 --connections 8",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.simulate(cmd.Context(), &s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.target.url, "url", "", "`URL` of the update server (default the running appliance)")
	f.StringVar(&s.target.ca, "ca", "", "`FILE` with the root that computers trust, PEM (default those of this machine)")
	f.BoolVar(&s.insecure, "insecure", false, "take any certificate")
	f.IntVar(&s.count, "count", 1, "how many computers")
	f.StringVar(&s.name, "name", "simulated", "`PREFIX` of their names")
	f.StringVar(&s.machine, "machine", simulate.Machines()[0], "what they are: "+strings.Join(simulate.Machines(), ", "))
	f.StringVar(&s.state, "state", "", "`FILE` that keeps what they remember between runs")
	f.BoolVar(&s.install, "install", false, "download and install what is approved")
	f.BoolVar(&s.replay, "replay", false, "measure with prepared requests")
	f.IntVar(&s.requests, "requests", 1000, "how many requests of each kind, with --replay")
	f.IntVar(&s.connections, "connections", 4, "how many computers, or requests with --replay, at a time")
	cmd.AddCommand(newSimulateDevices(a))
	return cmd
}

// check refuses flags that make no sense.
func (s *simulateFlags) check() error {
	switch {
	case s.insecure && s.target.ca != "":
		return usageError(errors.New("--insecure and --ca exclude each other"), "")
	case s.replay && (s.install || s.state != "" || s.count != 1):
		return usageError(errors.New("--replay goes with none of --install, --state, --count"), "")
	case s.count < 1 || s.count > simulate.MaxCount:
		return usageError(fmt.Errorf("--count is 1 to %d", simulate.MaxCount), "")
	case s.requests < 1 || s.connections < 1 || s.connections > 1000:
		return usageError(errors.New("--requests is at least 1, --connections 1 to 1000"), "")
	}
	if _, err := simulate.Machine(s.machine, "x"); err != nil {
		return usageError(fmt.Errorf("--machine: %w", err), "")
	}
	return nil
}

func (a *app) simulate(ctx context.Context, s *simulateFlags) error {
	if err := s.check(); err != nil {
		return err
	}
	target, done, err := a.patient(ctx, s.target)
	if err != nil {
		return err
	}
	defer done()
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: target.Roots, InsecureSkipVerify: s.insecure}
	if len(target.Names) > 0 {
		cfg.ServerName = target.Names[0]
	}
	transport := &agent.Transport{TLS: cfg, MaxIdle: s.connections + 1}
	defer transport.CloseIdle()
	log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if s.replay {
		return a.replay(ctx, s, target, transport, log)
	}
	fleet := &simulate.Fleet{
		Server: target.URL, Transport: transport, Machine: s.machine, Prefix: s.name, Count: s.count,
		AtOnce: s.connections, Install: s.install, Log: log,
	}
	return a.fleet(ctx, fleet, s.state)
}

// simulation is what sluice simulate --json prints.
type simulation struct {
	OK        bool                 `json:"ok"`
	Total     *simulate.Total      `json:"total"`
	Computers []*simulate.Computer `json:"computers"`
}

// shownComputers is up to how many computers are shown to people one by one.
const shownComputers = 20

func (a *app) fleet(ctx context.Context, fleet *simulate.Fleet, state string) (err error) {
	if state != "" {
		if fleet.States, err = simulate.LoadStates(state); err != nil {
			return err
		}
	}
	out := simulation{Total: simulate.NewTotal(), Computers: []*simulate.Computer{}}
	err = fleet.Run(ctx, func(c *simulate.Computer) {
		out.Total.Add(c)
		out.Computers = append(out.Computers, c)
	})
	if state != "" {
		// What was learnt until an interruption is kept too.
		err = errors.Join(err, simulate.SaveStates(state, fleet.States))
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	slices.SortFunc(out.Computers, func(a, b *simulate.Computer) int { return strings.Compare(a.Name, b.Name) })
	out.OK = out.Total.Failed == 0
	if a.json {
		err = writeJSON(a.stdout, out)
	} else {
		err = a.showFleet(&out)
	}
	if err == nil && !out.OK {
		err = fmt.Errorf("%d of %d computers failed", out.Total.Failed, out.Total.Computers)
	}
	return err
}

func (a *app) showFleet(s *simulation) error {
	var rows [][]string
	for _, c := range s.Computers {
		if c.Error != "" || len(s.Computers) <= shownComputers {
			what := c.Error
			if what == "" {
				what = strings.Join(c.Remarks, "; ")
			}
			rows = append(rows, []string{
				c.Name, strconv.Itoa(c.Trips), size(c.Received), strconv.Itoa(c.Installed), strconv.Itoa(c.Needed),
				strconv.Itoa(c.ToInstall), strconv.Itoa(len(c.Applied)), size(c.Payload), what,
			})
		}
	}
	if len(rows) > 0 {
		head := []string{"COMPUTER", "TRIPS", "RECEIVED", "INSTALLED", "NEEDED", "TO INSTALL", "APPLIED", "PAYLOAD", "REMARKS"}
		if err := table(a.stdout, head, rows); err != nil {
			return err
		}
	}
	t := s.Total
	return a.told("%s, %d failed; %s, %s received, %s applied, %s taken, in %s",
		count(t.Computers, "computer"), t.Failed, count(t.Requests, "request"), size(t.Received+t.Payload),
		count(t.Applied, "update"), count(t.Events, "event"), time.Duration(t.Seconds*float64(time.Second)).Round(time.Millisecond))
}

// replay measures the server.
func (a *app) replay(ctx context.Context, s *simulateFlags, target doctor.Patient, transport *agent.Transport, log *slog.Logger) error {
	r := &simulate.Replay{
		Server: target.URL, Transport: transport, Machine: s.machine, Name: s.name,
		Requests: s.requests, Connections: s.connections, Log: log,
	}
	if target.Admin != "" {
		admin := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: transport.TLS}}
		defer admin.CloseIdleConnections()
		r.CPU = simulate.CPUOf(admin, target.Admin)
	}
	costs := []*simulate.Cost{}
	if err := r.Run(ctx, func(c *simulate.Cost) { costs = append(costs, c) }); err != nil {
		return err
	}
	failed := 0
	var rows [][]string
	for _, c := range costs {
		failed += c.Failed
		cpu := "-"
		if c.CPU > 0 {
			cpu = fmt.Sprintf("%.3f ms", c.CPU)
		}
		rows = append(rows, []string{
			c.Request, strconv.Itoa(c.Count), strconv.Itoa(c.Failed), fmt.Sprintf("%.0f", c.PerSecond),
			fmt.Sprintf("%.2f ms", c.P50), fmt.Sprintf("%.2f ms", c.P99), cpu, size(c.Received),
		})
	}
	var err error
	if a.json {
		err = writeJSON(a.stdout, costs)
	} else {
		err = table(a.stdout, []string{"REQUEST", "SENT", "FAILED", "PER SECOND", "P50", "P99", "SERVER CPU", "ANSWER"}, rows)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d requests failed", failed)
	}
	return err
}
