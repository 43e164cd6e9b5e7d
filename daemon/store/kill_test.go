package store_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
)

// killDir names the data folder to the process that is to be killed.
const killDir = "SLUICE_TEST_KILL_DIR"

// killRevisions is what the medium of these tests holds: every fiftieth with a
// core of several chunks, every tenth a bundle.
const killRevisions = 600

func killMedium() []*made {
	var all []*made
	for n := range killRevisions {
		m := software(n, 1, withFile(n, 1))
		switch {
		case n%50 == 25:
			m.frags.Core = bytes.Repeat(fmt.Appendf(nil, "<a n=\"%d\"/>", n), 200_000)
		case n%10 == 0:
			bundling(named(n+1), named(n+2))(m)
		}
		all = append(all, m)
	}
	return all
}

// A process that is killed while it imports leaves a store that opens clean and
// an import that finishes when it is repeated.
func TestKilledWhileStaging(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		stageUntilKilled(t, dir)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	for range kills {
		killOne(t, dir)
	}
	s := storetest.Open(t, storetest.Options(t, dir))
	importInBatches(t, s, func() {})
	waitFor(t, "the check", func() bool { return !s.Checking() })
	if err := s.Health(); err != nil {
		t.Error(err)
	}
	rows := graph(t, s)
	if len(rows) != killRevisions {
		t.Errorf("%d revisions, want %d", len(rows), killRevisions)
	}
	for _, m := range killMedium() {
		f, err := s.Fragments(t.Context(), rows[m.rev.Identity].ID)
		if err != nil || !bytes.Equal(f.Core, m.frags.Core) {
			t.Fatalf("core of %v changed, %v", m.rev.Identity, err)
		}
	}
	if n := count(t, s, "variant WHERE complete = 0"); n != 0 {
		t.Errorf("%d variants are incomplete", n)
	}
	if n := count(t, s, "closure"); n != 2*killRevisions/10 {
		t.Errorf("%d pairs in the closure, want %d", n, 2*killRevisions/10)
	}
	if n := count(t, s, "import"); n != 1 {
		t.Errorf("%d imports, want one that was resumed", n)
	}
}

// killOne starts a process that imports and kills it some time later.
func killOne(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileStaging$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for wait := 1 + rand.IntN(8); wait > 0 && lines.Scan(); wait-- {
		if lines.Text() == "PASS" || lines.Text() == "FAIL" {
			t.Fatal("the process ended before it was killed")
		}
	}
	<-time.After(rand.N(20 * time.Millisecond)) // somewhere within a batch
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
}

func stageUntilKilled(t *testing.T, dir string) {
	s := open(t, dir)
	for {
		importInBatches(t, s, func() { fmt.Println("batch") })
	}
}

func importInBatches(t *testing.T, s *store.Store, staged func()) {
	t.Helper()
	st := storetest.Begin(t, s, medium("killed"))
	all := killMedium()
	for len(all) > 0 {
		stage(t, st, all[:20]...)
		all = all[20:]
		staged()
	}
	if os.Getenv(killDir) == "" {
		storetest.Apply(t, st, stage(t, st))
	}
}
