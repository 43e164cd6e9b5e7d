package store_test

import (
	"testing"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
)

// A device that took the command to unenrol has a while to say that it leaves.
func TestEndLeft(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	other := d.enroll(d.request("B", "", "PC2"))
	for _, m := range []int64{machine, other} { // the other is not heard
		if err := s.Unenroll(t.Context(), anna, m, device.Command{Verb: device.Exec, URI: "./Unenroll"}); err != nil {
			t.Fatal(err)
		}
	}
	d.learn(n.Enrollment.ID, &dialogue.Lesson{Orders: []dialogue.OrderResult{{ID: openRecord(t, s, n.Enrollment.ID).Orders[0].ID, Status: device.OK}}})
	state := func(m int64, want device.EnrollmentState) {
		t.Helper()
		if err := s.EndLeft(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := enrolledDetail(t, s, m).Enrollment.State; got != want {
			t.Errorf("device %d is %s, want %s", m, got, want)
		}
	}
	state(machine, device.Leaving)
	c.at = c.at.Add(time.Hour)
	state(machine, device.Unenrolled)
	state(other, device.Leaving)
}
