package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/daemon/demo"
)

// TestLife is an appliance from its first medium to a power cut: imports with and
// without a daemon, approvals, computers that install, and what is left after a
// restart.
func TestLife(t *testing.T) {
	t.Parallel()
	media, err := demo.WriteMedia(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := newAppliance(t, "")

	// Without a daemon, and without being told that nobody signed it.
	refused := decode[imported](t, a.sluice(3, "import", "--json", media.Documents))
	if refused.Revisions != 0 || len(refused.Refused) == 0 {
		t.Errorf("an unsigned medium that was not accepted: %+v", refused)
	}
	first := a.load(media.Documents)
	if first.Format != "documents" || first.New == 0 || first.New != first.Revisions || first.Files == 0 || first.Source != media.Documents || first.Refused == nil {
		t.Errorf("first import: %+v", first)
	}

	a.start()
	if r := run(t, "run", "--config", a.config, "--data", a.data); r.code != 4 || !strings.Contains(r.stderr, "already running") {
		t.Errorf("a second daemon: exit code %d, %s", r.code, r.stderr)
	}
	again := a.load(media.Documents)
	if again.New != 0 || again.Unchanged != first.Revisions || again.Files != 0 {
		t.Errorf("second import: %+v", again)
	}
	if p := a.load(media.Package); p.Format != "msu" || p.New != 2 || p.Files != 1 {
		t.Errorf("package: %+v", p)
	}
	contract(t, a)

	a.sluice(0, "groups", "create", "Pilot")
	a.sluice(0, "updates", "approve", "KB7000103", "KB7000113", "--group", "All Computers", "--deadline", "2099-01-01T00:00Z")
	a.sluice(0, "updates", "approve", "KB7000104", "--group", "All Computers")
	if u := a.updateOf("7000104"); u.FilesMissing != 1 || len(u.Approved) != 1 || u.Approved[0].State != "waiting" || u.Approved[0].Action != "install" || u.Approved[0].Group != "All Computers" {
		t.Errorf("an approval without its file: %+v", u)
	}
	if u := a.updateOf("7000103"); u.FilesMissing != 0 || len(u.Approved) != 1 || u.Approved[0].State != "offered" || u.Approved[0].Deadline == nil {
		t.Errorf("an approval: %+v", u)
	}

	root := a.authority()
	state := filepath.Join(t.TempDir(), "computers.json")
	args := []string{"simulate", "--json", "--url", a.wsusTLS, "--ca", root, "--machine", "harbor", "--count", "3", "--name", "pilot", "--install", "--state", state}
	simulate := func(want int) simulated {
		t.Helper()
		var got simulated
		eventually(t, func() error {
			r := run(t, args...)
			if r.code != 0 {
				return fmt.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
			}
			got = decode[simulated](t, r)
			for _, c := range got.Computers {
				if c.Installed != want {
					return fmt.Errorf("%s has installed %d updates, want %d", c.Name, c.Installed, want)
				}
			}
			return got.check()
		})
		return got
	}
	if s := simulate(2); len(s.Computers) != 3 || !s.OK || s.Computers[0].Needed == 0 || s.Computers[0].ToInstall != 0 {
		t.Errorf("first day: %+v", s)
	}

	// The power is cut; what was committed is there, and cookies go on.
	a.keepPorts()
	a.kill()
	a.start()
	if s := simulate(2); len(s.Computers[0].Applied) != 0 {
		t.Errorf("after a power cut: %+v", s)
	}
	if e := a.load(media.Export); e.Format != "wsusutil-export" || e.New != 0 || e.Files != 1 {
		t.Errorf("the medium with the missing file: %+v", e)
	}
	if s := simulate(3); len(s.Computers[0].Applied) != 1 || s.Computers[0].Payload == 0 {
		t.Errorf("after the file came: %+v", s)
	}
	u := decode[struct {
		Computers struct{ Installed, Failed int }
	}](t, a.sluice(0, "updates", "show", "--json", "KB7000104"))
	if u.Computers.Installed != 3 || u.Computers.Failed != 0 {
		t.Errorf("compliance: %+v", u.Computers)
	}

	if r := a.sluice(0, "doctor", "--json"); !decode[struct{ OK bool }](t, r).OK {
		t.Errorf("doctor: %s", r.stdout)
	}
	if r := run(t, "doctor", "--json", "--url", a.wsusTLS, "--ca", root); r.code != 0 {
		t.Errorf("doctor from outside: %s%s", r.stdout, r.stderr)
	}
	var costs []struct {
		Count, Failed int
		P50           float64 `json:"p50_ms"`
		CPU           float64 `json:"cpu_ms"`
	}
	if err := json.Unmarshal([]byte(a.sluice(0, "simulate", "--json", "--replay", "--requests", "50", "--machine", "harbor").stdout), &costs); err != nil {
		t.Fatal(err)
	}
	if len(costs) != 5 {
		t.Errorf("replay: %+v", costs)
	}
	for _, c := range costs {
		if c.Count != 50 || c.Failed != 0 || c.P50 <= 0 {
			t.Errorf("replay: %+v", c)
		}
	}
	a.stop()
	if r := a.sluice(1, "doctor"); !strings.Contains(r.stderr, "no daemon is running") {
		t.Errorf("doctor without a daemon: %s", r.stderr)
	}
}

// contract checks the keys that scripts rely on.
func contract(t *testing.T, a *appliance) {
	t.Helper()
	list := decode[[]map[string]any](t, a.sluice(0, "updates", "list", "--json"))
	types := map[string]int{}
	for _, u := range list {
		for _, key := range []string{
			"update_id", "revision", "title", "description", "created", "type", "classification", "classification_id", "kb", "approved", "files_missing",
		} {
			if _, ok := u[key]; !ok {
				t.Fatalf("an update lacks %q: %v", key, u)
			}
		}
		if s, ok := u["update_id"].(string); !ok || len(s) != 36 || s != strings.ToLower(s) {
			t.Errorf("update_id is %v", u["update_id"])
		}
		if _, ok := u["approved"].([]any); !ok {
			t.Errorf("approved is %v, want a list", u["approved"])
		}
		types[fmt.Sprint(u["type"])]++
	}
	if len(list) != 27 || types["Category"] == 0 || types["Detectoid"] != 2 || types["Driver"] != 1 || types["Software"] == 0 {
		t.Errorf("%d updates: %v", len(list), types)
	}
}

// TestDemo tells the story with the built program.
func TestDemo(t *testing.T) {
	t.Parallel()
	r := run(t, "demo", "--once", "--json")
	story := decode[demo.Story](t, r)
	if r.code != 0 || !story.OK || len(story.Steps) < 10 {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	for _, s := range story.Steps {
		if s.Name == "" || !s.OK || s.Detail == "" {
			t.Errorf("step %+v", s)
		}
	}
}

// TestUsage checks exit codes of mistakes.
func TestUsage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, "")
	bad := filepath.Join(t.TempDir(), "bad.toml")
	if err := os.WriteFile(bad, []byte("wsus.listn = \":1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	noMedium := filepath.Join(t.TempDir(), "note.cab")
	if err := os.WriteFile(noMedium, []byte("not a cabinet"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string // on standard error
	}{
		{"unknown command", []string{"serve"}, 2, "unknown command"},
		{"bad configuration", []string{"run", "--config", bad, "--data", a.data}, 2, "listn"},
		{"bad flag", []string{"simulate", "--count", "0", "--url", "https://127.0.0.1:1"}, 2, "--count"},
		{"replay and install", []string{"simulate", "--replay", "--install"}, 2, "--replay"},
		{"no such machine", []string{"simulate", "--machine", "os2"}, 2, "server2022"},
		{"doctor of plain HTTP", []string{"doctor", "--url", "http://127.0.0.1:1"}, 2, "https://"},
		{"doctor of nobody", []string{"doctor", "--url", "https://127.0.0.1:1"}, 1, "checks failed"},
		{"no medium", []string{"import", "--accept-unsigned", "--data", a.data, noMedium}, 3, "note.cab"},
		{"no such medium", []string{"import", "--data", a.data, noMedium + "x"}, 1, "note.cabx"},
		{"story in a full folder", []string{"demo", "--once", "--keep", filepath.Dir(a.config)}, 2, "not empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := run(t, tt.args...); r.code != tt.code || !strings.Contains(r.stderr, tt.want) {
				t.Errorf("sluice %s: exit code %d, want %d with %q:\n%s", strings.Join(tt.args, " "), r.code, tt.code, tt.want, r.stderr)
			}
		})
	}
}

// TestPortInUse names the door and what to do.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, "")
	a.start()
	b := newAppliance(t, "")
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	taken := strings.TrimPrefix(a.wsus, "http://")
	text = []byte(strings.Replace(string(text), `listen = "127.0.0.1:0"`, `listen = "`+taken+`"`, 1))
	if err := os.WriteFile(b.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "run", "--config", b.config, "--data", b.data)
	if r.code != 1 || !strings.Contains(r.stderr, taken) || !strings.Contains(r.stderr, "wsus.listen") || r.stdout != "" {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
}
