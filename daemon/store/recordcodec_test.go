package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// Every field of what a session teaches comes back, also those that are added
// to it later: all are drawn.
func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	// Times as the database keeps them.
	millis := rapid.Custom(func(t *rapid.T) any { return fromMillis(rapid.Int64Range(0, 1<<42).Draw(t, "millis")) })
	moments := rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{reflect.TypeFor[time.Time](): millis}}
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.MapOf(rapid.String(), rapid.MakeCustom[dialogue.Setting](moments)).Draw(rt, "settings")
		got, err := readSettings(appendSettings(nil, want))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("settings: -want +got\n%s", diff)
		}
		report := rapid.MakeCustom[*tree.Report](moments).Draw(rt, "report")
		if report == nil {
			return
		}
		back, err := readReport(appendReport(nil, report))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(report, back); diff != "" {
			rt.Fatalf("report: -want +got\n%s", diff)
		}
	})
}

// Stored bytes that are damaged give an error, no panic and no large list.
func FuzzReadRecord(f *testing.F) {
	f.Add(appendSettings(nil, map[string]dialogue.Setting{"a": {Value: "1", At: time.Unix(1, 0)}}))
	f.Add(appendReport(nil, &tree.Report{Installed: map[update.ID]int32{{1}: 2}, Nodes: []string{"x"}}))
	f.Add(appendSaid(nil, map[int64]said{7: {state: update.Failed, since: 1, result: -1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		readSettings(b)
		readReport(b)
		readSaid(b)
	})
}
