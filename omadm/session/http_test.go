package session_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
)

func xmlOf(t *testing.T, m *syncml.Message) []byte {
	t.Helper()
	b, err := syncml.EncodeXML(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What no SyncML can answer is answered by a status of HTTP.
func TestHTTP(t *testing.T) {
	good := string(xmlOf(t, message(t, "D1", "1", 1, package1...)))
	const xml = syncml.ContentTypeXML
	for _, tt := range []struct {
		name, method, typ, coding, body string
		chunked                         bool
		code                            int
	}{
		{"good", "POST", xml, "", good, false, 200},
		{"charset", "POST", xml + "; charset=\"utf-8\"", "identity", good, false, 200},
		{"plain XML", "POST", "text/xml; charset=utf-8", "", good, false, 200},
		{"length unknown", "POST", xml, "", good, true, 200},
		{"get", "GET", xml, "", "", false, 405},
		{"put", "PUT", xml, "", good, false, 405},
		{"no type", "POST", "", "", good, false, 200},
		{"no type, nothing", "POST", "", "", "", false, 400},
		{"octets", "POST", "application/octet-stream", "", good, false, 415},
		{"odd letters", "POST", "Application/VND.SyncML.DM+XML ;charset=UTF-8", "", good, false, 200},
		{"form", "POST", "application/x-www-form-urlencoded", "", good, false, 415},
		{"compressed", "POST", xml, "gzip", good, false, 415},
		{"wrong encoding", "POST", syncml.ContentTypeWBXML, "", good, false, 400},
		{"nothing", "POST", xml, "", "", false, 400},
		{"no SyncML", "POST", xml, "", "<a/>", false, 400},
		{"no header", "POST", xml, "", `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncBody><Final/></SyncBody></SyncML>`, false, 200},
		{"header cut", "POST", xml, "", good[:200], false, 400},
		{"body cut", "POST", xml, "", good[:len(good)-40], false, 200},
		{"too large", "POST", xml, "", strings.Repeat(" ", 1<<20+1), false, 413},
		{"too large, length unknown", "POST", xml, "", strings.Repeat(" ", 1<<20+1), true, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, session.Limits{})
			var body io.Reader = strings.NewReader(tt.body)
			if tt.chunked {
				body = struct{ io.Reader }{body}
			}
			r := httptest.NewRequest(tt.method, address, body)
			r.Header.Set("Content-Type", tt.typ)
			r.Header.Set("Content-Encoding", tt.coding)
			r.Header.Set("Certificate", "D1")
			rec := httptest.NewRecorder()
			w.engine.ServeHTTP(rec, r)
			if rec.Code != tt.code {
				t.Fatalf("status %d, want %d: %s", rec.Code, tt.code, rec.Body)
			}
			if tt.code != 200 {
				if tt.code == 405 && rec.Header().Get("Allow") != "POST" {
					t.Error("no Allow")
				}
				return
			}
			if rec.Header().Get("Content-Length") == "" {
				t.Error("no Content-Length")
			}
			m, err := syncml.DecodeXML(rec.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if want := map[string]string{"no header": "400", "body cut": "400"}[tt.name]; want != "" {
				if got, _ := header(t, m); got != want || !m.Final || len(m.Commands) != 1 {
					t.Errorf("answer %q, want Status %s", lines(m), want)
				}
				if len(w.refused) != 1 || w.refused[0].Reason != session.Malformed {
					t.Errorf("refused %v", w.refused)
				}
			}
		})
	}
}

// A message that the codec cannot read on is answered with what was read of its
// header, and changes nothing.
func TestMalformedInSession(t *testing.T) {
	w := newWorld(t, session.Limits{})
	w.script.say = [][]device.Command{{{Verb: device.Get, URI: "./A"}}}
	env := envelope{certificate: "D1"}
	w.send(env, message(t, "D1", "1", 1, package1...))
	good := xmlOf(t, message(t, "D1", "1", 2, "1 Status 1/0 SyncHdr 200", "2 Status 1/4 Get 404", "Final"))
	m := w.sendRaw(env, bytes.Replace(good, []byte("<Final/>"), []byte("<Steal/><Final/>"), 1))
	wantRefused(t, w, m, "400", session.Malformed)
	if m.Header.MsgID != "2" || m.Commands[0].MsgRef != "2" {
		t.Errorf("answer %+v", m)
	}
	w.sendRaw(env, good)
	if len(w.ended) != 1 || !w.ended[0].Complete {
		t.Errorf("ended %+v", w.ended)
	}
}

// More bodies at once than are taken are put off.
func TestBusy(t *testing.T) {
	w := newWorld(t, session.Limits{Reading: 20 << 10})
	small := xmlOf(t, message(t, "D1", "1", 1, package1...))
	large := append(small, bytes.Repeat([]byte(" "), 20<<10)...)
	rec := w.post(envelope{certificate: "D1"}, large)
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("large: status %d, Retry-After %q", rec.Code, rec.Header().Get("Retry-After"))
	}
	if rec := w.post(envelope{certificate: "D1"}, small); rec.Code != http.StatusOK {
		t.Errorf("small: status %d", rec.Code)
	}
}

// Who sends large bodies slowly keeps nobody else out.
func TestSlowSenders(t *testing.T) {
	w := newWorld(t, session.Limits{Body: 64 << 10, Reading: 1 << 20})
	w.enroll("D2")
	large := append(xmlOf(t, message(t, "D2", "1", 1, package1...)), bytes.Repeat([]byte(" "), 40<<10)...)
	for _, slow := range []string{"", "expired", "D1"} {
		var all sync.WaitGroup
		stop := make(chan struct{})
		busy := make(chan struct{}, 100)
		for range 40 {
			body := &slowBody{began: make(chan struct{}), stop: stop}
			r := httptest.NewRequest(http.MethodPost, address, body)
			r.TLS, r.ContentLength = nil, 60<<10
			r.Header.Set("Content-Type", syncml.XML.ContentType())
			r.Header.Set("Certificate", slow)
			all.Go(func() {
				w.engine.ServeHTTP(httptest.NewRecorder(), r)
				busy <- struct{}{}
			})
			select { // it is read, or put off
			case <-body.began:
			case <-busy:
			}
		}
		rec := w.post(envelope{certificate: "D2"}, large)
		close(stop)
		all.Wait()
		if rec.Code != http.StatusOK {
			t.Errorf("slow bodies of %q: another device is answered with status %d", slow, rec.Code)
		}
	}
}

// slowBody is a body that does not go on until stop.
type slowBody struct {
	began chan struct{}
	once  sync.Once
	stop  chan struct{}
}

func (b *slowBody) Read([]byte) (int, error) {
	b.once.Do(func() { close(b.began) })
	<-b.stop
	return 0, io.ErrUnexpectedEOF
}
