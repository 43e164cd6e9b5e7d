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
			for _, info := range find(parse(t, r.body), "UpdateInfo") {
				var id int
				if _, err := fmt.Sscan(find(info, "ID")[0].text, &id); err != nil {
					t.Fatal(err)
				}
				got[id] = find(info, "Xml")[0].text
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

func find(e *element, name string) (out []*element) {
	if e.name.Local == name {
		return []*element{e}
	}
	for _, c := range e.children {
		out = append(out, find(c, name)...)
	}
	return out
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

// TestCoreThatChanged: a chunked core that is not what the snapshot promised
// must not end as if it were whole: net/http ends a connection when less was
// written than promised.
func TestCoreThatChanged(t *testing.T) {
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
	w.cores[1] = "<another/>" // of another length than the snapshot knows
	for range 2 {
		if r := w.sync(w.cookie(), ""); !strings.Contains(r.body, "<Xml>&lt;another/&gt;</Xml>") {
			t.Errorf("answer %s", r.body)
		}
	}
	if w.loads != 3 {
		t.Errorf("%d loads: what the snapshot does not know was kept", w.loads)
	}
}
