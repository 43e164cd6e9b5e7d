package store_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

// rows counts what a query yields.
func rows(t *testing.T, s *store.Store, query string) (n int) {
	t.Helper()
	err := s.Write(t.Context(), "count", func(tx *store.Tx) error { return tx.QueryRow(query).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFloodOfNames(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc0")
	for i := range 100 {
		if got := login(t, s, "c1", fmt.Sprint("pc", i)); got != d {
			t.Fatalf("the client id names device %d, then %d", d, got)
		}
	}
	for i := range 100 { // under the last name
		if got := login(t, s, fmt.Sprint("id", i), "pc99"); got != d {
			t.Fatalf("the name continues device %d, then %d", d, got)
		}
	}
	for _, kind := range []string{"name", "client"} {
		if n := rows(t, s, `SELECT count(*) FROM device_alias WHERE kind = '`+kind+`'`); n != 32 {
			t.Errorf("%d aliases of kind %s are kept, want the last 32", n, kind)
		}
	}
	if login(t, s, "id80", "pc99") != d || login(t, s, "id99", "pc99") != d {
		t.Error("what was kept no longer names the device")
	}
}

func TestNewDevicesAreAdmitted(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	o := storetest.Options(t, t.TempDir())
	open := true
	o.Admit = func(addr string) error {
		if open && addr == "10.0.0.1" {
			return nil
		}
		return full
	}
	s := storetest.Open(t, o)
	d := login(t, s, "c1", "pc1")
	open = false
	if login(t, s, "c1", "pc1") != d || login(t, s, "c2", "pc1") != d {
		t.Error("who is known is taken for new")
	}
	if _, _, err := s.ClaimDevice(t.Context(), fleet.Claim{ClientID: "c3", Name: "pc3", Addr: "10.0.0.1"}, false); !errors.Is(err, full) {
		t.Errorf("a new device where none is admitted: %v", err)
	}
	if n := rows(t, s, `SELECT count(*) FROM device`); n != 1 {
		t.Errorf("%d devices", n)
	}
}

func TestFloodOfEvents(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc1")
	number := uint32(0)
	batch := func(n int, of update.Identity, kind int) reporting.Report {
		r := reporting.Report{Received: reportTime}
		for range n {
			number++
			e := update.Event{Time: reportTime.Add(time.Duration(number) * time.Millisecond), EventID: kind, Update: of}
			if kind == 0 {
				e.EventID = int(number)
			}
			binary.BigEndian.PutUint32(e.InstanceID[:], number)
			r.Events = append(r.Events, e)
		}
		return r
	}
	for range 6 {
		report(t, s, d, batch(2000, named(1), 162))
	}
	report(t, s, d, batch(1000, update.Identity{}, 0))
	if n := rows(t, s, `SELECT count(*) FROM event`); n != 10_000 {
		t.Errorf("%d events are kept, want 10,000", n)
	}
	if n := rows(t, s, `SELECT count(*) FROM last_event`); n != 256 {
		t.Errorf("%d kinds of events are kept, want 256", n)
	}
	if n := rows(t, s, `SELECT count(*) FROM event WHERE time <= `+fmt.Sprint(reportTime.Add(2*time.Second).UnixMilli())); n != 0 {
		t.Errorf("%d of the oldest events are kept", n)
	}
}

func TestFloodOfHardware(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc1")
	ids := []string{strings.Repeat("x", 201)}
	for i := range 20_000 {
		ids = append(ids, fmt.Sprint(`PCI\`, i))
	}
	if err := s.NoteHardware(t.Context(), d, ids); err != nil {
		t.Fatal(err)
	}
	if n := rows(t, s, `SELECT count(*) FROM hardware`); n != 8_192 {
		t.Errorf("%d ids of a device are kept, want 8,192", n)
	}
	err := s.Write(t.Context(), "fill", func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO hardware (id, text) VALUES (1000000, 'last')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.NoteHardware(t.Context(), d, []string{"new"}); !errors.Is(err, store.ErrHardwareFull) {
		t.Errorf("the id after the last: %v", err)
	}
	if err := s.NoteHardware(t.Context(), d, ids); err != nil {
		t.Errorf("what is known: %v", err)
	}
}

func TestFloodOfMisses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var addrs []string
	for i := range 300 {
		addrs = append(addrs, fmt.Sprint("10.0.", i/256, ".", i%256))
	}
	for range 2 {
		if err := s.NoteMissed(t.Context(), digest(1), addrs...); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Missed(t.Context()); err != nil || got[digest(1)] != 100 {
		t.Errorf("missed %v, %v, want 100 of a file and day", got, err)
	}
}

// A device that logged in while the clock was years ahead is not seen in the
// future for ever.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	c := &clock{reportTime.AddDate(9, 0, 0)}
	s := openAt(t, c)
	d := login(t, s, "c1", "pc1")
	c.at = reportTime
	login(t, s, "c1", "pc1")
	if got, err := s.Device(t.Context(), d); err != nil || !got.LastSeen.Equal(reportTime) {
		t.Errorf("last seen %v, %v, want %v", got.LastSeen, err, reportTime)
	}
}

// Known computers are served while the disk is full, new ones later.
func TestLoginWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	c := &clock{reportTime}
	s := openAt(t, c)
	d := login(t, s, "c1", "pc1")
	pragma := func(query string) (n int) {
		t.Helper()
		err := s.Write(t.Context(), "pragma", func(tx *store.Tx) error { return tx.QueryRow(query).Scan(&n) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	pragma(fmt.Sprintf("PRAGMA max_page_count = %d", pragma("PRAGMA page_count")))
	claim := func(client string) (int64, error) {
		d, _, err := s.ClaimDevice(t.Context(), fleet.Claim{ClientID: client, Name: "pc" + client[1:], Groups: []string{strings.Repeat("x", 60_000)}}, true)
		return d, err
	}
	if got, err := claim("c1"); got != d || err != nil {
		t.Errorf("a known computer: device %d, %v, want %d", got, err, d)
	}
	if _, err := claim("c2"); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("a new computer: %v, want ErrDiskFull", err)
	}
	pragma("PRAGMA max_page_count = 1000000")
	if got, err := claim("c2"); got == d || err != nil {
		t.Errorf("with room again: device %d, %v", got, err)
	}
}

// Devices that named so many updates which do not exist that no more are told
// apart do not keep what the catalog has from being counted.
func TestFloodOfUpdates(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	importAll(t, s, "one", software(1, 1))
	d := openDoor(t, s, c.now)
	n := d.request("A", "hw", "PC1")
	machine := d.enroll(n)
	if err := s.Write(t.Context(), "flood", func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO update_number (id, update_id) VALUES (500000, x'ff')`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.learn(n.Enrollment.ID, &dialogue.Lesson{Report: &tree.Report{Installable: map[update.ID]tree.Installable{uid(1): {}, uid(2): {}}}, ReportedAt: monday})
	states, err := s.DeviceStates(t.Context(), machine)
	if err != nil || len(states) != 1 || states[0].Update != uid(1) {
		t.Errorf("states %+v, %v, want that of the update in the catalog alone", states, err)
	}
}
