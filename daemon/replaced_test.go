package daemon_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/metadata"
	"sluice/wsus/soap/soaptest"
	"sluice/wsus/soap/xpress"
	"sluice/wsus/update"
)

// stand is what a scan needs besides the store: one registered device, a key,
// and the snapshot that is current.
type stand struct {
	clientsync.Roster
	snapshot *catalog.Snapshot
}

func (s *stand) Current() *catalog.Snapshot { return s.snapshot }

func (s *stand) Seat(device int64) (clientsync.Seat, bool) {
	return clientsync.Seat{Device: device, Registered: true}, true
}

func (s *stand) Sets(catalog.PlanKey) (catalog.GroupSet, *catalog.HoldSet, bool) {
	return nil, nil, true
}

func cookieKey() cookie.Key { return cookie.Key{ID: 1, Secret: bytes.Repeat([]byte{1}, 32)} }

type oneKey struct{}

func (oneKey) Current() cookie.Key { return cookieKey() }

func (oneKey) ByID(uint32) (cookie.Key, bool) { return cookieKey(), true }

// look makes the snapshot of what is in the store now.
func (s *stand) look(tb testing.TB, from *store.Store) *catalog.Snapshot {
	tb.Helper()
	g, err := catalog.Build(from.GraphRows(tb.Context()))
	if err != nil {
		tb.Fatal(err)
	}
	s.snapshot = catalog.NewSnapshot(g, &catalog.Rules{}, from.Seq(), recordedAt())
	return s.snapshot
}

// core returns the core of an update whose rule is n bytes long.
func core(n int, letter string) string {
	return `<UpdateIdentity UpdateID="5eed0000-0000-4000-8000-000000000001" RevisionNumber="1" /><Properties UpdateType="Software" ExplicitlyDeployable="true" />` +
		`<ApplicabilityRules><IsInstalled><b.FileExists Path="` + strings.Repeat(letter, n) + `" /></IsInstalled></ApplicabilityRules>`
}

// TestCoreReplacedWhileScanning imports a revision again with another core. A
// scan that is answered from the snapshot before gets the core of that time,
// whole, with the length that was announced; one from the snapshot after it the
// new one.
func TestCoreReplacedWhileScanning(t *testing.T) {
	t.Parallel()
	for name, cores := range map[string][2]string{
		"small by small": {core(10, "a"), core(20, "b")},
		"small by large": {core(10, "a"), core(1_200_000, "b")},
		"large by small": {core(1_200_000, "a"), core(10, "b")},
		"large by large": {core(1_200_000, "a"), core(1_100_000, "b")},
		"large, as long": {core(1_100_000, "a"), core(1_100_000, "b")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &stand{}
			s := storetest.New(t)
			box := cookie.NewBox(oneKey{}, s.Lineage(), recordedAt)
			srv := httptest.NewServer(clientsync.New(clientsync.Config{
				Catalog: st, Roster: st, Bodies: s, Cookies: box, Now: recordedAt,
				Settings: func() *clientsync.Settings {
					return &clientsync.Settings{LastChange: recordedAt(), Host: "x", ContentPort: 1}
				},
			}, slog.New(slog.DiscardHandler)))
			defer srv.Close()
			sealed, err := box.Seal(cookie.Cookie{Device: 1, Expires: recordedAt().Add(time.Hour), Config: recordedAt(), Protocol: cookie.Protocol{Major: 2, Minor: 90}})
			if err != nil {
				t.Fatal(err)
			}
			var snapshots [2]*catalog.Snapshot
			for i, c := range cores {
				importFragments(t, s, fmt.Sprint("medium ", i), c)
				snapshots[i] = st.look(t, s)
			}
			for _, i := range []int{1, 0, 1} {
				st.snapshot = snapshots[i]
				for _, coding := range []string{"identity", "xpress"} {
					if got := scannedCore(t, srv.URL, sealed, coding); got != cores[i] {
						t.Errorf("snapshot %d, %s: a core of %d bytes, want the one of %d", i, coding, len(got), len(cores[i]))
					}
				}
			}
		})
	}
}

// importFragments imports a revision of which only the core is known.
func importFragments(tb testing.TB, s *store.Store, medium, core string) {
	tb.Helper()
	f := &update.Fragments{Core: []byte(core)}
	rev, err := metadata.FromFragments(f)
	if err != nil {
		tb.Fatal(err)
	}
	st := storetest.Begin(tb, s, update.Medium{Source: medium, Format: "test", Provenance: update.Upstream, Key: medium})
	p := storetest.Prepare(tb, st, rev, &update.Item{Name: medium, Fragments: f}, f)
	storetest.Apply(tb, st, storetest.Stage(tb, st, p))
}

// scannedCore scans as a client that holds nothing, and returns the only core.
func scannedCore(tb testing.TB, url string, sealed []byte, coding string) string {
	tb.Helper()
	body := strings.Replace(strings.Replace(tooManyInstalled(), strings.Repeat("<int>16</int>", 401), "", 1), "AAAA", base64.StdEncoding.EncodeToString(sealed), 1)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+clientsync.ClientPath, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", coding)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	var r io.Reader = res.Body
	if coding == "xpress" {
		r = xpress.NewReader(r)
	}
	// A body that is shorter than its Content-Length is an error here.
	text, err := io.ReadAll(r)
	if err != nil {
		tb.Fatalf("%s: %v after %d bytes", coding, err, len(text))
	}
	root, err := soaptest.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	infos := root.Find("UpdateInfo")
	if len(infos) != 1 {
		tb.Fatalf("%d updates in %.600s", len(infos), text)
	}
	return infos[0].Child("Xml")
}
