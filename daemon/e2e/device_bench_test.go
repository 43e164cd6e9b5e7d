//go:build linux

package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	mdmagent "sluice/omadm/agent"
	"sluice/omadm/updatecsp"
)

// BenchmarkSessions measures what a running daemon needs for enrolled devices
// that poll, each time by a TLS connection of its own with a full handshake: the
// processor time of a session with nothing to change and of one that changes 40
// settings, and how many it holds in a second beside the devices themselves. It
// measures the same amount whatever b.N is: run it with -benchtime=1x.
func BenchmarkSessions(b *testing.B) {
	for b.Loop() {
		(&devices{B: b}).sessions()
	}
	b.ReportMetric(0, "ns/op")
}

// fleetEnv says how many devices are enrolled in [BenchmarkFleet].
const fleetEnv = "BENCH_DEVICES"

// BenchmarkFleet measures how much more memory the daemon takes where many
// devices are enrolled. It is to be run with -benchtime=1x too.
func BenchmarkFleet(b *testing.B) {
	n := 1000
	if s := os.Getenv(fleetEnv); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n <= 0 {
			b.Fatalf("%s is %q, not a number of devices", fleetEnv, s)
		}
	}
	for b.Loop() {
		(&devices{B: b}).fleet(n)
	}
	b.ReportMetric(0, "ns/op")
}

// devices are enrolled devices and the daemon that they come to.
type devices struct {
	*testing.B
	appliance *appliance
	daemon    process
	agents    []*mdmagent.Agent
}

func (d *devices) start() {
	d.appliance.start()
	d.daemon = process{d, d.appliance.cmd.Process.Pid}
}

// sessions measures sessions of devices that have nothing new to tell, and of
// devices that are told 40 settings.
func (d *devices) sessions() {
	const n, rounds = 500, 5
	d.appliance = newAppliance(d, "")
	d.enrol(n, 1)
	d.poll(n, 1) // what is read once a day

	m, cpu := d.poll(rounds*n, 2)
	if got := float64(m.Messages) / float64(m.Count); got != 2 {
		d.Fatalf("an idle session has %v messages of the device, not 2", got)
	}
	d.ReportMetric(cpu, "idle-cpu-ms")
	d.ReportMetric(m.PerSecond(), "idle-per-s")
	d.ReportMetric(float64(m.Sent+m.Received)/float64(m.Count), "idle-B")

	var total float64
	for round := range 2 {
		d.change(round)
		m, cpu = d.poll(n, 1)
		total += cpu
	}
	d.ReportMetric(total/2, "change-cpu-ms")
	d.ReportMetric(float64(m.Messages)/float64(m.Count), "change-messages")
	for _, a := range d.agents {
		if got, _ := a.Policy("Update", "ActiveHoursStart"); got != "2" {
			d.Fatalf("a device was not told: ActiveHoursStart is %q", got)
		}
	}
}

// changed is how many settings [devices.change] changes.
const changed = 40

// change gives all devices other values of 40 settings, whose ranges and values
// all versions know.
func (d *devices) change(round int) {
	d.Helper()
	args := []string{"policies", "set", "--group", "All Computers"}
	preset, _ := updatecsp.FindPreset("airgap") // which gives them values already
	v := updatecsp.Version{Major: 10, Build: 26100, Revision: 3775}
	for _, s := range updatecsp.Settings() {
		ok, _ := s.Applies(v, mdmagent.Enterprise)
		preset := slices.ContainsFunc(preset.Entries, func(e updatecsp.Entry) bool { return e.Name == s.Name })
		if !ok || preset || s.Name == "ActiveHoursEnd" || len(args) == 4+changed {
			continue
		}
		var value string
		switch {
		case s.Kind == updatecsp.Range:
			value = strconv.FormatInt(s.Min+1+int64(round), 10)
		case s.Kind == updatecsp.Enum && len(s.Values) > 1:
			value = s.Values[round].Value
		default:
			continue
		}
		if _, err := s.Validate(value); err == nil {
			args = append(args, s.Name+"="+value)
		}
	}
	if len(args) != 4+changed {
		d.Fatalf("there are %d settings to change, not %d", len(args)-4, changed)
	}
	d.appliance.sluice(0, args...)
}

// fleet measures how much more memory the daemon takes where n devices are
// enrolled, after 2,000 of them have come twice.
func (d *devices) fleet(n int) {
	if fast := "/dev/shm"; isFolder(fast) {
		d.Setenv("TMPDIR", fast) // a commit for each device would take minutes on a disk
	}
	d.appliance = newAppliance(d, "")
	d.start()
	none, _ := d.daemon.memory()
	d.appliance.stop()
	d.enrol(n, max(1, n/2000))
	start, _ := d.daemon.memory()
	d.ReportMetric(float64(start-none)/(1<<20), "start-MiB")
	d.poll(2*len(d.agents), 1)
	now, _ := d.daemon.memory()
	d.ReportMetric(float64(now-none)/(1<<20), "fleet-MiB")
	d.ReportMetric(float64(none)/(1<<20), "none-MiB")
	d.ReportMetric(float64(n), "devices")
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// poll has the devices come, with one worker in turn, and returns what that took,
// and how many milliseconds of the processor a session took of the daemon.
func (d *devices) poll(sessions, workers int) (mdmagent.Measure, float64) {
	d.Helper()
	before := d.daemon.cpu()
	m, err := (&mdmagent.Load{Agents: d.agents, Count: sessions, Workers: workers}).Run(d.Context())
	if err != nil || m.Failed > 0 {
		d.Fatalf("%d of %d sessions failed: %v, %v\n%s", m.Failed, sessions, m.Err, err, d.appliance.log)
	}
	return m, float64(d.daemon.cpu()-before) / float64(sessions) / 1e6
}

// transport is how the devices reach the daemon.
func (d *devices) transport() *mdmagent.Transport {
	d.Helper()
	pem, err := os.ReadFile(d.appliance.authority())
	if err != nil {
		d.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &mdmagent.Transport{TLS: &tls.Config{RootCAs: roots}}
}

// deviceName names the i-th device.
func deviceName(i int) string { return fmt.Sprintf("pc%06d.ship.example", i) }
