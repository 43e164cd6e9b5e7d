package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sluice/wsus/clientsync"
)

// lobby is an admission with a clock and a log to read.
type lobby struct {
	*admission
	at      time.Time
	devices int
	log     bytes.Buffer
}

func newLobby() *lobby {
	l := &lobby{at: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	l.admission = newAdmission(slog.New(slog.NewTextHandler(&l.log, nil)), func() time.Time { return l.at }, func() int { return l.devices })
	return l
}

// let lets up to n in from an address and returns how many came in.
func (l *lobby) let(t *testing.T, n int, addr string) (in int) {
	t.Helper()
	for range n {
		err := l.admit(addr)
		if err == nil {
			in++
			l.devices++
		} else if !errors.Is(err, clientsync.ErrTooMany) {
			t.Fatal(err)
		}
	}
	return in
}

// A branch whose computers are all new, behind one address, gets in at once; a
// flood of one does not, and does not keep others out.
func TestAdmissionOfOneAddress(t *testing.T) {
	t.Parallel()
	l := newLobby()
	if in := l.let(t, 2_000, "192.0.2.1"); in != 2_000 {
		t.Errorf("%d of a branch of 2,000 are let in", in)
	}
	if in := l.let(t, 50_000, "192.0.2.2"); in != admitBurstAddr {
		t.Errorf("a flood of one address brings %d, want %d", in, admitBurstAddr)
	}
	if in := l.let(t, 100, "192.0.2.3"); in != 100 {
		t.Errorf("during a flood of another address %d of 100 are let in", in)
	}
	l.at = l.at.Add(time.Hour)
	if in := l.let(t, 50_000, "192.0.2.2"); in != admitHourlyAddr {
		t.Errorf("an hour later the flood brings %d, want %d", in, admitHourlyAddr)
	}
	l.at = l.at.AddDate(-1, 0, 0)
	if in := l.let(t, 10, "192.0.2.2"); in != 0 {
		t.Errorf("a clock that is set back lets %d in", in)
	}
	lines := strings.Split(strings.TrimSpace(l.log.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "from=192.0.2.2") {
		t.Errorf("the log has %d lines, want one for each minute with refusals:\n%s", len(lines), l.log.String())
	}
}

func TestAdmissionOverall(t *testing.T) {
	t.Parallel()
	l := newLobby()
	in := 0
	for i := range 360_000 { // a hundred a second, for an hour
		l.at = l.at.Add(10 * time.Millisecond)
		in += l.let(t, 1, fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff))
	}
	if want := admitBurst + admitHourly; in < want-100 || in > want || len(l.addrs.of) > maxTallied {
		t.Errorf("360,000 addresses bring %d computers and are kept as %d, want %d and at most %d", in, len(l.addrs.of), want, maxTallied)
	}
	if l := newLobby(); l.let(t, 20_000, "2001:db8::1")+l.let(t, 20_000, "2001:db8::2") != admitBurstAddr {
		t.Error("two addresses of one /64 count as two")
	}
	if l := newLobby(); l.let(t, 200_000, "127.0.0.1") != admitBurst {
		t.Error("this machine counts as an address")
	}
	l = newLobby()
	l.devices = maxDevices - 1
	if in := l.let(t, 3, "192.0.2.1"); in != 1 || !strings.Contains(l.log.String(), "delete those that are gone") {
		t.Errorf("%d come in where one has room; log %s", in, l.log.String())
	}
}
