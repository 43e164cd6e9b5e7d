package clientsync_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// synthWorld serves a made catalog of n revisions. Cores are capped, so that it
// fits in memory.
func synthWorld(tb testing.TB, n int) *world {
	w := newWorld(tb)
	c := synth.New(synth.Shape{Revisions: n, Seed: 1, MaxCore: 64 << 10})
	for i := range c.Len() {
		w.document(c.Item(i).Document)
	}
	w.serve()
	return w
}

// document adds a revision by its document, under the next RevisionID.
func (w *world) document(doc []byte) *update.Revision {
	w.tb.Helper()
	rev, fragments, err := metadata.Split(doc)
	if err != nil {
		w.tb.Fatal(err)
	}
	id := update.RevisionID(len(w.rows) + 1)
	w.add(catalog.Row{
		ID: id, Identity: rev.Identity, Type: rev.Type, Category: rev.Category,
		Deployable: rev.ExplicitlyDeployable, Expired: rev.Expired, Document: true,
		Prerequisites: rev.Prerequisites, Bundles: rev.Bundles, Supersedes: rev.Supersedes, Drivers: rev.Drivers,
		Since: start, Seq: 1,
	}, string(fragments.Core))
	w.details[id] = &clientsync.Details{
		Extended: fragments.Extended, DefaultLanguage: rev.DefaultLanguage,
		Localized: fragments.Localized, Eula: fragments.Eula, Files: rev.Files,
	}
	return rev
}

// null is a http.ResponseWriter that counts.
type null struct {
	header http.Header
	bytes  int
}

func (n *null) Header() http.Header { return n.header }
func (n *null) WriteHeader(int)     {}

func (n *null) Write(p []byte) (int, error) {
	n.bytes += len(p)
	return len(p), nil
}

// client is a computer that has seven in eight of the products and detectoids.
type client struct {
	w                *world
	sealed           string
	installed, other []int
	trips, bytes     int
}

// scan calls SyncUpdates until nothing is new and returns how often that was.
func (c *client) scan() {
	for {
		body := c.request()
		r := c.w.post(clientPath, body, "Accept-Encoding", "xpress")
		if r.status != http.StatusOK {
			c.w.tb.Fatalf("%d %.500s", r.status, r.body)
		}
		c.trips++
		c.bytes += r.wire
		c.sealed = r.next(c.w.tb)
		again := truncated(r)
		for _, info := range strings.Split(r.body, "<UpdateInfo>")[1:] {
			if !strings.Contains(info, "<Xml>") {
				continue
			}
			m := number.FindString(info)
			id := 0
			for _, d := range m {
				id = id*10 + int(d-'0')
			}
			if strings.Contains(info, "<IsLeaf>false</IsLeaf>") {
				again = true
				if len(c.installed) < 390 && id%8 != 0 {
					c.installed = append(c.installed, id)
					continue
				}
			}
			c.other = append(c.other, id)
		}
		if !again {
			return
		}
	}
}

func (c *client) request() string {
	slices.Sort(c.installed)
	slices.Sort(c.other)
	return envelope("http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService", "SyncUpdates",
		cookieXML("cookie", c.sealed)+"<parameters><ExpressQuery>false</ExpressQuery>"+intsXML("InstalledNonLeafUpdateIDs", c.installed...)+
			intsXML("OtherCachedUpdateIDs", c.other...)+"<SkipSoftwareSync>false</SkipSoftwareSync><ComputerSpec/></parameters>")
}

// BenchmarkScan measures the server's side of scans, decoding by the client left
// out of a delta scan and in it in a first scan.
func BenchmarkScan(b *testing.B) {
	w := synthWorld(b, 10_000)
	c := &client{w: w, sealed: w.cookie()}
	c.scan()
	b.Run("delta", func(b *testing.B) {
		body := c.request()
		r := httptest.NewRequest(http.MethodPost, clientPath, nil)
		r.Header.Set("Accept-Encoding", "xpress")
		out := &null{header: make(http.Header)}
		b.ReportAllocs()
		for b.Loop() {
			r.Body = nopCloser{strings.NewReader(body)}
			clear(out.header)
			out.bytes = 0
			w.server.ServeHTTP(out, r)
		}
		b.ReportMetric(float64(len(c.installed)+len(c.other)), "held")
		b.ReportMetric(float64(out.bytes), "sent-B")
	})
	b.Run("first", func(b *testing.B) {
		w.tb = b
		var first *client
		b.ReportAllocs()
		for b.Loop() {
			first = &client{w: w, sealed: w.cookie()}
			first.scan()
		}
		b.ReportMetric(float64(first.trips), "trips")
		b.ReportMetric(float64(first.bytes), "sent-B")
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*first.trips), "us/trip")
	})
	// One full page of the first scan, without the client's work.
	b.Run("page", func(b *testing.B) {
		half := &client{w: w, sealed: w.cookie(), installed: c.installed, other: c.other[:len(c.other)/2]}
		body := half.request()
		r := httptest.NewRequest(http.MethodPost, clientPath, nil)
		r.Header.Set("Accept-Encoding", "xpress")
		out := &null{header: make(http.Header)}
		b.ReportAllocs()
		for b.Loop() {
			r.Body = nopCloser{strings.NewReader(body)}
			clear(out.header)
			out.bytes = 0
			w.server.ServeHTTP(out, r)
		}
		b.ReportMetric(float64(out.bytes), "sent-B")
	})
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }

// TestSynthScan scans a made catalog whole: the client ends with everything that
// its products need, and the second scan is one call.
func TestSynthScan(t *testing.T) {
	t.Parallel()
	w := synthWorld(t, 500)
	w.limits.PageUpdates = 20
	w.serve()
	c := &client{w: w, sealed: w.cookie()}
	c.scan()
	if len(c.installed) == 0 || len(c.other) < 30 {
		t.Fatalf("%d installed, %d others", len(c.installed), len(c.other))
	}
	installed, all := len(c.installed), len(c.installed)+len(c.other)
	c.trips = 0
	c.scan()
	if c.trips != 1 || len(c.installed) != installed || len(c.installed)+len(c.other) != all {
		t.Errorf("the second scan took %d calls and found %d more", c.trips, len(c.installed)+len(c.other)-all)
	}
	if budget := w.snap.Budget(20, 2<<20); budget.Revisions < all {
		t.Errorf("a budget of %d revisions, but %d were sent", budget.Revisions, all)
	}
}
