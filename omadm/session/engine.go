package session

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// workTime bounds what a message may take. It goes on where the device is gone:
// it comes again and finds the answer.
const workTime = time.Minute

// Engine holds the sessions with all devices. It is an http.Handler for the
// management address, whose path and query it does not look at. Safe for
// concurrent use.
type Engine struct {
	enrollments Enrollments
	dialogues   Dialogues
	judge       func(*http.Request) (*x509.Certificate, error)
	limits      Limits
	now         func() time.Time
	ended       func(Summary)
	refused     func(Refusal)
	log         *slog.Logger

	nonces  *nonces
	seats   seats
	reading *budget
}

// New returns an Engine. Its Run gives up sessions that are not heard again.
func New(c Config, log *slog.Logger) *Engine {
	e := &Engine{
		enrollments: c.Enrollments, dialogues: c.Dialogues, judge: c.Judge,
		limits: c.Limits.withDefaults(), now: c.Now, ended: c.Ended, refused: c.Refused, log: log,
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.ended == nil {
		e.ended = func(Summary) {}
	}
	if e.refused == nil {
		e.refused = func(Refusal) {}
	}
	e.nonces = newNonces(e.limits.Nonce)
	e.seats.all = make(map[device.EnrollmentID]*seat)
	e.reading = newBudget(e.limits.Reading, e.limits.Body)
	return e
}

// ServeHTTP answers a message of a device.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	enc, failed := encodingOf(r)
	if failed != nil {
		failed.write(w)
		return
	}
	raw, release, failed := e.read(w, r)
	if failed != nil {
		if failed.code == http.StatusRequestEntityTooLarge {
			e.refuse(Refusal{Reason: TooLong, Addr: addr(r), Err: failed.err})
		} else {
			e.log.Debug("read message of a device", "addr", addr(r), "err", failed)
		}
		failed.write(w)
		return
	}
	defer release()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTime)
	defer cancel()
	body, failed := e.answer(ctx, r, raw, enc)
	if failed != nil {
		failed.write(w)
		return
	}
	if err := respond(w, enc, body); err != nil {
		e.log.Debug("answer a device", "addr", addr(r), "err", err)
	}
}

// answer returns the answer to a message.
func (e *Engine) answer(ctx context.Context, r *http.Request, raw []byte, enc syncml.Encoding) ([]byte, *httpError) {
	m, err := enc.Decode(raw)
	if err != nil && m == nil {
		e.refuse(Refusal{Reason: Malformed, Addr: addr(r), Err: err})
		return nil, &httpError{code: http.StatusBadRequest, text: "The request is not SyncML.", err: err}
	}
	id, f := e.check(m, err)
	if f != nil {
		return e.turnAway(r, m, id, f, nil, enc)
	}
	c, f := e.identify(ctx, r, &m.Header)
	if f != nil {
		return e.turnAway(r, m, id, f, c, enc)
	}
	st, err := e.seats.take(ctx, c.enrollment.ID)
	if err != nil {
		e.log.Warn("wait for a session's turn", "enrollment", c.enrollment.ID, "err", err)
		return nil, &httpError{code: http.StatusServiceUnavailable, text: "Busy.", err: err}
	}
	defer e.makeRoom(ctx)
	defer func() { e.seats.give(st, e.now()) }()
	return e.atSeat(ctx, st, r, m, id, c, raw, enc)
}

// atSeat answers a message whose seat's turn it is.
func (e *Engine) atSeat(ctx context.Context, st *seat, r *http.Request, m *syncml.Message, id int, c *caller,
	raw []byte, enc syncml.Encoding) ([]byte, *httpError) {
	sum := sha256.Sum256(raw)
	if s := st.session; s != nil && s.repeats(&m.Header, sum, e.now()) {
		e.log.Debug("message came again", "enrollment", c.enrollment.ID, "session", s.id, "message", id)
		return s.last.body, nil
	}
	head, chal, f := e.authenticate(r, &m.Header, c)
	if f != nil {
		return e.turnAway(r, m, id, f, c, enc)
	}
	s, f := e.admit(ctx, st, m, id, c, addr(r))
	if f != nil {
		return e.turnAway(r, m, id, f, c, enc)
	}
	rep := s.begin(m, id, head, chal)
	if s.lost {
		s.stray(ctx, m, rep)
	} else {
		s.turn(ctx, m, rep, enc)
	}
	body := rep.body
	if body == nil {
		s.login.sign(&rep.msg.Header)
		var err error
		if body, err = enc.Encode(&rep.msg); err != nil {
			s.fail(ctx, fmt.Errorf("write message: %w", err))
			return nil, &httpError{code: http.StatusInternalServerError, text: "The answer could not be written.", err: err}
		}
	}
	s.last = last{sum: sum, body: slices.Clone(body), at: e.now()} // buffers of the codec are large
	s.summary.Received += int64(len(raw))
	s.summary.Sent += int64(len(body))
	e.report(s)
	return body, nil
}

// admit returns the session that a message belongs to: that of the seat, a new
// one that takes its place, or one that is not of the seat, for a message of a
// session that is not known.
func (e *Engine) admit(ctx context.Context, st *seat, m *syncml.Message, id int, c *caller, addr string) (*session, *refusal) {
	s := st.session
	known := s != nil && s.phase != over && s.id == m.Header.SessionID
	switch {
	case known && s.phase == opening && id == s.in+1:
		return s, nil
	case opens(m, id):
		if s != nil {
			e.giveUp(ctx, s)
		}
		st.session = newSession(e, c, &m.Header, addr)
		return st.session, nil
	case known && id <= s.in:
		return nil, outOfOrder(s, id)
	case known && id > s.in+1 && c.secrets == nil:
		f := outOfOrder(s, id)
		e.giveUp(ctx, s)
		return nil, f
	case known:
		return s, nil
	case s == nil || s.phase == over:
		// Kept all the same, for its answer.
		st.session = newSession(e, c, &m.Header, addr)
		st.session.lost = true
		return st.session, nil
	}
	stray := newSession(e, c, &m.Header, addr)
	stray.lost = true
	return stray, nil
}

func outOfOrder(s *session, id int) *refusal {
	return &refusal{status: device.BadRequest, reason: OutOfOrder,
		err: fmt.Errorf("message %d came after message %d", id, s.in)}
}

// opens reports whether a message begins a session, see the package comment.
func opens(m *syncml.Message, id int) bool {
	if id == 1 {
		return true
	}
	for i := range m.Commands {
		c := &m.Commands[i]
		switch c.Kind {
		case syncml.Alert:
			if code := strings.TrimSpace(c.Data); code == "1200" || code == "1201" {
				return true
			}
		case syncml.Replace:
			for j := range c.Items {
				if strings.EqualFold(uri(&c.Items[j]), "./DevInfo/DevId") {
					return true
				}
			}
		}
	}
	return false
}

// authenticate returns what the SyncHdr of an identified message is answered.
func (e *Engine) authenticate(r *http.Request, h *syncml.Header, c *caller) (device.Status, *syncml.Meta, *refusal) {
	if c.secrets == nil {
		if h.Cred != nil { // it need not send any more
			return device.Authenticated, nil, nil
		}
		return device.OK, nil, nil
	}
	chal, err := e.verify(r, h, c, e.now())
	if err != nil {
		return 0, nil, &refusal{status: device.InvalidCredentials, chal: chal, reason: BadCredentials, err: err}
	}
	return device.OK, chal, nil
}

// turnAway answers a message that is refused: with the Status of its SyncHdr and
// nothing else.
func (e *Engine) turnAway(r *http.Request, m *syncml.Message, id int, f *refusal, c *caller, enc syncml.Encoding) ([]byte, *httpError) {
	h := &m.Header
	if f.reason != "" {
		ref := Refusal{Reason: f.reason, Device: h.Source.URI, Addr: addr(r), Err: f.err}
		if c != nil {
			ref.Enrollment = c.enrollment.ID
		}
		e.refuse(ref)
	} else if f.err != nil {
		e.log.Error("find the enrollment of a device", "device", cut(h.Source.URI), "addr", addr(r), "err", f.err)
	}
	rep := newReply(h, id, f.status, f.chal)
	rep.msg.Final = true
	body, err := enc.Encode(&rep.msg)
	if err != nil {
		return nil, &httpError{code: http.StatusBadRequest, text: "The request cannot be answered.", err: err}
	}
	return body, nil
}

func (e *Engine) refuse(f Refusal) {
	e.log.Warn("message of a device refused", "reason", string(f.Reason), "enrollment", f.Enrollment,
		"device", cut(f.Device), "addr", f.Addr, "err", f.Err)
	e.refused(f)
}

// addr returns who a request came from, without the port.
func addr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
