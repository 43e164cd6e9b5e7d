package e2e_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/demo"
)

// victim is work of a running daemon that a kill -9 at any moment must not harm.
// More of them are more rows of the table in [TestKills].
type victim struct {
	name string
	// prepare brings an appliance, which runs, to where the work starts.
	prepare func(a *appliance)
	// work does it through the daemon. It calls now when a kill is due; the n-th
	// time that it is worked on may choose another moment. An error is what the
	// kill made of it.
	work func(ctx context.Context, a *appliance, n int, now func()) error
	// repeat does it to its end, after a restart.
	repeat func(a *appliance)
	// result is what must be the same as without any kill.
	result func(a *appliance) any
}

// TestKills kills the daemon while it works, over and over, and then lets it
// finish: the store always opens clean, and what comes of the work is what comes
// of it undisturbed.
func TestKills(t *testing.T) {
	t.Parallel()
	revisions := 150
	if patient {
		revisions = 1500
	}
	medium := madeMedium(t, revisions)
	media, err := demo.WriteMedia(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []victim{
		importing(medium, "metadata"),
		importing(medium, "files"),
		importing(medium, "applying"),
		backing(medium),
		reporting(media),
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			calm := newAppliance(t, "")
			calm.start()
			v.prepare(calm)
			v.repeat(calm)
			want := v.result(calm)

			a := newAppliance(t, "")
			a.start()
			v.prepare(a)
			a.keepPorts() // computers come back to the address that they know
			for n := range kills {
				killWhile(t, a, n, v.work)
				a.start()
				a.sound()
			}
			v.repeat(a)
			a.stop()
			a.start()
			a.sound()
			if diff := cmp.Diff(want, v.result(a)); diff != "" {
				t.Errorf("after %d kills it is not what it is without (-undisturbed +killed):\n%s", kills, diff)
			}
		})
	}
}

// killWhile starts work, kills the daemon a little after the work says so or ends,
// and waits for the work to notice.
func killWhile(t *testing.T, a *appliance, n int, work func(context.Context, *appliance, int, func()) error) {
	t.Helper()
	due, ended := make(chan struct{}, 1), make(chan error, 1)
	now := func() {
		select {
		case due <- struct{}{}:
		default:
		}
	}
	go func() { ended <- work(t.Context(), a, n, now) }()
	select {
	case <-due:
		<-time.After(rand.N(30 * time.Millisecond)) // somewhere within a transaction or a file
		a.kill()
		<-ended
	case err := <-ended:
		t.Logf("the work ended before the kill: %v", err)
		a.kill()
	}
}

// sound fails the test unless the daemon finds its store in order.
func (a *appliance) sound() {
	a.t.Helper()
	eventually(a.t, func() error {
		st := decode[wire.Status](a.t, a.sluice(0, "status", "--json"))
		if st.Health == "damaged" {
			a.t.Fatalf("the store is damaged: %s", st.Damage)
		}
		if st.Health != "ok" {
			return fmt.Errorf("the store is %s", st.Health)
		}
		return nil
	})
}

// control returns a client of the running daemon.
func (a *appliance) control(ctx context.Context) (*client.Client, error) {
	return client.Dial(ctx, wire.SocketPath(a.data), "test")
}

// contents is everything that an import leaves: the list of updates as scripts
// see it, and the payload files.
func contents(a *appliance) any {
	a.t.Helper()
	list := decode[[]map[string]any](a.t, a.sluice(0, "updates", "list", "--json"))
	slices.SortFunc(list, func(x, y map[string]any) int {
		return strings.Compare(fmt.Sprint(x["update_id"], x["revision"]), fmt.Sprint(y["update_id"], y["revision"]))
	})
	var files []string
	root := filepath.Join(a.data, "content")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && len(d.Name()) >= 40 {
			files = append(files, d.Name())
		}
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	slices.Sort(files)
	return map[string]any{"updates": list, "files": files}
}

// importing is an import that is killed in one of its phases.
func importing(path, phase string) victim {
	return victim{
		name:    "import, " + phase,
		prepare: func(*appliance) {},
		work: func(ctx context.Context, a *appliance, n int, now func()) error {
			c, err := a.control(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
			// Every other time later in the phase, so that what was staged before
			// is found again.
			wait := n % 4
			return c.Import(ctx, wire.Import{Paths: []string{path}, AcceptUnsigned: true}, func(e *wire.ImportEvent) error {
				if e.Progress != nil && e.Progress.Phase == phase {
					if wait--; wait < 0 || phase == "applying" {
						now()
					}
				}
				return nil
			})
		},
		repeat: func(a *appliance) { a.load(path) },
		result: contents,
	}
}

// backing is a backup. One that was killed leaves nothing that looks like one.
func backing(medium string) victim {
	return victim{
		name:    "backup",
		prepare: func(a *appliance) { a.load(medium) },
		work: func(ctx context.Context, a *appliance, n int, now func()) error {
			c, err := a.control(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
			path := filepath.Join(filepath.Dir(a.config), fmt.Sprintf("killed-%d.db", n))
			now()
			_, err = c.Backup(ctx, path, func(*wire.BackupProgress) {})
			if _, serr := os.Stat(path); err != nil && serr == nil {
				a.t.Logf("the backup was whole before its daemon was killed")
			}
			return err
		},
		repeat: func(a *appliance) { a.sluice(0, "backup", filepath.Join(filepath.Dir(a.config), "whole.db")) },
		result: func(a *appliance) any {
			a.t.Helper()
			// Whatever has the name of a backup is one that opens.
			paths, err := filepath.Glob(filepath.Join(filepath.Dir(a.config), "*.db"))
			if err != nil || len(paths) == 0 {
				a.t.Fatalf("no backup: %v", err)
			}
			var all []any
			for _, path := range paths {
				b := newAppliance(a.t, "")
				if err := os.MkdirAll(b.data, 0o700); err != nil {
					a.t.Fatal(err)
				}
				copyFile(a.t, path, filepath.Join(b.data, "sluice.db"))
				all = append(all, contents(b))
			}
			// They all are copies of the same.
			for _, one := range all[1:] {
				if diff := cmp.Diff(all[0], one); diff != "" {
					a.t.Errorf("two backups differ:\n%s", diff)
				}
			}
			return all[0]
		},
	}
}

func copyFile(tb testing.TB, from, to string) {
	tb.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// reporting is a fleet that scans, installs and reports. What computers reported
// is there, and counted once.
func reporting(media demo.Media) victim {
	const computers = 20
	fleet := func(a *appliance) []string {
		return []string{
			"simulate", "--json", "--url", a.wsusTLS, "--ca", filepath.Join(filepath.Dir(a.config), "root.pem"), "--machine", "harbor",
			"--count", fmt.Sprint(computers), "--connections", "8", "--name", "storm", "--install",
		}
	}
	return victim{
		name: "reports",
		prepare: func(a *appliance) {
			a.load(media.Documents)
			a.authority()
			a.sluice(0, "updates", "approve", "KB7000103", "--group", "All Computers")
			eventually(a.t, func() error { // until computers are told
				s := decode[simulated](a.t, run(a.t, append(fleet(a), "--count", "1", "--name", "first")...))
				if len(s.Computers) != 1 || len(s.Computers[0].Applied) != 1 {
					return fmt.Errorf("%+v", s)
				}
				return nil
			})
		},
		work: func(ctx context.Context, a *appliance, n int, now func()) error {
			time.AfterFunc(time.Duration(100+n*50)*time.Millisecond, now)
			if r := run(a.t, fleet(a)...); r.code != 0 {
				return fmt.Errorf("exit code %d", r.code)
			}
			return nil
		},
		repeat: func(a *appliance) {
			a.t.Helper()
			if r := run(a.t, fleet(a)...); r.code != 0 {
				a.t.Fatalf("simulate: exit code %d: %s%s", r.code, r.stdout, r.stderr)
			}
		},
		result: func(a *appliance) any {
			a.t.Helper()
			type counts struct {
				Computers struct{ Installed, Failed int }
			}
			return decode[counts](a.t, a.sluice(0, "updates", "show", "--json", "KB7000103"))
		},
	}
}
