package session

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// phase is how far a session is.
type phase int

const (
	opening phase = iota // package 1 is not whole yet
	talking
	over
)

// session is one session with a device. Only who has the turn of its seat may
// touch it.
type session struct {
	engine     *Engine
	enrollment device.Enrollment
	id         string // SessionID
	addr       string
	phase      phase
	complete   bool // where it is over
	reported   bool // likewise: that it ended
	unenrolled bool // the device said that it leaves
	lost       bool // of a message whose session is not known

	in, out int // MsgIDs of the device's last message and of its answer
	before  int // MsgID of the answer before that one
	last    last

	opening  Opening // as far as package 1 came
	dialogue Dialogue
	batch    *batch // nil where nothing was said
	owing    bool   // the last answer held nothing of it for want of room
	partial  *partial
	login    login
	message  int64 // bytes that a message of ours may have
	object   int64 // bytes that a value of ours may have, 0 for any
	kept     int64 // bytes of opening

	summary Summary
}

// last is the answer to the device's last message, for when it was lost.
type last struct {
	sum  [sha256.Size]byte // of the device's message
	body []byte
	at   time.Time
}

// newSession returns a session that begins with a message.
func newSession(e *Engine, c *caller, h *syncml.Header, addr string) *session {
	return &session{
		engine: e, enrollment: c.enrollment, id: h.SessionID, addr: addr,
		message: e.limits.Message,
		summary: Summary{Enrollment: c.enrollment.ID, Device: c.enrollment.Device, Began: e.now()},
	}
}

func (s *session) limits() *Limits { return &s.engine.limits }

// repeats reports whether a message is the last one once more: the same bytes,
// and soon. What would open a session may be a new one of a device that numbers
// all its sessions alike. It is taken for one where the session is over, for then
// running it is as good.
func (s *session) repeats(h *syncml.Header, sum [sha256.Size]byte, now time.Time) bool {
	if s.last.body == nil || s.id != h.SessionID || s.last.sum != sum {
		return false
	}
	return s.in > 1 || s.phase != over && now.Sub(s.last.at) < s.limits().Retry
}

// begin takes the numbers and sizes of a message and begins its answer.
func (s *session) begin(m *syncml.Message, id int, head device.Status, chal *syncml.Meta) *reply {
	s.summary.Messages++
	s.in, s.before, s.out = id, s.out, max(s.out+1, id)
	if meta := m.Header.Meta; meta != nil {
		if meta.MaxMsgSize > 0 {
			s.message = min(meta.MaxMsgSize, s.limits().Message)
		}
		if meta.MaxObjSize > 0 {
			s.object = meta.MaxObjSize
		}
	}
	r := newReply(&m.Header, s.out, head, chal)
	r.msg.Final = true
	return r
}

// turn takes a message and answers it.
func (s *session) turn(ctx context.Context, m *syncml.Message, r *reply, enc syncml.Encoding) {
	h := s.hear(ctx, r, m)
	if h.err != nil {
		s.fail(ctx, h.err)
		return
	}
	s.miss(r, m.Final)
	switch {
	case h.aborted:
		s.end(ctx, false)
	case s.summary.Messages >= s.limits().Messages:
		s.fail(ctx, fmt.Errorf("the device sent %d messages", s.summary.Messages))
	case h.pending && s.phase == talking:
		// It is at work on what it was told: it wants to hear that we are there.
	case s.unenrolled && s.phase == talking && m.Final:
		s.end(ctx, true)
	case h.refused != nil && s.phase == talking:
		s.again(ctx, r, h.refused, enc)
	case s.chunkTaken(m.Final) || s.owing:
		s.say(ctx, r, enc)
	case !m.Final:
		r.askMore()
	case s.phase == opening:
		s.open(ctx, r, enc)
	default:
		s.say(ctx, r, enc)
	}
}

// stray answers a message whose session is not known: it is over. The alerts are
// passed on.
func (s *session) stray(ctx context.Context, m *syncml.Message, r *reply) {
	s.hear(ctx, r, m)
	s.end(ctx, false)
}

// open begins the dialogue, package 1 being whole.
func (s *session) open(ctx context.Context, r *reply, enc syncml.Encoding) {
	if err := s.openDialogue(ctx); err != nil {
		s.fail(ctx, err)
		return
	}
	if s.unenrolled {
		s.end(ctx, true)
		return
	}
	s.say(ctx, r, enc)
}

func (s *session) openDialogue(ctx context.Context) error {
	o := s.opening
	o.Addr = s.addr
	s.opening, s.kept = Opening{}, 0
	d, err := s.engine.dialogues.Open(ctx, s.enrollment, o)
	if err != nil {
		return fmt.Errorf("open dialogue: %w", err)
	}
	s.dialogue, s.phase = d, talking
	return nil
}

// fail ends the session because of a fault of ours. The device is not told: it
// comes again.
func (s *session) fail(ctx context.Context, err error) {
	s.engine.log.Error("device management session failed", "enrollment", s.enrollment.ID,
		"session", s.id, "message", s.in, "err", err)
	s.end(ctx, false)
}

// end ends the session. What a device said before its dialogue began is not lost.
func (s *session) end(ctx context.Context, complete bool) {
	if s.phase == over {
		return
	}
	if s.dialogue == nil && len(s.opening.Alerts) > 0 {
		s.opening.Items = nil // they are not whole, and nothing is said
		if err := s.openDialogue(ctx); err != nil {
			s.engine.log.Error("alerts of a broken session were lost", "enrollment", s.enrollment.ID, "err", err)
		}
	}
	if s.dialogue != nil {
		var answers []device.Answer
		if s.batch != nil {
			answers = s.batch.answers()
		}
		if err := s.dialogue.Close(ctx, complete, answers); err != nil {
			s.engine.log.Error("close dialogue", "enrollment", s.enrollment.ID, "err", err)
		}
	}
	s.phase, s.complete = over, complete
	s.dialogue, s.batch, s.partial, s.opening = nil, nil, nil, Opening{}
	s.summary.Complete = complete
	s.summary.Duration = s.engine.now().Sub(s.summary.Began)
}

// size returns how many bytes the session holds, roughly.
func (s *session) size() int64 {
	const itself = 1_500 // with its seat
	n := int64(itself+len(s.last.body)) + s.kept
	if s.partial != nil {
		n += int64(s.partial.data.Len())
	}
	if s.batch != nil {
		n += s.batch.size()
	}
	return n
}

// number reads a MsgID.
func number(s string) (int, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 31)
	return int(n), err == nil && n > 0
}
