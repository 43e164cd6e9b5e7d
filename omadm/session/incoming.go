package session

import (
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// partial is a value that a device is sending in chunks
// (OMA-TS-DM_Protocol-V1_2 7.2).
type partial struct {
	kind   syncml.Kind
	ref    ref // of Results
	object string
	first  syncml.Item // its Data is what came so far
	data   strings.Builder
	size   int64 // that the device announced, 0 for not
	lost   bool  // it grew too large: the rest of it is dropped
}

// joined is what became of the last item of a command.
type joined int

const (
	whole    joined = iota // the value is all there
	more                   // a chunk was kept
	tooLarge               // the object is larger than is taken; it is dropped
	badSize                // it is not as long as was announced; it is dropped
)

// continues reports whether a command goes on with the value that p holds.
func (p *partial) continues(c *syncml.Command) bool {
	return p.kind == c.Kind && p.ref == resultsRef(c) && len(c.Items) > 0 && uri(&c.Items[0]) == p.object
}

func resultsRef(c *syncml.Command) ref {
	if c.Kind != syncml.Results {
		return ref{}
	}
	return ref{refOr1(c.MsgRef), refOr1(c.CmdRef)}
}

// join puts a value together that came in chunks. The first item of a command
// may end one, the last may begin or be one; in c it is made whole, or taken out
// where it is not. missed is the object whose end the device should have sent
// with this command, nil for none.
func (s *session) join(c *syncml.Command) (state joined, missed *partial) {
	if p := s.partial; p != nil && canChunk(c) {
		if !p.continues(c) {
			missed, s.partial = p, nil
		} else if state = s.goOn(p, c); state != whole {
			return state, nil
		}
	}
	n := len(c.Items)
	if n == 0 || !c.Items[n-1].MoreData || !canChunk(c) {
		return whole, missed
	}
	last := c.Items[n-1]
	c.Items = c.Items[:n-1]
	p := &partial{kind: c.Kind, ref: resultsRef(c), object: uri(&last), first: last}
	if last.Meta != nil {
		p.size = last.Meta.Size
	}
	s.partial = p
	if p.size > s.limits().Object || !p.add(last.Data, s.limits().Object) {
		p.drop()
		return tooLarge, missed
	}
	return more, missed
}

// canChunk reports whether a command may hold a value in chunks.
func canChunk(c *syncml.Command) bool {
	return c.Kind == syncml.Results || c.Kind == syncml.Replace || c.Kind == syncml.Alert
}

// goOn adds the first item of c to p.
func (s *session) goOn(p *partial, c *syncml.Command) joined {
	it := &c.Items[0]
	if !it.MoreData {
		s.partial = nil
	}
	if p.lost || !p.add(it.Data, s.limits().Object) {
		p.drop()
		c.Items = c.Items[1:]
		return tooLarge
	}
	if it.MoreData {
		c.Items = c.Items[1:]
		return more
	}
	if p.size > 0 && int64(p.data.Len()) != p.size {
		c.Items = c.Items[1:]
		return badSize
	}
	p.first.Data, p.first.HasData, p.first.MoreData = p.data.String(), true, false
	*it = p.first
	return whole
}

// add keeps a chunk. It reports false where the value grows larger than is taken.
func (p *partial) add(data string, limit int64) bool {
	if int64(p.data.Len()+len(data)) > limit {
		return false
	}
	p.data.WriteString(data)
	return true
}

// drop lets go of a value that grew too large.
func (p *partial) drop() {
	p.lost = true
	p.data.Reset()
}

// status returns what a chunk is answered with, other where it is whole.
func (j joined) status(other device.Status) device.Status {
	switch j {
	case more:
		return device.ChunkAccepted
	case tooLarge:
		return device.TooLarge
	case badSize:
		return device.SizeMismatch
	}
	return other
}
