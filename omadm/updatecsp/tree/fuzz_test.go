package tree_test

import (
	"strings"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp/tree"
)

// FuzzRead reads answers: lines of an URI and data for each item, to what each
// part asks for.
func FuzzRead(f *testing.F) {
	for _, r := range []*tree.Report{full(), {}} {
		for _, p := range tree.Parts() {
			for _, cmd := range []device.Command{p.Get(), p.GetNames()} {
				var lines []string
				for _, i := range answer(cmd, values(r)).Items {
					lines = append(lines, i.URI+"\t"+i.Data)
				}
				f.Add(int(p), 200, strings.Join(lines, "\n"))
			}
		}
	}
	f.Add(int(tree.Root), 200, "./Vendor/MSFT/Update\ta/b")
	f.Add(int(tree.FailedList), 404, "")
	f.Add(int(tree.PendingList), 0, "\t{a317dafe-baf4-453f-b232-a7075efae36e}/%7ba317dafe-baf4-453f-b232-a7075efae36e%7d")
	f.Fuzz(func(t *testing.T, part, status int, lines string) {
		p := tree.Parts()[uint(part)%uint(len(tree.Parts()))]
		a := device.Answer{Command: p.Get(), Status: device.Status(status)}
		for line := range strings.Lines(lines) {
			uri, data, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			a.Items = append(a.Items, device.Item{URI: uri, Data: data})
		}
		r := tree.NewReading(full())
		r.Take(a)
		got := r.Report()
		got.States()
		if len(r.Notes()) > 17 {
			t.Errorf("%d notes", len(r.Notes()))
		}
		r.Missing(p, 10)
		// What was read says the same when it is said plainly.
		again := tree.NewReading(nil)
		for _, p := range tree.Parts() {
			for _, cmd := range append([]device.Command{p.Get()}, again.Missing(p, 1)...) {
				again.Take(answer(cmd, values(got)))
			}
			for _, cmd := range again.Missing(p, 1<<20) {
				again.Take(answer(cmd, values(got)))
			}
		}
		got = got.Clone()
		got.Nodes = again.Report().Nodes
		for _, untold := range []bool{got.Installable == nil, got.Installed == nil, got.Failed == nil, got.PendingReboot == nil, got.Approved == nil} {
			if untold {
				return // a device without an Update CSP
			}
		}
		if !again.Report().Equal(got) || len(again.Notes()) > 0 {
			t.Errorf("read %+v\nagain %+v\nnotes %q", got, again.Report(), again.Notes())
		}
	})
}
