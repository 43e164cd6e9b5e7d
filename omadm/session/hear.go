package session

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// heard is what a message says about the session itself.
type heard struct {
	aborted bool
	pending bool
	refused *syncml.Command // the Status of our last SyncHdr, where it is a failure
	err     error           // of the dialogue
}

// hear takes what a message says and puts the Status of each command into the
// answer, in order (MS-MDM 2.2.6.1).
func (s *session) hear(ctx context.Context, r *reply, m *syncml.Message) heard {
	var h heard
	for i := range m.Commands {
		c := &m.Commands[i]
		state, missed := s.join(c)
		if missed != nil {
			s.missed(r, missed)
		}
		switch c.Kind {
		case syncml.Status:
			s.hearStatus(c, &h)
		case syncml.Results:
			s.hearResults(c, state)
			if state != whole {
				r.status(c, state.status(0))
			}
		case syncml.Alert:
			r.status(c, state.status(s.hearAlert(ctx, c, &h)))
		case syncml.Replace:
			r.status(c, state.status(s.hearItems(c)))
		default:
			r.refuse(c)
		}
	}
	return h
}

// hearStatus notes the outcome of a command of ours.
func (s *session) hearStatus(c *syncml.Command, h *heard) {
	if ofHeader(c) {
		s.hearHeader(c, h)
		return
	}
	t := s.batch.find(c)
	status := statusOf(c)
	if t == nil || status == 0 || t.answer.Status != 0 && !t.named(c.TargetRefs) {
		return
	}
	t.setStatus(status, detailOf(c))
}

// ofHeader reports whether a Status is that of a SyncHdr, which alone may leave
// its CmdRef out (MS-MDM 2.2.3.3).
func ofHeader(c *syncml.Command) bool {
	ref := strings.TrimSpace(c.CmdRef)
	return ref == "0" || ref == "" && strings.EqualFold(strings.TrimSpace(c.Cmd), "SyncHdr")
}

// hearHeader notes what the device says of our last SyncHdr. Of an older one, or
// of one that nobody sent (MsgRef 0), nothing follows.
func (s *session) hearHeader(c *syncml.Command, h *heard) {
	if s.before == 0 || refOr1(c.MsgRef) != strconv.Itoa(s.before) {
		return
	}
	status := statusOf(c)
	s.login.hear(status, c.Chal)
	if status >= device.BadRequest {
		h.refused = c
	}
}

// hearResults keeps what a Get brought.
func (s *session) hearResults(c *syncml.Command, state joined) {
	t := s.batch.find(c)
	if t == nil {
		return
	}
	if state == tooLarge || state == badSize {
		t.setStatus(state.status(0), "")
	}
	for i := range c.Items {
		it := item(&c.Items[i], c.Meta)
		if !s.batch.keep(&it, s.limits().Answers) {
			t.setStatus(device.TooLarge, "")
			return
		}
		t.answer.Items = append(t.answer.Items, it)
	}
}

// hearAlert takes an alert and returns its Status.
func (s *session) hearAlert(ctx context.Context, c *syncml.Command, h *heard) device.Status {
	code, err := strconv.Atoi(strings.TrimSpace(c.Data))
	if err != nil {
		return device.BadRequest
	}
	switch code {
	case serverInitiated, clientInitiated, nextMessage:
		return device.OK
	case sessionAbort:
		h.aborted = true
		return device.OK
	}
	for _, a := range alerts(code, c) {
		s.unenrolled = s.unenrolled || IsUnenroll(a)
		switch {
		case isPending(a):
			h.pending = true
		case s.phase == opening:
			if !s.keep(a.Items) {
				return device.TooLarge
			}
			s.opening.Alerts = append(s.opening.Alerts, a)
		case h.err != nil:
		default:
			if err := s.dialogue.Heard(ctx, a); err != nil {
				h.err = fmt.Errorf("alert %d: %w", code, err)
			}
		}
	}
	return device.OK
}

// hearItems takes what the device says of itself in package 1. Later it has
// nothing to say that way.
func (s *session) hearItems(c *syncml.Command) device.Status {
	if s.phase != opening {
		return device.OK
	}
	var items []device.Item
	for i := range c.Items {
		items = append(items, item(&c.Items[i], c.Meta))
	}
	if !s.keep(items) {
		return device.TooLarge
	}
	s.opening.Items = append(s.opening.Items, items...)
	return device.OK
}

// keep counts what is kept of package 1, and reports false where it is too much.
func (s *session) keep(items []device.Item) bool {
	n := int64(itemCost)
	for i := range items {
		n += itemSize(&items[i])
	}
	if s.kept+n > s.limits().Answers {
		return false
	}
	s.kept += n
	return true
}

// miss gives up a value whose end did not come though the package ended, and
// tells the device of all such.
func (s *session) miss(r *reply, final bool) {
	if p := s.partial; p != nil && final {
		s.partial = nil
		s.missed(r, p)
	}
	r.noEnd()
}

// missed notes that the end of a value did not come. The command that asked for
// it has failed.
func (s *session) missed(r *reply, p *partial) {
	if p.kind == syncml.Results && s.batch != nil {
		if t := s.batch.sent[p.ref]; t != nil {
			t.setStatus(device.IncompleteCommand, "")
		}
	}
	r.missed = append(r.missed, p.object)
}
