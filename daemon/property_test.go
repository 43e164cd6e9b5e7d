package daemon_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/daemon"
	"sluice/daemon/api"
	"sluice/daemon/client"
	"sluice/daemon/config"
	"sluice/daemon/demo"
	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// TestNoUnwantedInstall holds what a computer was told last against what
// administrators decided: after any sequence of approvals, group moves, holds,
// pauses, deletions, restarts and lost cookies, a computer that scans again holds
// no Install (nor Uninstall) of an update that is not decided for it.
func TestNoUnwantedInstall(t *testing.T) {
	t.Parallel()
	template := settings(t)
	a := open(t, template)
	importDemo(t, a)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	started, enough := time.Now(), 20*time.Second
	if testing.Short() {
		enough = 8 * time.Second
	}
	rapid.Check(t, func(rt *rapid.T) {
		if time.Since(started) > enough {
			return // a slow machine tries fewer sequences
		}
		s := newSite(t, rt, template)
		defer s.close()
		rt.Repeat(map[string]func(*rapid.T){
			"approve": s.approve, "approve more": s.approve, "unapprove": s.unapprove, "pause": s.pause,
			"decline": s.decline, "undecline": s.undecline, "accept license": s.accept,
			"create group": s.createGroup, "move group": s.moveGroup, "delete group": s.deleteGroup,
			"assign": s.assign, "hold": s.hold, "release": s.release, "delete computer": s.deleteComputer,
			"restart": s.restart, "rotate keys": s.rotate, "time": s.pass,
			"lose cookie": s.loseCookie, "spoil cookie": s.spoilCookie, "restore image": s.restoreImage,
			"scan": s.scan, "scan again": s.scan, "scan more": s.scan,
		})
		for i := range s.computers {
			s.rescan(rt, i)
		}
	})
}

// site is an appliance with computers and what was decided about them.
type site struct {
	*decisions
	t         *testing.T
	cfg       *config.Config
	now       atomic.Int64 // Unix milliseconds
	appliance *daemon.Appliance
	client    *client.Client
	door      atomic.Pointer[http.Handler]
	server    *httptest.Server
	computers []*machine
	updates   []update.ID
	made      int    // groups, ever
	boots     uint64 // of computers
}

// machine is a computer and what it remembered at some point.
type machine struct {
	agent *agent.Agent
	model agent.Machine
	image *agent.State
}

func (m *machine) id() string { return m.model.Computer.ClientID }

const licensedUpdate = 107

// demoUpdate returns the id of an update of the demonstration set.
func demoUpdate(n int) update.ID {
	return update.MustParseID(fmt.Sprintf("5117ce00-0000-4000-8000-%012d", n))
}

func newSite(t *testing.T, rt *rapid.T, template *config.Config) *site {
	s := &site{decisions: newDecisions(), t: t}
	s.now.Store(time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC).UnixMilli())
	c := *template
	dir, err := os.MkdirTemp(t.TempDir(), "site")
	if err != nil {
		rt.Fatal(err)
	}
	c.DataDir, c.ContentDir = dir, filepath.Join(dir, "content")
	if err := os.CopyFS(dir, os.DirFS(template.DataDir)); err != nil {
		rt.Fatal(err)
	}
	s.cfg = &c
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*s.door.Load()).ServeHTTP(w, r)
	}))
	s.open(rt)
	// The superseded one and the one that supersedes it, others, a licensed one.
	for _, n := range []int{101, 103, 104, 106, licensedUpdate} {
		s.updates = append(s.updates, demoUpdate(n))
	}
	for i, name := range []string{"one", "two", "clone-of-two"} {
		id := update.MustParseID(fmt.Sprintf("5117ce00-0000-4000-8000-0000000000%d0", min(i, 1)+1))
		m := &machine{model: demo.Computer(id, name+".example")}
		s.computers = append(s.computers, m)
		s.boot(rt, m, nil)
	}
	return s
}

func (s *site) clock() time.Time { return time.UnixMilli(s.now.Load()).UTC() }

// open opens the appliance of the folder.
func (s *site) open(rt *rapid.T) {
	ctx := s.t.Context()
	log := slog.New(slog.DiscardHandler)
	a, err := daemon.Open(ctx, daemon.Options{Config: s.cfg, Log: log, Now: s.clock, Version: "test", Hostname: "test"})
	if err != nil {
		rt.Fatal(err)
	}
	s.appliance = a
	door, err := a.WSUS(ctx, s.server.Listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		rt.Fatal(err)
	}
	s.door.Store(&door)
	s.client = client.InProcess(api.As(api.LocalPeer(), api.New(a.Services(), log)), "test")
}

func (s *site) close() {
	s.server.Close()
	if err := s.appliance.Close(); err != nil {
		s.t.Error(err)
	}
	if err := os.RemoveAll(s.cfg.DataDir); err != nil {
		s.t.Error(err)
	}
}

// boot starts a computer with what it remembers.
func (s *site) boot(rt *rapid.T, m *machine, state *agent.State) {
	s.boots++ // a seed that comes again repeats the ids of events
	a, err := agent.New(agent.Config{
		Server: s.server.URL, Machine: m.model, State: state, Now: s.clock, SkipDrivers: true, Rand: rand.New(rand.NewPCG(1, s.boots)),
	})
	if err != nil {
		rt.Fatal(err)
	}
	m.agent = a
}

// did checks that an act was done and shows it.
func (s *site) did(rt *rapid.T, what string, err error) {
	if err == nil {
		err = s.appliance.Show(s.t.Context())
	}
	if err != nil {
		rt.Fatalf("%s: %v", what, err)
	}
}

func (s *site) ctx() context.Context { return s.t.Context() }

func (s *site) anyUpdate(rt *rapid.T) update.ID {
	return rapid.SampledFrom(s.updates).Draw(rt, "update")
}

func (s *site) anyGroup(rt *rapid.T) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(s.groups))).Draw(rt, "group")
}

// ownGroup draws a group that may be changed, or skips the act.
func (s *site) ownGroup(rt *rapid.T) string {
	own := slices.DeleteFunc(slices.Sorted(maps.Keys(s.groups)), func(g string) bool { return g == allComputers || g == unassigned })
	if len(own) == 0 {
		rt.Skip("no group")
	}
	return rapid.SampledFrom(own).Draw(rt, "group")
}

// standing draws an approval, or skips the act.
func (s *site) standing(rt *rapid.T) approvalKey {
	keys := slices.SortedFunc(maps.Keys(s.approvals), func(a, b approvalKey) int {
		return slices.Compare([]string{a.update.String(), a.group}, []string{b.update.String(), b.group})
	})
	if len(keys) == 0 {
		rt.Skip("no approval")
	}
	return rapid.SampledFrom(keys).Draw(rt, "approval")
}

// anyDevice draws a computer that the appliance knows, with its number there, or
// skips the act.
func (s *site) anyDevice(rt *rapid.T) (id string, device int64) {
	id = rapid.SampledFrom([]string{s.computers[0].id(), s.computers[1].id()}).Draw(rt, "computer")
	for c, err := range s.client.Computers(s.ctx(), client.ComputerQuery{}) {
		if err != nil {
			rt.Fatal(err)
		}
		if c.ClientID == id {
			return id, c.ID
		}
	}
	rt.Skip("not registered")
	return "", 0
}

func (s *site) scan(rt *rapid.T) {
	s.rescan(rt, rapid.IntRange(0, len(s.computers)-1).Draw(rt, "computer"))
}

// rescan has a computer scan and holds what it was told against the decisions.
func (s *site) rescan(rt *rapid.T, i int) {
	m := s.computers[i]
	r, err := m.agent.Scan(s.ctx())
	if err != nil {
		rt.Fatalf("scan of %s: %v", m.model.Computer.DNSName, err)
	}
	if len(r.Remarks) > 0 {
		rt.Fatalf("scan of %s: %q", m.model.Computer.DNSName, r.Remarks)
	}
	offered := 0
	for _, h := range m.agent.State().Held {
		if !slices.Contains(s.updates, h.Core.ID) {
			continue
		}
		offered++
		want := s.allowed(m.id(), h.Core.ID, h.Core.ID == demoUpdate(licensedUpdate))
		if !slices.Contains(want, h.Deployment.Action) {
			rt.Fatalf("%s holds %s of %s, decided is %v", m.model.Computer.DNSName, h.Deployment.Action, h.Core.Identity, want)
		}
		if s.declined[h.Core.ID] {
			rt.Fatalf("%s holds %s, which is declined", m.model.Computer.DNSName, h.Core.Identity)
		}
	}
	// All are for it, so it must hold what is neither declined nor superseded.
	for _, id := range s.updates {
		if !s.declined[id] && id != demoUpdate(101) {
			offered--
		}
	}
	if offered < 0 {
		rt.Fatalf("%s holds %d updates less than it is offered", m.model.Computer.DNSName, -offered)
	}
	if _, err := m.agent.Report(s.ctx()); err != nil {
		rt.Fatalf("report of %s: %v", m.model.Computer.DNSName, err)
	}
	if rapid.Bool().Draw(rt, "image taken") {
		m.image = m.agent.State().Clone()
	}
}
