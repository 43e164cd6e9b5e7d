package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// appliance is a data folder with its configuration, and the daemon on it while
// one runs.
type appliance struct {
	t                         testing.TB
	config                    string
	data                      string
	cmd                       *exec.Cmd
	log                       *output
	wsus, wsusTLS, mdm, admin string
}

// output keeps what a program writes, for the message of a test that fails.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

const configuration = `
public_host = "localhost"
min_free = "16 MiB"
[wsus]
listen = "127.0.0.1:0"
tls_listen = "127.0.0.1:0"
[mdm]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
`

// newAppliance makes a folder and a configuration; extra is added to it.
func newAppliance(t testing.TB, extra string) *appliance {
	t.Helper()
	// The path of the control socket has little room.
	dir, err := os.MkdirTemp("", "sluice-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	a := &appliance{t: t, config: filepath.Join(dir, "sluice.toml"), data: filepath.Join(dir, "data")}
	if err := os.WriteFile(a.config, []byte(configuration+extra), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

var readyLine = regexp.MustCompile(`^ready wsus=(http://\S+) wsus_tls=(https://\S+) mdm=(\S*) admin=(https?://\S+)$`)

// start runs the daemon and waits for its ready line.
func (a *appliance) start() {
	a.t.Helper()
	cmd := exec.Command(binary, "run", "--config", a.config, "--data", a.data)
	a.cmd, a.log = cmd, new(output)
	cmd.Stderr = a.log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		if a.cmd != nil {
			a.stop()
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		a.t.Fatalf("no ready line: %v\n%s", err, a.log)
	}
	m := readyLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
	if m == nil {
		a.t.Fatalf("%q is not the ready line", line)
	}
	a.wsus, a.wsusTLS, a.mdm, a.admin = m[1], m[2], m[3], m[4]
}

// keepPorts writes the ports that the daemon found into its configuration:
// computers remember where files are.
func (a *appliance) keepPorts() {
	a.t.Helper()
	text, err := os.ReadFile(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, url := range []string{a.wsus, a.wsusTLS, a.mdm} {
		_, address, _ := strings.Cut(url, "://")
		text = bytes.Replace(text, []byte(`"127.0.0.1:0"`), []byte(`"`+address+`"`), 1)
	}
	if err := os.WriteFile(a.config, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// stop ends the daemon as a service manager does; it must exit with 0.
func (a *appliance) stop() {
	a.t.Helper()
	cmd := a.cmd
	a.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		a.t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		a.t.Errorf("the daemon did not stop in order: %v\n%s", err, a.log)
	}
}

// kill ends the daemon as a power cut does.
func (a *appliance) kill() {
	a.t.Helper()
	if err := a.cmd.Process.Kill(); err != nil {
		a.t.Error(err)
	}
	_ = a.cmd.Wait() // it says that it was killed
	a.cmd = nil
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command to its end.
func run(t testing.TB, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("sluice %s: %v", strings.Join(args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// sluice runs a command on the data folder, which must exit with the code.
func (a *appliance) sluice(code int, args ...string) result {
	a.t.Helper()
	r := run(a.t, append(args, "--config", a.config, "--data", a.data)...)
	if r.code != code {
		a.t.Fatalf("sluice %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// decode reads the JSON that a command printed.
func decode[T any](t testing.TB, r result) (v T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.stdout))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("read %q: %v", r.stdout, err)
	}
	return v
}

// imported is what a script reads of the report of an import.
type imported struct {
	Source    string `json:"source"`
	Format    string `json:"format"`
	Revisions int    `json:"revisions"`
	New       int    `json:"new"`
	Unchanged int    `json:"unchanged"`
	Files     int    `json:"files"`
	Refused   []struct{ Item, Reason string }
}

// load imports one medium that must be taken.
func (a *appliance) load(path string) imported {
	a.t.Helper()
	return decode[imported](a.t, a.sluice(0, "import", "--json", "--accept-unsigned", path))
}

// listed is what a script reads of sluice updates list.
type listed struct {
	UpdateID     string  `json:"update_id"`
	Revision     int     `json:"revision"`
	Title        string  `json:"title"`
	KB           *string `json:"kb"`
	Type         string  `json:"type"`
	FilesMissing int     `json:"files_missing"`
	Approved     []struct {
		Group, Action, State string
		Deadline             *time.Time
	}
}

// updateOf finds the update with a KB article.
func (a *appliance) updateOf(kb string) listed {
	a.t.Helper()
	for _, u := range decode[[]listed](a.t, a.sluice(0, "updates", "list", "--json")) {
		if u.KB != nil && *u.KB == kb {
			return u
		}
	}
	a.t.Fatalf("no update has the number KB%s", kb)
	return listed{}
}

// authority writes the root that computers trust to a file.
func (a *appliance) authority() string {
	a.t.Helper()
	st := decode[struct{ CA string }](a.t, a.sluice(0, "status", "--json"))
	file := filepath.Join(filepath.Dir(a.config), "root.pem")
	if err := os.WriteFile(file, []byte(st.CA), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// eventually tries until it works: an approval reaches computers within a second.
func eventually(t testing.TB, try func() error) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}

// simulated is what sluice simulate prints.
type simulated struct {
	OK        bool
	Computers []struct {
		Name, Error string
		Needed      int
		ToInstall   int `json:"to_install"`
		Installed   int
		Applied     []string
		Payload     int64
		Remarks     []string
	}
}

func (s *simulated) check() error {
	for _, c := range s.Computers {
		if c.Error != "" || len(c.Remarks) > 0 {
			return fmt.Errorf("%s: %s %q", c.Name, c.Error, c.Remarks)
		}
	}
	return nil
}
