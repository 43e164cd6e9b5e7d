//go:build linux

package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/wsus/agent"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// scaleEnv lists the sizes of catalogs that [BenchmarkScale] measures.
const scaleEnv = "BENCH_REVISIONS"

// BenchmarkScale measures what a running daemon needs for a catalog of so many
// revisions, made by package synth and carried in as an export: the seconds and
// the most memory of its import; trips, bytes and processor time of a computer's
// first scan; bytes and processor time of a later one; memory when it only
// serves; and the most memory while a second medium, with the last twentieth
// of the revisions, is imported and computers scan. It measures the same amount
// whatever b.N is: run it with -benchtime=1x.
func BenchmarkScale(b *testing.B) {
	sizes := os.Getenv(scaleEnv)
	if sizes == "" {
		sizes = "1000"
	}
	for size := range strings.FieldsSeq(sizes) {
		n, err := strconv.Atoi(size)
		if err != nil {
			b.Fatalf("%s: %v", scaleEnv, err)
		}
		b.Run(size, func(b *testing.B) {
			for b.Loop() {
				(&scale{B: b, revisions: n}).measure()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

type scale struct {
	*testing.B
	revisions int
	appliance *appliance
	daemon    process
	transport *agent.Transport
	computers int
}

func (s *scale) measure() {
	dir := s.TempDir()
	c := synth.New(synth.Shape{Revisions: s.revisions, Seed: 1})
	older := c.Len() * 19 / 20
	first, second := filepath.Join(dir, "first.xml.gz"), filepath.Join(dir, "second.xml.gz")
	writeExport(s, first, items(c, 0, older))
	writeExport(s, second, items(c, older, c.Len()))

	s.appliance = newAppliance(s, "")
	s.appliance.start()
	s.daemon = process{s, s.appliance.cmd.Process.Pid}
	s.connect()

	start := time.Now()
	s.load(first, older)
	s.ReportMetric(time.Since(start).Seconds(), "import-s")
	s.peak("import-MB")
	s.scans()
	s.peak("scan-MB")
	s.together(second, c.Len()-older)
	s.peak("import+scan-MB")
	s.restart()
	if info, err := os.Stat(filepath.Join(s.appliance.data, "sluice.db")); err == nil {
		s.ReportMetric(float64(info.Size())/1e6, "database-MB")
	}
}

// connect makes the way to the daemon that computers take.
func (s *scale) connect() {
	pem, err := os.ReadFile(s.appliance.authority())
	if err != nil {
		s.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	s.transport = &agent.Transport{TLS: &tls.Config{RootCAs: roots, ServerName: "localhost"}}
	s.Cleanup(s.transport.CloseIdle)
}

// peak reports the most memory since it last did.
func (s *scale) peak(unit string) {
	_, most := s.daemon.memory()
	s.ReportMetric(float64(most)/(1<<20), unit)
	s.daemon.forget()
}

func (s *scale) load(path string, revisions int) {
	s.Helper()
	if got := s.appliance.load(path); got.New != revisions || len(got.Refused) != 0 {
		s.Fatalf("imported %d of %d revisions, refused %v", got.New, revisions, got.Refused)
	}
}

// computer returns a computer that has some [productsHeld] products of the
// catalog, or all if there are fewer, with all that can be detected of them, and
// no update installed.
func (s *scale) computer() *agent.Agent {
	s.Helper()
	s.computers++
	id := update.MustParseID(fmt.Sprintf("5ca1e000-0000-4000-8000-%012d", s.computers))
	m := agent.WindowsServer2022(id, fmt.Sprintf("scale-%d.example", s.computers))
	m.Facts = someProducts{m.Facts, max(1, s.revisions/125/productsHeld)}
	a, err := agent.New(agent.Config{Server: s.appliance.wsusTLS, Machine: m, Transport: s.transport})
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// productsHeld is how many products a computer has: as many as one with Windows,
// Office and what comes with them.
const productsHeld = 25

// someProducts has every so many-th product of a made catalog, of which there is
// one for 125 revisions.
type someProducts struct {
	agent.Facts
	every int
}

func (f someProducts) Holds(r *agent.Rule, c *agent.Core) (holds, known bool) {
	key := r.Attr("Subkey")
	if strings.Contains(key, `\Features\`) {
		return true, true
	}
	if _, n, ok := strings.Cut(key, `\Products\`); ok {
		i, err := strconv.Atoi(n)
		return i%f.every == 0, err == nil
	}
	return f.Facts.Holds(r, c)
}

// scans measures first and later scans.
func (s *scale) scans() {
	const firsts, laters = 3, 500
	var last *agent.Agent
	var r *agent.ScanResult
	before := s.daemon.cpu()
	for range firsts {
		var err error
		last = s.computer()
		if r, err = last.Scan(s.Context()); err != nil {
			s.Fatalf("%v\n%s", err, s.appliance.log)
		}
	}
	s.ReportMetric(float64(s.daemon.cpu()-before)/firsts/1e6, "first-cpu-ms")
	s.ReportMetric(float64(r.Trips), "first-trips")
	s.ReportMetric(float64(r.Received), "first-B")
	s.ReportMetric(float64(r.Held), "held")

	r, err := last.Scan(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.ReportMetric(float64(r.Trips), "later-trips")
	before = s.daemon.cpu()
	m := s.replay(last, laters)
	s.ReportMetric(float64(s.daemon.cpu()-before)/laters/1e6, "later-cpu-ms")
	s.ReportMetric(float64(m.Received)/laters, "later-B")
}

// replay sends the later scan of a computer over and over.
func (s *scale) replay(a *agent.Agent, n int) *agent.Measure {
	s.Helper()
	p, err := a.Prepare()
	if err != nil {
		s.Fatal(err)
	}
	m, err := (&agent.Replay{Transport: s.transport, Requests: []agent.Request{p.Again}, Count: n, Connections: 2}).Run(s.Context())
	if err != nil || m.Failed > 0 {
		s.Fatalf("%d of %d requests failed, %v", m.Failed, n, err)
	}
	return m
}

// together imports a medium while computers scan.
func (s *scale) together(path string, revisions int) {
	stop := make(chan struct{})
	var scans sync.WaitGroup
	scans.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.computer().Scan(s.Context()); err != nil {
				s.Errorf("scan during an import: %v", err)
				return
			}
		}
	})
	s.load(path, revisions)
	close(stop)
	scans.Wait()
}

// restart measures a daemon that starts on the whole catalog: how long it takes
// until it is ready and what memory that takes.
func (s *scale) restart() {
	s.appliance.stop()
	start := time.Now()
	s.appliance.start()
	s.ReportMetric(time.Since(start).Seconds(), "start-s")
	s.daemon = process{s, s.appliance.cmd.Process.Pid}
	s.peak("start-MB")
	if _, err := s.computer().Scan(s.Context()); err != nil {
		s.Fatal(err)
	}
	now, _ := s.daemon.memory()
	s.ReportMetric(float64(now)/(1<<20), "serving-MB")
}
