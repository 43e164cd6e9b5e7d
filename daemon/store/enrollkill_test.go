package store_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/device"
	"sluice/wsus/update"
)

// A process that is killed while devices enrol and tell of themselves leaves
// every enrollment whole or not at all: as many as uses of the token, each with
// its certificate, and whatever was answered is there.
func TestKilledWhileEnrolling(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		enrollUntilKilled(t, dir)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	answered := make(map[string]bool)
	for range kills {
		killEnrolling(t, dir, answered)
	}
	s := storetest.Open(t, storetest.Options(t, dir))
	tokens, err := s.EnrollTokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	enrollments := count(t, s, "enrollment")
	for what, n := range map[string]int{
		"uses of the token": tokens[0].Uses - tokens[0].Left, "certificates": count(t, s, "device_certificate"),
		"records": count(t, s, "enrollment_record"), "devices": count(t, s, "device WHERE enrolled = 1"),
		"audit entries": count(t, s, "audit WHERE action = 'device.enroll'"),
	} {
		if n != enrollments {
			t.Errorf("%d %s for %d enrollments", n, what, enrollments)
		}
	}
	names := make(map[string]bool)
	var last int64
	for {
		list, err := s.EnrolledDevices(t.Context(), store.EnrolledFilter{DeviceFilter: store.DeviceFilter{After: last, Limit: 1000}})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, d := range list {
			names["enrolled "+string(d.Enrollment.Device)] = true
			states, err := s.DeviceStates(t.Context(), d.ID)
			if err != nil {
				t.Fatal(err)
			}
			if d.Facts.DNSName != "" && len(states) == 1 {
				names["learned "+string(d.Enrollment.Device)] = true
			}
			last = d.ID
		}
	}
	for what := range answered {
		if !names[what] {
			t.Errorf("%s was answered and is lost", what)
		}
	}
	counts, err := s.UpdateCounts(t.Context())
	if err != nil || counts[uid(1)].Installed != count(t, s, "device_source WHERE source = 'mdm'") {
		t.Errorf("counts %+v, %v, want one of each device that reported", counts, err)
	}
}

func killEnrolling(t *testing.T, dir string, answered map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileEnrolling$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for wait := 4 + rand.IntN(20); wait > 0 && lines.Scan(); {
		if what, ok := strings.CutPrefix(lines.Text(), "answered "); ok {
			answered[what] = true
			wait--
		}
	}
	<-time.After(rand.N(5 * time.Millisecond)) // somewhere within a commit
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		if what, ok := strings.CutPrefix(lines.Text(), "answered "); ok {
			answered[what] = true
		}
	}
	cmd.Wait()
}

func enrollUntilKilled(t *testing.T, dir string) {
	s := open(t, dir)
	d := &door{t: t, s: s, ca: newIssuer(t), now: time.Now, token: [32]byte{1}}
	if tokens, err := s.EnrollTokens(t.Context()); err != nil {
		t.Fatal(err)
	} else if len(tokens) == 0 {
		if _, err := s.CreateEnrollToken(t.Context(), anna, store.EnrollToken{Label: "door", Uses: 1 << 30}, d.token); err != nil {
			t.Fatal(err)
		}
	}
	d.keys = 1000 * count(t, s, "enrollment")
	for {
		n := d.request(fmt.Sprint("dm", d.keys), "", fmt.Sprint("pc", d.keys))
		n.Enrollment.ID = device.EnrollmentID(update.ID{0: 1, 12: byte(d.keys >> 24), 13: byte(d.keys >> 16), 14: byte(d.keys >> 8), 15: byte(d.keys)}.String())
		d.enroll(n)
		fmt.Println("answered enrolled", n.Enrollment.Device)
		l := dns(n, n.Enrollment.Name+".ship.example")
		l.Report, l.ReportedAt = reportOf(map[int]update.State{1: update.Installed}), time.Now()
		d.learn(n.Enrollment.ID, l)
		fmt.Println("answered learned", n.Enrollment.Device)
	}
}
