package agent

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/update"
)

var rewrite = flag.Bool("update", false, "rewrite the golden requests in testdata")

// TestRequests compares every request with testdata/requests: the captures that
// they were held against are not part of the project.
func TestRequests(t *testing.T) {
	t.Parallel()
	id := update.MustParseID("e1da06a3-5601-43c9-bac3-52d5db701494")
	m := Windows11(id, "pc.example")
	m.Computer.RequestedGroups = []string{"Pilot", "R&D"}
	m.Devices[0].Extensions = []ExtensionDriver{{ExtensionID: "{E}", VerVersion: 7, Class: "{C}", Rank: 3}}
	m.Devices[0].Driver.IsGeneric, m.Devices[0].Driver.SkipProviderFiltering = true, true
	m.Devices[1].Flags = 1
	m.Devices = append(m.Devices, Device{HardwareIDs: []string{"NONE"}})
	now := time.Date(2026, 10, 4, 15, 3, 36, 120e6, time.UTC)
	cookie := Cookie{Expiration: "2026-10-04T16:03:35.9967236Z", Data: "AAAA"}
	sync := syncRequest{cookie: cookie, installed: []update.RevisionID{1, 2}, other: []update.RevisionID{3}, device: "A=1;", caller: "Id=x;"}
	filtered := sync
	filtered.filter = []update.ID{id}
	drivers := sync
	drivers.machine, drivers.drivers = &m, []update.RevisionID{9}
	identity := []update.Identity{{ID: id, Number: 5}}
	event := update.Event{
		InstanceID: id, ClientID: id.String(), Time: now, Namespace: 1, EventID: 183, Source: 101, Update: identity[0],
		Win32Result: -1, AppName: "a<b", Replacement: []string{"Title & more"}, Misc: []string{"G=1", "g=2"},
	}
	for name, got := range map[string][]byte{
		"GetConfig":                getConfig(),
		"GetAuthorizationCookie":   getAuthorizationCookie(&m.Computer),
		"GetCookie":                getCookie("SimpleTargeting", "BBBB", Cookie{}, "2026-10-04T13:17:07.59Z", now),
		"GetCookie-again":          getCookie("SimpleTargeting", "BBBB", cookie, "2026-10-04T13:17:07.59Z", now),
		"RegisterComputer":         registerComputer(cookie, &m.Computer),
		"StartCategoryScan":        startCategoryScan([]update.ID{id, {}}),
		"SyncUpdates-first":        syncUpdates(&syncRequest{cookie: cookie}),
		"SyncUpdates-again":        syncUpdates(&sync),
		"SyncUpdates-category":     syncUpdates(&filtered),
		"SyncUpdates-drivers":      syncUpdates(&drivers),
		"GetExtendedUpdateInfo":    getExtendedUpdateInfo(cookie, sync.installed, m.Locales, "A=1;", "USA", "Id=x;"),
		"GetExtendedUpdateInfo2":   getExtendedUpdateInfo2(cookie, identity, m.Locales, "Id=x;"),
		"RefreshCache":             refreshCache(cookie, identity),
		"GetFileLocations":         getFileLocations(cookie, []update.Digest{{1}}),
		"SyncPrinterCatalog":       syncPrinterCatalog(cookie, sync.installed, nil),
		"GetRequiredInventoryType": getRequiredInventoryType(cookie, id, "1.0"),
		"ReportInventory":          reportInventory(cookie, now, "<I/>"),
		"ReportEventBatch":         reportEventBatch(cookie, now, &m, []update.Event{event, {}}),
	} {
		file := filepath.Join("testdata", "requests", name+".xml")
		if *rewrite {
			if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(bytes.TrimSpace(want)), string(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
