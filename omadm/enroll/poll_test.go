package enroll_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/omadm/device"
	"sluice/omadm/enroll"
)

func TestPollValidate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*enroll.Poll)
		ok     bool
	}{
		{"default", func(*enroll.Poll) {}, true},
		{"no second round", func(p *enroll.Poll) { p.Second = enroll.Round{} }, true},
		{"a minute", func(p *enroll.Poll) { p.First.Every = time.Minute }, true},
		{"a week", func(p *enroll.Poll) { p.Remaining = 7 * 24 * time.Hour }, true},
		{"no first round", func(p *enroll.Poll) { p.First = enroll.Round{} }, false},
		{"first round for ever", func(p *enroll.Poll) { p.First.Times = 0 }, false},
		{"second round for ever", func(p *enroll.Poll) { p.Second.Times = 0 }, false},
		{"second round faster", func(p *enroll.Poll) { p.Second.Every = p.First.Every - time.Minute }, false},
		{"seconds", func(p *enroll.Poll) { p.First.Every = 90 * time.Second }, false},
		{"never", func(p *enroll.Poll) { p.Remaining = 0 }, false},
		{"too often for ever", func(p *enroll.Poll) { p.Remaining = 14 * time.Minute }, false},
		{"longer than a week", func(p *enroll.Poll) { p.Remaining = 7*24*time.Hour + time.Minute }, false},
		{"too many", func(p *enroll.Poll) { p.First.Times = 1001 }, false},
		{"below zero", func(p *enroll.Poll) { p.Remaining = -time.Hour }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := enroll.DefaultPoll()
			tt.change(&p)
			if err := p.Validate(); (err == nil) != tt.ok {
				t.Errorf("Validate(%+v) = %v, want ok %v", p, err, tt.ok)
			}
		})
	}
}

// A device's own schedule stays near the one that was set, and is always the same.
func TestPollFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.IntRange(0, 7*24*60)
		p := enroll.Poll{
			First:     enroll.Round{Every: time.Duration(minutes.Draw(t, "first")) * time.Minute, Times: 5},
			Second:    enroll.Round{Every: time.Duration(minutes.Draw(t, "second")) * time.Minute, Times: 7},
			Remaining: time.Duration(minutes.Draw(t, "remaining")) * time.Minute,
		}
		id := device.EnrollmentID(rapid.String().Draw(t, "id"))
		got := p.For(id)
		if got != p.For(id) || got.First.Times != 5 || got.Second.Times != 7 {
			t.Fatalf("For(%q) = %+v", id, got)
		}
		for _, d := range [][2]time.Duration{{p.First.Every, got.First.Every}, {p.Second.Every, got.Second.Every}, {p.Remaining, got.Remaining}} {
			if diff := (d[1] - d[0]).Abs(); diff > d[0]/5 || d[1]%time.Minute != 0 {
				t.Fatalf("%v became %v", d[0], d[1])
			}
		}
	})
}

// A room that was enrolled at once does not come at once.
func TestPollSpreads(t *testing.T) {
	t.Parallel()
	p := enroll.DefaultPoll()
	count := map[time.Duration]int{}
	const devices = 3700
	for i := range devices {
		count[p.For(device.EnrollmentID(fmt.Sprintf("%08x-9b1e-4a0e-8d0d-0c7f7a3f1b11", i*2654435761))).Remaining]++
	}
	if len(count) != 37 { // 72 to 108 minutes
		t.Errorf("%d intervals, want 37", len(count))
	}
	for d, n := range count {
		if n > 2*devices/37 {
			t.Errorf("%d of %d devices come every %v", n, devices, d)
		}
	}
}
