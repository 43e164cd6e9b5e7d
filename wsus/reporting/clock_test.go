package reporting_test

import (
	"fmt"
	"testing"
	"time"
)

// Whatever a client's clock says, what it reports is placed in the server's
// time, in its order, and never in the future.
func TestClocks(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) string { return start.Add(d).Format("2006-01-02T15:04:05.000Z") }
	const year = 365 * 24 * time.Hour
	for _, tt := range []struct {
		name         string
		sent         string // by the client's clock
		first, event string // two events
		want         [2]time.Duration
		moved        bool
	}{
		{"right", at(0), at(-2 * time.Minute), at(-time.Minute), [2]time.Duration{-2 * time.Minute, -time.Minute}, false},
		{"nearly right", at(50 * time.Second), at(-time.Minute), at(50 * time.Second), [2]time.Duration{-time.Minute, 50 * time.Second}, false},
		{"an hour behind", at(-time.Hour), at(-2 * time.Hour), at(-time.Hour), [2]time.Duration{-time.Hour, 0}, true},
		{"years ahead", at(5 * year), at(5*year - 2*time.Minute), at(5*year - time.Minute), [2]time.Duration{-2 * time.Minute, -time.Minute}, true},
		{"years behind", at(-9 * year), at(-9*year - 2*time.Minute), at(-9*year - time.Minute), [2]time.Duration{-2 * time.Minute, -time.Minute}, true},
		{"set back before it sent", at(0), at(-time.Minute), at(5 * year), [2]time.Duration{-time.Minute, 0}, true},
		{"no time of sending", "", at(-time.Minute), at(5 * year), [2]time.Duration{-time.Minute, 0}, true},
		{"the end of time", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", [2]time.Duration{0, 0}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			inner := "<eventBatch>" + eventXML(1, 167, tt.first, kb1) + eventXML(2, 162, tt.event, kb1) + eventXML(3, 156, tt.event, nothing) + "</eventBatch>"
			if tt.sent != "" {
				inner = "<clientTime>" + tt.sent + "</clientTime>" + inner
			}
			if rec := o.call("ReportEventBatch", 1, inner); rec.Code != 200 {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			r := o.reports[0]
			got := fmt.Sprint(r.Events[0].Time.Sub(start), r.Events[1].Time.Sub(start), r.Status.Time.Sub(start), r.Moved)
			if want := fmt.Sprint(tt.want[0], tt.want[1], tt.want[1], tt.moved); got != want {
				t.Errorf("events, status, moved: %s, want %s", got, want)
			}
		})
	}
}
