package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/session"
)

// begin opens a session of a device, whose dialogue asks for ./A.
func (w *world) begin(name string) {
	w.tb.Helper()
	w.script.say = append(w.script.say, []device.Command{{Verb: device.Get, URI: "./A"}})
	w.send(envelope{certificate: name}, message(w.tb, name, "1", 1, "2 Alert 1201", "Final"))
}

func (w *world) endedNames() (names []string) {
	w.locked(func() {
		for _, s := range w.ended {
			names = append(names, fmt.Sprintf("%s %t", s.Device, s.Complete))
		}
	})
	return names
}

// The sessions that were not heard for longest make room.
func TestSessionsBounded(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limits session.Limits
		answer string // that D1 to D3 begin with
		want   []string
	}{
		{"count", session.Limits{Sessions: 3}, "", []string{"D2 false", "D3 false"}},
		{"bytes", session.Limits{Memory: 20 << 10}, strings.Repeat("x", 4_000), []string{"D2 false"}},
		{"neither", session.Limits{}, strings.Repeat("x", 4_000), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.limits)
			for i := 1; i <= 5; i++ {
				name := fmt.Sprintf("D%d", i)
				w.enroll(name)
				w.begin(name)
				if i <= 3 && tt.answer != "" {
					w.send(envelope{certificate: name}, message(t, name, "1", 2, "1 Status 1/3 Get 200", fmt.Sprintf("2 Results 1/3 ./A %q", tt.answer)))
				}
				if i == 3 { // D1 is heard again
					w.send(envelope{certificate: "D1"}, message(t, "D1", "1", 2+min(1, len(tt.answer)), "1 Alert 1224 com.microsoft.mdm.requestpending \"1\""))
				}
			}
			if diff := cmp.Diff(tt.want, w.endedNames()); diff != "" {
				t.Errorf("ended: -want +got\n%s", diff)
			}
		})
	}
}

func TestSweep(t *testing.T) {
	w := newWorld(t, session.Limits{})
	w.enroll("D2")
	ctx := context.Background()
	w.begin("D1")
	w.pass(5 * time.Minute)
	w.send(envelope{certificate: "D2"}, message(t, "D2", "1", 1, "2 Alert 1201", "Final"))
	w.engine.Sweep(ctx)
	w.pass(5*time.Minute - 1)
	w.engine.Sweep(ctx)
	if diff := cmp.Diff([]string{"D2 true"}, w.endedNames()); diff != "" {
		t.Errorf("ended: -want +got\n%s", diff)
	}
	w.pass(1)
	w.engine.Sweep(ctx)
	if diff := cmp.Diff([]string{"D2 true", "D1 false"}, w.endedNames()); diff != "" {
		t.Errorf("ended: -want +got\n%s", diff)
	}
}

// Sessions that are over make room before those that go on.
func TestOverMakesRoom(t *testing.T) {
	w := newWorld(t, session.Limits{Sessions: 2})
	w.begin("D1")
	for i := 2; i < 6; i++ {
		name := fmt.Sprintf("D%d", i)
		w.enroll(name)
		w.send(envelope{certificate: name}, message(t, name, "1", 1, "2 Alert 1201", "Final"))
	}
	w.send(envelope{certificate: "D1"}, message(t, "D1", "1", 2, "1 Status 1/3 Get 404", "Final"))
	if got := w.endedNames(); len(got) != 5 || got[4] != "D1 true" {
		t.Errorf("ended %v", got)
	}
}

// At the end of Run what is open is closed, so that no answer is lost.
func TestRun(t *testing.T) {
	w := newWorld(t, session.Limits{})
	w.begin("D1")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.engine.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"D1 false"}, w.endedNames()); diff != "" {
		t.Errorf("ended: -want +got\n%s", diff)
	}
}

// What a device answers is bounded, in package 1 and later.
func TestAnswersBounded(t *testing.T) {
	w := newWorld(t, session.Limits{Answers: 1_000})
	w.script.say = [][]device.Command{{{Verb: device.Get, URI: "./A"}, {Verb: device.Get, URI: "./B"}}}
	env := envelope{certificate: "D1"}
	large := fmt.Sprintf("%q", strings.Repeat("x", 600))
	m := w.send(env, message(t, "D1", "1", 1, "2 Alert 1201", "3 Replace ./DevInfo/DevId "+large, "4 Replace ./X "+large, "5 Alert 1226 a.b "+large, "Final"))
	if want := []string{"1 Status 1/0 SyncHdr 200", "2 Status 1/2 Alert 200", "3 Status 1/3 Replace 200", "4 Status 1/4 Replace 413", "5 Status 1/5 Alert 413", "6 Get ./A", "7 Get ./B", "Final"}; !cmp.Equal(lines(m), want) {
		t.Errorf("answer: %s", cmp.Diff(want, lines(m)))
	}
	w.script.calls = nil
	w.send(env, message(t, "D1", "1", 2, "1 Status 1/6 Get 200", "2 Results 1/6 ./A "+large, "3 Status 1/7 Get 200", "4 Results 1/7 ./B "+large, "Final"))
	got := strings.Join(w.script.calls, "\n")
	if !strings.Contains(got, "./A -> 200 [./A chr") || !strings.HasSuffix(got, "./B -> 413\nclose complete=true") {
		t.Errorf("dialogue:\n%s", got)
	}
}

func TestIsUnenroll(t *testing.T) {
	for _, tt := range []struct {
		code int
		typ  string
		want bool
	}{
		{1226, "com.microsoft:mdm.unenrollment.userrequest", true},
		{1226, " com.microsoft:mdm.unenrollment.userrequest ", true},
		{1226, "Reversed-Domain-Name:com.microsoft.mdm.unenrollment.userrequest", true},
		{1226, "com.microsoft:mdm.unenrollment.userrequest.no", false},
		{1226, "", false},
		{1224, "com.microsoft:mdm.unenrollment.userrequest", false},
	} {
		if got := session.IsUnenroll(device.Alert{Code: tt.code, Type: tt.typ}); got != tt.want {
			t.Errorf("IsUnenroll(%d %q) = %t", tt.code, tt.typ, got)
		}
	}
}

// A session that holds much makes room before those that hold little, however
// long these were not heard.
func TestLargeMakesRoom(t *testing.T) {
	w := newWorld(t, session.Limits{Memory: 64 << 10})
	w.begin("D1")
	w.enroll("D2")
	w.begin("D2")
	answer := fmt.Sprintf("2 Results 1/3 ./A %q", strings.Repeat("x", 70<<10))
	w.send(envelope{certificate: "D2"}, message(t, "D2", "1", 2, "1 Status 1/3 Get 200", answer))
	if diff := cmp.Diff([]string{"D2 false"}, w.endedNames()); diff != "" {
		t.Errorf("ended: -want +got\n%s", diff)
	}
}
