package agent

import (
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// object is a value of the server that comes in chunks.
type object struct {
	uri  string
	kind syncml.Kind
	size int64 // announced; 0 for none
	data strings.Builder
	meta *syncml.Meta
}

// assemble takes a chunk. It returns the whole item with the last one, else the
// Status of the chunk (OMA-TS-DM_Protocol 7).
func (s *session) assemble(c *syncml.Command, it *syncml.Item) (*syncml.Item, device.Status) {
	if !s.manner.LargeObjects {
		return nil, device.NotSupported // DevDetail/LrgObj is false
	}
	if s.object == nil {
		s.object = &object{uri: targetOf(it), kind: c.Kind, meta: it.Meta}
		if it.Meta != nil {
			s.object.size = it.Meta.Size
		}
		if s.object.size == 0 && c.Meta != nil {
			s.object.size = c.Meta.Size
		}
		if s.object.size == 0 {
			s.remarks.add("the first chunk of %s has no Size", s.object.uri)
		}
	}
	o := s.object
	if s.limitObject(o, it) {
		s.object = nil
		return nil, device.TooLarge
	}
	o.data.WriteString(it.Data)
	if it.MoreData {
		return nil, device.ChunkAccepted
	}
	s.object = nil
	if o.size != 0 && o.size != int64(o.data.Len()) {
		return nil, device.SizeMismatch
	}
	whole := *it
	whole.Data, whole.HasData, whole.Meta = o.data.String(), true, o.meta
	return &whole, 0
}

func (s *session) limitObject(o *object, it *syncml.Item) bool {
	most := s.agent.cfg.Limits.Object
	if s.manner.MaxObjSize > 0 {
		most = min(most, s.manner.MaxObjSize)
	}
	return max(o.size, int64(o.data.Len()+len(it.Data))) > most
}

// interrupted looks whether a command is not the next chunk of the value that is
// still coming: then Alert 1225 says that its end never came.
func (s *session) interrupted(c *syncml.Command) {
	if s.object == nil || c.Kind == syncml.Alert {
		return
	}
	if c.Kind == s.object.kind && len(c.Items) == 1 && targetOf(&c.Items[0]) == s.object.uri {
		return
	}
	s.remarks.add("the end of the large object for %s never came", s.object.uri)
	s.queue = append(s.queue, alertCommand(device.Alert{Code: 1225, Items: []device.Item{{URI: s.object.uri}}}))
	s.object = nil
}
