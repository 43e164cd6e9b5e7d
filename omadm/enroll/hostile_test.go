package enroll_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/omadm/ca"
	"sluice/omadm/enroll"
)

// Whatever is sent to whatever service is refused with a fault.
func TestHostileMessages(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	usual := issueRequest{csr: newCSR(t, newKey(t), commonName(deviceID))}.xml(t)
	for _, tt := range []struct{ name, body string }{
		{"nothing", ""},
		{"no XML", "hello"},
		{"no UTF-8", "<a>\xff</a>"},
		{"cut short", usual[:len(usual)/2]},
		{"another document", "<a/>"},
		{"envelope with nothing in it", `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>`},
		{"empty body", `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>`},
		{"document type", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`},
		{"entity", "<a>&x;</a>"},
		{"deep", strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33)},
		{"wide", "<a>" + strings.Repeat("<b/>", 5000) + "</a>"},
		{"many attributes", "<a " + strings.Repeat(` x="y"`, 40) + "/>"},
		{"many namespaces", "<a>" + strings.Repeat(`<b xmlns:p="q">`, 30) + strings.Repeat("</b>", 30) + "</a>"},
		{"long attribute", `<a x="` + strings.Repeat("y", 1025) + `"/>`},
		{"long name", "<" + strings.Repeat("a", 129) + "/>"},
		{"much text", "<a>" + strings.Repeat("y", 128<<10+1) + "</a>"},
		{"long", usual + strings.Repeat(" ", 256<<10)},
		{"two documents", usual + usual},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{enroll.DiscoveryPath, enroll.PolicyPath, enroll.EnrollmentPath} {
				a.post(t, path, tt.body, nil).wantFault(t, a.log, "s:MessageFormat", "MessageFormat")
			}
		})
	}
	if a.desk.count() > 0 {
		t.Error("an enrollment was kept")
	}
}

// A request may be as long as the bound, and without a length one byte more is
// too many as well.
func TestLongestMessage(t *testing.T) {
	t.Parallel()
	const most = 256 << 10
	usual := discoverRequest(t, "4.0", "OnPremise")
	h := enroll.New(enroll.Config{Desk: newDesk(), Public: public}, slog.New(slog.DiscardHandler))
	for _, tt := range []struct {
		more   int
		length bool
		status int
	}{{0, true, 200}, {0, false, 200}, {1, true, 500}, {1, false, 500}} {
		body := usual + strings.Repeat(" ", most-len(usual)+tt.more)
		r := httptest.NewRequest("POST", enroll.DiscoveryPath, strings.NewReader(body))
		if !tt.length {
			r.ContentLength = -1
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("%d bytes, length told %v: %d, want %d", len(body), tt.length, w.Code, tt.status)
		}
	}
}

// Who sends large requests slowly keeps nobody out, and takes only so much memory.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	h := enroll.New(enroll.Config{Desk: newDesk(), Public: public}, slog.New(slog.DiscardHandler))
	stop, done := make(chan struct{}), make(chan int)
	for range 80 {
		go func() {
			r := httptest.NewRequest("POST", enroll.EnrollmentPath, &slowBody{stop})
			r.ContentLength = 200 << 10
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			done <- w.Code
		}()
	}
	for range 80 - 64 {
		if code := <-done; code != http.StatusServiceUnavailable {
			t.Errorf("one too many: status %d", code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", enroll.DiscoveryPath, strings.NewReader(discoverRequest(t, "4.0", "OnPremise"))))
	if w.Code != http.StatusOK {
		t.Errorf("another device: status %d", w.Code)
	}
	close(stop)
	for range 64 {
		<-done
	}
}

// slowBody is a body that does not go on until stop.
type slowBody struct{ stop <-chan struct{} }

func (b *slowBody) Read([]byte) (int, error) {
	<-b.stop
	return 0, io.ErrUnexpectedEOF
}

func TestNoRandomness(t *testing.T) {
	t.Parallel()
	h := enroll.New(enroll.Config{Desk: newDesk(), Public: public, Rand: bytes.NewReader(nil)}, slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", enroll.DiscoveryPath, strings.NewReader(discoverRequest(t, "4.0", "OnPremise"))))
	if w.Code != 500 {
		t.Errorf("status %d, want 500", w.Code)
	}
}

// FuzzHandler sends anything to all services: no panic, and an answer of known
// length, which is a fault unless the message was in order.
func FuzzHandler(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	fill := strings.NewReplacer("VERSION", "4.0", "POLICIES", "<AuthPolicy>OnPremise</AuthPolicy>", "CREDENTIAL", anna, "DEVICE", deviceID, "CONTEXT", "Device")
	request, err := os.ReadFile("testdata/request.b64")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, kind := range [][]string{{"KIND", "Issue", "TYPE", "PKCS10"}, {"KIND", "Renew", "TYPE", "PKCS7"}} {
			text := strings.NewReplacer(append(kind, "REQUEST", string(request))...).Replace(fill.Replace(string(b)))
			f.Add([]byte(text))
		}
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	root, err := ca.New("sluice", now)
	if err != nil {
		f.Fatal(err)
	}
	trust := ca.NewTrust(root)
	h := enroll.New(enroll.Config{
		Desk: newDesk(), Trust: func() *ca.Trust { return trust }, Public: public, Now: func() time.Time { return now },
	}, slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{enroll.DiscoveryPath, enroll.PolicyPath, enroll.EnrollmentPath} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", path, bytes.NewReader(body)))
			got := answer{status: w.Code, body: w.Body.String()}
			if fault := got.fault(t); (w.Code == 200) != (fault.Code == "") {
				t.Errorf("status %d with fault %+v", w.Code, fault)
			}
		}
	})
}
