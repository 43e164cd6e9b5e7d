package soap

import (
	"context"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBudgetOfRequests(t *testing.T) {
	t.Parallel()
	type answer struct {
		XMLName xml.Name `xml:"urn:x Answer"`
	}
	h := NewHandler(Service{Path: "/x", Namespace: "urn:x", Operations: map[string]Operation{
		"Ask": {Handle: func(context.Context, *Request) (any, error) { return new(answer), nil }},
	}}, slog.New(slog.DiscardHandler), nil)
	post := func(bytes int) *httptest.ResponseRecorder {
		body := `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><Ask xmlns="urn:x">` +
			strings.Repeat(" ", bytes) + `</Ask></e:Body></e:Envelope>`
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(body)))
		return rec
	}
	if rec := post(1 << 20); rec.Code != 200 {
		t.Fatalf("a large request: %d %s", rec.Code, rec.Body)
	}
	h.memory.used.Store(maxBodies) // as many requests as there may be, on their way
	if rec := post(100); rec.Code != 200 {
		t.Errorf("a small request among many large ones: %d %s", rec.Code, rec.Body)
	}
	if rec := post(1 << 20); rec.Code != 500 || !strings.Contains(rec.Body.String(), "ServerBusy") {
		t.Errorf("one large request too many: %d %s, want ServerBusy", rec.Code, rec.Body)
	}
	h.memory.used.Add(-maxBodies)
	if rec := post(1 << 20); rec.Code != 200 {
		t.Errorf("after the others: %d %s", rec.Code, rec.Body)
	}
	if n := h.memory.used.Load(); n != 0 {
		t.Errorf("%d bytes are still counted", n)
	}
}

func TestBudgetCountsWhatIsRead(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 1, freeBody, freeBody + 1, 3<<20 + 7} {
		var b budget
		r := b.reader(io.LimitReader(iotest.OneByteReader(zeros{}), size))
		if n, err := io.Copy(io.Discard, r); n != size || err != nil {
			t.Fatalf("read %d of %d: %v", n, size, err)
		}
		if used := b.used.Load(); used < size-freeBody || used > max(0, size) {
			t.Errorf("%d bytes are counted as %d", size, used)
		}
		r.release()
		if used := b.used.Load(); used != 0 {
			t.Errorf("%d bytes stay counted", used)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
