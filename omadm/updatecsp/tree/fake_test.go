package tree_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

var (
	kb1 = update.MustParseID("a317dafe-baf4-453f-b232-a7075efae36e")
	kb2 = update.MustParseID("00000000-0000-4000-8000-00000000000b")
	kb3 = update.MustParseID("ffffffff-0000-4000-8000-00000000000c")
)

// values are the leaves of a device whose updates stand as a report says, by
// path below the root.
func values(r *tree.Report) map[string]string {
	v := map[string]string{}
	put := func(list string, id update.ID, leaf string, value any) {
		v[fmt.Sprintf("%s/{%s}/%s", list, id, leaf)] = fmt.Sprint(value)
	}
	for id, u := range r.Installable {
		put("InstallableUpdates", id, "Type", int(u.Type))
		put("InstallableUpdates", id, "RevisionNumber", u.Number)
	}
	for id, n := range r.Installed {
		put("InstalledUpdates", id, "RevisionNumber", n)
	}
	for id, f := range r.Failed {
		put("FailedUpdates", id, "HResult", f.HResult)
		put("FailedUpdates", id, "Status", f.Status)
		put("FailedUpdates", id, "RevisionNumber", f.Number)
	}
	for id, p := range r.PendingReboot {
		put("PendingRebootUpdates", id, "InstalledTime", stamp(p.Installed))
		put("PendingRebootUpdates", id, "RevisionNumber", p.Number)
	}
	for _, id := range r.Approved {
		put("ApprovedUpdates", id, "ApprovedTime", stamp(r.ApprovedTimes[id]))
	}
	v["LastSuccessfulScanTime"] = stamp(r.LastScan)
	v["DeferUpgrade"] = fmt.Sprint(r.DeferUpgrade)
	v["Rollback/QualityUpdateStatus"] = r.QualityRollback
	v["Rollback/FeatureUpdateStatus"] = r.FeatureRollback
	return v
}

// stamp is a time as a device says it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return t.Format(time.RFC3339Nano)
}

// answer is what such a device answers to a Get.
func answer(cmd device.Command, values map[string]string) device.Answer {
	uri, query, _ := strings.Cut(cmd.URI, "?")
	path := strings.TrimPrefix(strings.TrimPrefix(uri, "./Vendor/MSFT/Update"), "/")
	path = strings.NewReplacer("%7b", "{", "%7d", "}").Replace(path)
	a := device.Answer{Command: cmd, Status: device.NotFound}
	item := func(path string, format device.Format, data string) {
		a.Status = device.OK
		a.Items = append(a.Items, device.Item{URI: strings.TrimSuffix("./Vendor/MSFT/Update/"+path, "/"), Format: format, Data: data})
	}
	if v, ok := values[path]; ok {
		item(path, device.Chr, v)
		return a
	}
	below := path
	if path != "" {
		below += "/"
	}
	names, seen := []string{}, map[string]bool{}
	for _, leaf := range slices.Sorted(maps.Keys(values)) {
		rest, ok := strings.CutPrefix(leaf, below)
		if !ok {
			continue
		}
		if query != "" {
			steps := strings.Split(rest, "/")
			for i := 1; i < len(steps); i++ {
				if inner := below + strings.Join(steps[:i], "/"); !seen[inner] {
					seen[inner] = true
					item(inner, device.Node, "")
				}
			}
			item(leaf, device.Chr, values[leaf])
			continue
		}
		name, _, _ := strings.Cut(rest, "/")
		if name = strings.NewReplacer("{", "%7B", "}", "%7D").Replace(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		item(path, device.Node, strings.Join(names, "/"))
	}
	return a
}

// full is a report with something of everything.
func full() *tree.Report {
	at := time.Date(2026, 3, 14, 7, 30, 0, 0, time.UTC)
	return &tree.Report{
		LastScan:        at,
		Installable:     map[update.ID]tree.Installable{kb1: {Type: tree.Security, Number: 201}},
		Installed:       map[update.ID]int32{kb2: 100},
		Failed:          map[update.ID]tree.Failure{kb3: {HResult: -2147024894, Status: 256, Number: 1}},
		PendingReboot:   map[update.ID]tree.Pending{kb2: {Installed: at.Add(time.Hour), Number: 101}},
		Approved:        []update.ID{kb2, kb1},
		ApprovedTimes:   map[update.ID]time.Time{kb1: at.Add(2 * time.Hour)},
		DeferUpgrade:    true,
		QualityRollback: "0x00000000",
		FeatureRollback: "0x80070490",
	}
}
