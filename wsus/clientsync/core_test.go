package clientsync_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// TestCores sends small and large cores, with and without Xpress, cold and warm.
func TestCores(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cores := map[int]string{}
	for i, n := range []int{10, 40_000, 100, 16 << 10, 16<<10 + 1, 300_000} {
		id := i + 1
		cores[id] = strings.Repeat(`<a b="c" /> & ü'`, n/17+1)[:n]
		if strings.HasSuffix(cores[id], "\xc3") {
			cores[id] = cores[id][:n-1] + "x"
		}
		w.add(row(id, update.Software), cores[id])
	}
	w.serve()
	for _, warm := range []bool{false, true} {
		for _, header := range [][]string{nil, {"Accept-Encoding", "gzip, XPRESS"}} {
			loads := w.loads
			r := w.sync(w.cookie(), "", header...)
			got := make(map[int]string)
			for _, info := range parse(t, r.body).Find("UpdateInfo") {
				var id int
				if _, err := fmt.Sscan(info.Find("ID")[0].Text, &id); err != nil {
					t.Fatal(err)
				}
				got[id] = info.Find("Xml")[0].Text
			}
			if diff := cmp.Diff(cores, got); diff != "" {
				t.Errorf("warm %v, %v: cores (-want +got):\n%.2000s", warm, header, diff)
			}
			if header != nil && r.wire > len(r.body)/4 {
				t.Errorf("%d bytes became %d", len(r.body), r.wire)
			}
			if warm && w.loads != loads {
				t.Errorf("a warm scan loaded %d times", w.loads-loads)
			}
		}
	}
}

func TestPagesByBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limits.PageBytes = 1000
	for id, n := range map[int]int{1: 400, 2: 600, 3: 1, 4: 5000, 5: 1, 6: 999} {
		w.add(row(id, update.Software), strings.Repeat("x", n))
	}
	w.serve()
	var held []int
	for i, want := range [][]int{{1, 2}, {3}, {4}, {5, 6}} {
		r := w.sync(w.cookie(), intsXML("OtherCachedUpdateIDs", held...))
		if got := r.updates("NewUpdates"); !slices.Equal(got, want) || truncated(r) != (i < 3) {
			t.Errorf("page %d: %v, truncated %v, want %v", i, got, truncated(r), want)
		}
		held = append(held, want...)
	}
}

// TestDamagedChunks: a chunked core that is not as long as the store says must
// not end as if it were whole: net/http ends a connection when less was written
// than promised.
func TestDamagedChunks(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"shorter": func(w *world) { w.chunks[1] = w.chunks[1][:1] },
		"longer":  func(w *world) { w.chunks[1][0] = append(slices.Clone(w.chunks[1][0]), make([]byte, 1<<20)...) },
		"empty":   func(w *world) { w.chunks[1][1] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.add(row(1, update.Software), strings.Repeat("abc", 100_000))
			w.serve()
			change(w)
			body := envelope("http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService", "SyncUpdates", cookieXML("cookie", w.cookie())+"<parameters/>")
			r := httptest.NewRequest(http.MethodPost, clientPath, strings.NewReader(body))
			r.Header.Set("Accept-Encoding", "xpress")
			rec := httptest.NewRecorder()
			w.server.ServeHTTP(rec, r)
			if n, err := strconv.Atoi(rec.Header().Get("Content-Length")); err != nil || rec.Body.Len() >= n {
				t.Errorf("%d bytes written of %d: the answer ends as if it were whole", rec.Body.Len(), n)
			}
		})
	}
}

func TestMissingCore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.software(1)
	w.serve()
	delete(w.cores, 1)
	if got := w.sync(w.cookie(), "").fault(); got != "InternalServerError" {
		t.Errorf("fault %q", got)
	}
	w.cores[1] = "<another/>" // of another length than the store says
	if got := w.sync(w.cookie(), "").fault(); got != "InternalServerError" {
		t.Errorf("fault %q", got)
	}
}

// TestReplacedCore: a scan that is answered from an older snapshot still gets
// the core whose lengths that knows, also where it is as long as its successor.
func TestReplacedCore(t *testing.T) {
	t.Parallel()
	for name, cores := range map[string][2]string{
		"small by small":    {"<a/>", "<longer/>"},
		"as long as before": {"<a/>", "<b/>"},
		"large by large":    {strings.Repeat("abc", 20_000), strings.Repeat("defg", 30_000)},
		"large, as long":    {strings.Repeat("abc", 20_000), strings.Repeat("abd", 20_000)},
		"small by large":    {"<a/>", strings.Repeat("abc", 20_000)},
		"large by small":    {strings.Repeat("abc", 20_000), "<a/>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.add(row(1, update.Software), cores[0])
			w.serve()
			older := w.snap
			w.rows = nil
			r := row(1, update.Software)
			r.Core = 2
			w.add(r, cores[1])
			w.rebuild()
			newer := w.snap
			for i, snap := range []*catalog.Snapshot{newer, older, newer, older} {
				w.snap = snap
				for _, header := range [][]string{nil, {"Accept-Encoding", "xpress"}} {
					got := parse(t, w.sync(w.cookie(), "", header...).body).Find("Xml")[0].Text
					if want := cores[(i+1)%2]; got != want {
						t.Errorf("scan %d %v: %.40q of %d bytes, want %.40q of %d", i, header, got, len(got), want, len(want))
					}
				}
			}
		})
	}
}
