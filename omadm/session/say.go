package session

import (
	"context"
	"errors"
	"fmt"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// maxRounds bounds how often a dialogue may say only what cannot be sent.
const maxRounds = 16

// say puts into the answer what the dialogue says now. Where it says nothing the
// session is over: the device does not answer a message without commands.
func (s *session) say(ctx context.Context, r *reply, enc syncml.Encoding) {
	for range maxRounds {
		if s.batch == nil || s.batch.over() {
			var answers []device.Answer
			if s.batch != nil {
				answers = s.batch.answers()
			}
			commands, err := s.dialogue.Next(ctx, answers)
			if err != nil {
				s.fail(ctx, fmt.Errorf("next: %w", err))
				return
			}
			if len(commands) == 0 {
				s.batch = nil
				s.end(ctx, true)
				return
			}
			s.batch = newBatch(commands)
		}
		sent, err := s.send(ctx, r, enc)
		if err != nil {
			s.fail(ctx, err)
			return
		}
		if sent {
			return
		}
	}
	s.fail(ctx, errors.New("no message can hold what is said"))
}

// send puts as many commands into the answer as fit, and tells the dialogue of
// those that must not be done twice. It reports false where none was left that
// can be sent.
func (s *session) send(ctx context.Context, r *reply, enc syncml.Encoding) (bool, error) {
	asked := s.owing // the device asked for what was put off: it has no more room to give
	s.owing = false
	s.login.sign(&r.msg.Header)
	room := s.message - int64(enc.Size(&r.msg))
	before := len(r.msg.Commands)
	b := s.batch
	b.part()
	for !b.over() && b.chunkOut() == nil {
		t := b.said[b.next]
		if !t.carried() {
			b.skip(device.BadRequest)
			continue
		}
		if s.object > 0 && int64(t.largest()) > s.object {
			b.skip(device.TooLarge)
			continue
		}
		if t.offset == 0 {
			if size := b.write(r, room, enc); size > 0 {
				room -= size
				continue
			}
		}
		if len(r.msg.Commands) > before {
			break // the rest goes when these are answered
		}
		if s.chunks(t) && b.writeChunk(r, room, enc) {
			r.msg.Final = !t.chunked
			break
		}
		if len(r.msg.Commands) > 1 && !asked {
			// Only the Statuses are in the way: the device is to ask for the rest.
			s.owing, r.msg.Final = true, false
			return true, nil
		}
		b.skip(device.TooLarge)
	}
	if len(r.msg.Commands) == before {
		return false, nil
	}
	// What is noted as sent must be sure to leave: it is written first.
	body, err := enc.Encode(&r.msg)
	if err == nil {
		err = s.note(ctx)
	}
	if err != nil {
		r.msg.Commands, r.msg.Final = r.msg.Commands[:before], true
		return false, err
	}
	r.body = body
	return true, nil
}

// note tells the dialogue which commands are about to go out that must not be
// done twice.
func (s *session) note(ctx context.Context) error {
	var once []int64
	for _, t := range s.batch.flying {
		once = t.onces(once)
		s.summary.Commands += t.count()
	}
	if len(once) == 0 {
		return nil
	}
	if err := s.dialogue.Sending(ctx, once); err != nil {
		return fmt.Errorf("note %d commands as sent: %w", len(once), err)
	}
	return nil
}

// chunks reports whether the value of a command may go to the device in chunks.
func (s *session) chunks(t *told) bool {
	c := &t.answer.Command
	if !chunkable(c) {
		return false
	}
	d, ok := s.dialogue.(interface{ LargeObjects() bool })
	return ok && d.LargeObjects()
}

// chunkTaken reports whether the device took a chunk and wants the next one. If
// it did not, the command that the chunk was of has its answer, and where its
// package goes on it may still come.
func (s *session) chunkTaken(final bool) bool {
	t := s.batch.chunkOut()
	if t == nil {
		return false
	}
	switch {
	case t.answer.Status == device.ChunkAccepted:
		t.answer.Status, t.chunked = 0, false
		return true
	case final:
		t.chunked = false
		s.batch.next++
	}
	return false
}
