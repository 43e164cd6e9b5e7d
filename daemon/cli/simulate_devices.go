package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/daemon/simulate"
	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
)

// deviceFlags are the flags of sluice simulate devices.
type deviceFlags struct {
	target      doctorFlags // --url, --ca
	token       string
	count       int
	name        string
	machine     string
	state       string
	install     bool
	connections int
}

func newSimulateDevices(a *app) *cobra.Command {
	var s deviceFlags
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "Play Windows desktops that enrol and update where they are told to",
		Long: "Plays desktops that enrol with a token, poll, apply what they are told, scan at the\n" +
			"update server that they were given, report there, and poll again; with --install\n" +
			"they download, verify and install what is approved; nothing is installed anywhere.\n" +
			"Without --url it is the running appliance of the data folder. Each desktop makes a\n" +
			"key of its own, which takes a moment: no key enrols twice. With --state they stay\n" +
			"enrolled from run to run. Exits with 1 if a desktop fails.\n\n" +
			"They scan at the name that the appliance gives them, which must resolve here.",
		Example: "  sluice simulate devices --token KG7M-... --count 10 --install --state desktops.json\n" +
			"  sluice simulate devices --state desktops.json --count 10\n" +
			"  sluice simulate devices --url https://updates.example --ca root.pem --token KG7M-...",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.simulateDevices(cmd.Context(), &s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.target.url, "url", "", "`URL` of the management door, or NAME@DOMAIN as a person types it (default the running appliance)")
	f.StringVar(&s.target.ca, "ca", "", "`FILE` with the root that desktops trust, PEM (default those of this machine)")
	f.StringVar(&s.token, "token", "", "enrollment `TOKEN`, good for all that are not enrolled yet")
	f.IntVar(&s.count, "count", 1, "how many desktops")
	f.StringVar(&s.name, "name", "desktop", "`PREFIX` of their names")
	f.StringVar(&s.machine, "machine", simulate.Clients()[0], "what they are: "+strings.Join(simulate.Clients(), ", "))
	f.StringVar(&s.state, "state", "", "`FILE` that keeps what they remember between runs, private keys included")
	f.BoolVar(&s.install, "install", false, "download and install what is approved")
	f.IntVar(&s.connections, "connections", 4, "how many desktops at a time")
	return cmd
}

// check refuses flags that make no sense.
func (s *deviceFlags) check() error {
	switch {
	case s.token == "" && s.state == "":
		return usageError(errors.New("--token is needed to enrol, or --state with desktops that are enrolled"), `"sluice enroll token create" makes a token`)
	case s.count < 1 || s.count > simulate.MaxCount:
		return usageError(fmt.Errorf("--count is 1 to %d", simulate.MaxCount), "")
	case s.connections < 1 || s.connections > 1000:
		return usageError(errors.New("--connections is 1 to 1000"), "")
	case !slices.Contains(simulate.Clients(), s.machine):
		return usageError(fmt.Errorf("--machine: %q cannot enrol, only %s", s.machine, strings.Join(simulate.Clients(), ", ")), "")
	}
	return nil
}

func (a *app) simulateDevices(ctx context.Context, s *deviceFlags) error {
	if err := s.check(); err != nil {
		return err
	}
	target, done, err := a.patient(ctx, s.target)
	if err != nil {
		return err
	}
	defer done()
	address := s.target.url
	if address == "" {
		if address = target.Management; address == "" {
			return errors.New("the management door is off: mdm.listen is empty")
		}
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: target.Roots}
	if len(target.Names) > 0 {
		cfg.ServerName = target.Names[0]
	}
	computers := &wsus.Transport{TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: target.Roots}, MaxIdle: s.connections + 1}
	defer computers.CloseIdle()
	return a.desktops(ctx, &simulate.Desktops{
		Management: address, Token: s.token, Devices: &mdm.Transport{TLS: cfg}, Computers: computers,
		Machine: s.machine, Prefix: s.name, Count: s.count, AtOnce: s.connections, Install: s.install,
		Log: slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, s.state)
}

// deviceSimulation is what sluice simulate devices --json prints.
type deviceSimulation struct {
	OK      bool                  `json:"ok"`
	Total   *simulate.DeviceTotal `json:"total"`
	Devices []*simulate.Device    `json:"devices"`
}

func (a *app) desktops(ctx context.Context, d *simulate.Desktops, state string) (err error) {
	if state != "" {
		if d.States, err = simulate.LoadDesktops(state); err != nil {
			return err
		}
	}
	out := deviceSimulation{Total: simulate.NewDeviceTotal(), Devices: []*simulate.Device{}}
	err = d.Run(ctx, func(one *simulate.Device) {
		out.Total.Add(one)
		out.Devices = append(out.Devices, one)
	})
	if state != "" {
		// What was learnt until an interruption is kept too: enrollments above all.
		err = errors.Join(err, simulate.SaveDesktops(state, d.States))
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	slices.SortFunc(out.Devices, func(a, b *simulate.Device) int { return strings.Compare(a.Name, b.Name) })
	out.OK = out.Total.Failed == 0
	if a.json {
		err = writeJSON(a.stdout, out)
	} else {
		err = a.showDesktops(&out)
	}
	if err == nil && !out.OK {
		err = fmt.Errorf("%d of %d desktops failed", out.Total.Failed, out.Total.Devices)
	}
	return err
}

func (a *app) showDesktops(s *deviceSimulation) error {
	var rows [][]string
	for _, d := range s.Devices {
		if d.Error == "" && len(s.Devices) > shownComputers {
			continue
		}
		what := d.Error
		if what == "" {
			what = strings.Join(d.Remarks, "; ")
		}
		rows = append(rows, []string{
			d.Name, deviceState(d), strconv.Itoa(d.Policies), orDash(d.Server), strconv.Itoa(d.Installed), strconv.Itoa(d.Needed),
			strconv.Itoa(d.ToInstall), strconv.Itoa(len(d.Applied)), size(d.Payload), what,
		})
	}
	if len(rows) > 0 {
		head := []string{"DESKTOP", "STATE", "POLICIES", "SCANS AT", "INSTALLED", "NEEDED", "TO INSTALL", "APPLIED", "PAYLOAD", "REMARKS"}
		if err := table(a.stdout, head, rows); err != nil {
			return err
		}
	}
	t := s.Total
	return a.told("%s, %d failed, %d enrolled; %s, %s, %s received; %s applied, %s taken, in %s",
		count(t.Devices, "desktop"), t.Failed, t.Enrolled, count(t.Polls, "poll"), count(t.Messages, "message"), size(t.Received),
		count(t.Applied, "update"), count(t.Events, "event"), time.Duration(t.Seconds*float64(time.Second)).Round(time.Millisecond))
}

func deviceState(d *simulate.Device) string {
	switch {
	case d.Unenrolled:
		return "unenrolled"
	case d.Enrolled:
		return "enrolled"
	}
	return "not enrolled"
}
