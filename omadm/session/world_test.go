package session_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
)

// start is when tests begin.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const address = "https://mdm.example/ManagementServer/MDM.svc"

// world is an engine and all that it asks of others, in memory. Requests prove
// who they are with the header Certificate, which holds the name of a device,
// "expired" or nothing.
type world struct {
	tb     testing.TB
	engine *session.Engine
	limits session.Limits

	mu      sync.Mutex
	now     time.Time
	fleet   map[string]device.Enrollment // by device
	secrets map[string]session.Secrets   // likewise
	lookup  error                        // of Enrollments
	script  *script
	open    func(e device.Enrollment, o session.Opening) (session.Dialogue, error)
	ended   []session.Summary
	refused []session.Refusal
}

func newWorld(tb testing.TB, limits session.Limits) *world {
	w := &world{tb: tb, limits: limits, now: start, fleet: map[string]device.Enrollment{}, secrets: map[string]session.Secrets{}}
	w.script = &script{}
	w.open = w.script.open
	w.enroll("D1")
	w.restart()
	return w
}

// restart replaces the engine, as if the process had died.
func (w *world) restart() {
	w.engine = session.New(session.Config{
		Enrollments: w, Dialogues: opener{w}, Judge: judge, Limits: w.limits, Now: w.time,
		Ended:   func(s session.Summary) { w.locked(func() { w.ended = append(w.ended, s) }) },
		Refused: func(r session.Refusal) { w.locked(func() { w.refused = append(w.refused, r) }) },
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func (w *world) locked(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) time() (t time.Time) {
	w.locked(func() { t = w.now })
	return t
}

func (w *world) pass(d time.Duration) { w.locked(func() { w.now = w.now.Add(d) }) }

func (w *world) enroll(name string) {
	w.fleet[name] = device.Enrollment{ID: device.EnrollmentID("id-" + name), Device: device.ID(name), State: device.Active,
		Created: start.Add(-time.Hour)}
	w.secrets[name] = session.Secrets{
		ClientName: "user-" + name, ClientA1: a1("user-"+name, "secret"), ClientNonce: []byte("first nonce"),
		ServerName: "sluice", ServerA1: a1("sluice", "its secret"), ServerNonce: []byte("server nonce"),
	}
}

// a1 is what is kept of a name and a secret.
func a1(name, secret string) string {
	sum := md5.Sum([]byte(name + ":" + secret))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// digest is the data of MD5 credentials.
func digest(name, secret, nonce string) string {
	sum := md5.Sum([]byte(a1(name, secret) + ":" + nonce))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func judge(r *http.Request) (*x509.Certificate, error) {
	switch name := r.Header.Get("Certificate"); name {
	case "":
		return nil, nil
	case "expired":
		return nil, errors.New("certificate expired")
	default:
		return &x509.Certificate{Raw: []byte(name), Subject: pkix.Name{CommonName: name}}, nil
	}
}

func (w *world) ByCertificate(_ context.Context, cert *x509.Certificate) (e device.Enrollment, err error) {
	w.locked(func() { e, err = w.find(cert.Subject.CommonName) })
	return e, err
}

func (w *world) find(name string) (device.Enrollment, error) {
	switch {
	case w.lookup != nil:
		return device.Enrollment{}, w.lookup
	case name == "revoked":
		return device.Enrollment{}, session.ErrRevoked
	case name == "ended":
		return device.Enrollment{}, session.ErrEnded
	}
	e, ok := w.fleet[name]
	if !ok {
		return e, session.ErrUnknown
	}
	return e, nil
}

func (w *world) ByName(_ context.Context, name string) (e device.Enrollment, s session.Secrets, err error) {
	w.locked(func() {
		name = strings.TrimPrefix(name, "user-")
		e, err = w.find(name)
		s = w.secrets[name]
	})
	return e, s, err
}

func (w *world) Secrets(_ context.Context, id device.EnrollmentID) (s session.Secrets, err error) {
	w.locked(func() { s = w.secrets[strings.TrimPrefix(string(id), "id-")] })
	return s, nil
}

// opener makes w.open a session.Dialogues.
type opener struct{ w *world }

func (o opener) Open(_ context.Context, e device.Enrollment, op session.Opening) (session.Dialogue, error) {
	return o.w.open(e, op)
}

// script is a dialogue that says what it was given, a batch for each Next, and
// notes what it is called with. All sessions share it.
type script struct {
	say   [][]device.Command
	large bool
	fail  string // the call that fails next
	calls []string
}

func (s *script) note(format string, a ...any) { s.calls = append(s.calls, fmt.Sprintf(format, a...)) }

func (s *script) failing(call string) error {
	if s.fail == call {
		s.fail = ""
		return fmt.Errorf("%s cannot be", call)
	}
	return nil
}

func (s *script) open(e device.Enrollment, o session.Opening) (session.Dialogue, error) {
	s.note("open %s", e.ID)
	for _, it := range o.Items {
		s.note("  item %s", itemText(it))
	}
	for _, a := range o.Alerts {
		s.note("  alert %s", alertText(a))
	}
	return s, s.failing("open")
}

func (s *script) Next(_ context.Context, answers []device.Answer) ([]device.Command, error) {
	s.note("next")
	s.noteAnswers(answers, "  ")
	if err := s.failing("next"); err != nil {
		return nil, err
	}
	if len(s.say) == 0 {
		return nil, nil
	}
	now := s.say[0]
	s.say = s.say[1:]
	return now, nil
}

func (s *script) Heard(_ context.Context, a device.Alert) error {
	s.note("heard %s", alertText(a))
	return s.failing("heard")
}

func (s *script) Sending(_ context.Context, once []int64) error {
	s.note("sending %d", once)
	return s.failing("sending")
}

func (s *script) Close(_ context.Context, complete bool, answers []device.Answer) error {
	s.note("close complete=%t", complete)
	s.noteAnswers(answers, "  ")
	return s.failing("close")
}

func (s *script) LargeObjects() bool { return s.large }

func (s *script) noteAnswers(answers []device.Answer, indent string) {
	for _, a := range answers {
		text := strings.TrimSpace(fmt.Sprintf("%s%s %s -> %d %s", indent, a.Command.Verb, a.Command.URI, a.Status, a.Detail))
		for _, it := range a.Items {
			text += " [" + itemText(it) + "]"
		}
		s.note("%s%s", indent, text)
		s.noteAnswers(a.Commands, indent+"  ")
	}
}

func itemText(it device.Item) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", it.URI, it.Format, it.Type, short(it.Data))), " ")
}

func alertText(a device.Alert) string {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", a.Code, a.Type))
	for _, it := range a.Items {
		text += " [" + itemText(it) + "]"
	}
	return text
}

// envelope is how a message travels.
type envelope struct {
	certificate string
	tls         bool
	encoding    syncml.Encoding // XML where 0
}

// post sends a body and returns what comes back.
func (w *world) post(env envelope, body []byte) *httptest.ResponseRecorder {
	if env.encoding == 0 {
		env.encoding = syncml.XML
	}
	r := httptest.NewRequest(http.MethodPost, address+"?mode=Maintenance&Platform=WoA", bytes.NewReader(body))
	r.TLS = nil
	if env.tls {
		r.TLS = &tls.ConnectionState{}
	}
	r.RemoteAddr = "192.0.2.7:49152"
	r.Header.Set("Content-Type", env.encoding.ContentType()+"; charset=utf-8")
	r.Header.Set("Certificate", env.certificate)
	rec := httptest.NewRecorder()
	w.engine.ServeHTTP(rec, r)
	return rec
}

// send sends a message and returns the answer, which must be one.
func (w *world) send(env envelope, m *syncml.Message) *syncml.Message {
	w.tb.Helper()
	if env.encoding == 0 {
		env.encoding = syncml.XML
	}
	body, err := env.encoding.Encode(m)
	if err != nil {
		w.tb.Fatalf("encode %v: %v", lines(m), err)
	}
	return w.sendRaw(env, body)
}

func (w *world) sendRaw(env envelope, body []byte) *syncml.Message {
	w.tb.Helper()
	if env.encoding == 0 {
		env.encoding = syncml.XML
	}
	rec := w.post(env, body)
	if rec.Code != http.StatusOK {
		w.tb.Fatalf("HTTP status %d: %s", rec.Code, rec.Body)
	}
	if got, want := rec.Header().Get("Content-Type"), env.encoding.ContentType(); got != want {
		w.tb.Errorf("Content-Type %q, want %q", got, want)
	}
	if got, want := rec.Header().Get("Content-Length"), fmt.Sprint(rec.Body.Len()); got != want {
		w.tb.Errorf("Content-Length %q of a body of %s", got, want)
	}
	m, err := env.encoding.Decode(rec.Body.Bytes())
	if err != nil {
		w.tb.Fatalf("answer %q: %v", rec.Body, err)
	}
	return m
}

// message returns a message of a device with a body in the notation.
func message(tb testing.TB, from, sessionID string, id int, body ...string) *syncml.Message {
	tb.Helper()
	m := &syncml.Message{Header: syncml.Header{
		VerDTD: "1.2", VerProto: "DM/1.2", SessionID: sessionID, MsgID: fmt.Sprint(id),
		Target: syncml.Location{URI: address}, Source: syncml.Location{URI: from},
	}}
	parseBody(tb, m, body)
	return m
}
