package agent

import (
	"strconv"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// decode reads a message of the server: strictly in its raw form, where it is
// XML, then by the codec.
func (s *session) decode(ans *answer) (*syncml.Message, error) {
	if s.enc == syncml.XML {
		if err := checkMessage(ans.body); err != nil {
			return nil, failWith("Poll", hrInvalidData, err, "the message of the server")
		}
	}
	m, err := s.enc.Decode(ans.body)
	if err != nil {
		return nil, failWith("Poll", hrInvalidData, err, "the message of the server")
	}
	return m, s.checkHeader(&m.Header)
}

// checkHeader refuses messages that are not of this session.
func (s *session) checkHeader(h *syncml.Header) error {
	for _, c := range []struct{ what, got, want string }{
		{"VerDTD", h.VerDTD, "1.2"},
		{"VerProto", h.VerProto, "DM/1.2"},
		{"SessionID", h.SessionID, s.id},
		{"Target", h.Target.URI, s.agent.cfg.Machine.DeviceID},
		{"Source", h.Source.URI, s.account.Addr},
	} {
		if c.got != c.want {
			return fail("Poll", hrInvalidData, "%s of the server's message is %q, not %q", c.what, c.got, c.want)
		}
	}
	n, err := strconv.Atoi(h.MsgID)
	if err != nil || n < 1 || h.MsgID == s.heard {
		return fail("Poll", hrInvalidData, "MsgID of the server's message is %q after %q", h.MsgID, s.heard)
	}
	if n != s.msgID {
		s.remarks.add("MsgID of the server's message is %d, its answer to message %d", n, s.msgID)
	}
	s.heard = h.MsgID
	if h.Meta != nil && h.Meta.MaxMsgSize > 0 {
		s.limit = h.Meta.MaxMsgSize
	}
	if h.RespURI != "" {
		if _, err := serviceURL(h.RespURI); err != nil {
			return failWith("Poll", hrInvalidData, err, "RespURI")
		}
		s.addr = h.RespURI
	}
	return nil
}

// handle does what a message of the server says and queues the answers. stop is
// the end of the session.
func (s *session) handle(m *syncml.Message) (stop bool, err error) {
	if len(m.Commands) == 0 || m.Commands[0].Kind != syncml.Status || m.Commands[0].CmdRef != "0" {
		return false, fail("Poll", hrInvalidData, "the server's message does not begin with the Status of the header")
	}
	first := &m.Commands[0]
	if first.Cmd != "SyncHdr" || first.MsgRef != strconv.Itoa(s.msgID) {
		return false, fail("Poll", hrInvalidData, "the first Status is for %s of message %s, not for SyncHdr of %d", first.Cmd, first.MsgRef, s.msgID)
	}
	again, err := s.headerStatus(first)
	if err != nil {
		return false, err
	}
	s.hdr = &syncml.Command{
		Kind: syncml.Status, MsgRef: m.Header.MsgID, CmdRef: "0", Cmd: "SyncHdr", Data: device.OK.String(),
	}
	if again {
		s.queue = append(s.last, s.queue...)
		if hasCommands(m.Commands) {
			s.remarks.add("the server sent commands beside a challenge; they are not done")
		}
		return false, nil
	}
	s.checkStatuses(m.Commands[1:])
	if !hasCommands(m.Commands) && m.Final {
		return s.idle()
	}
	ok, err := s.proveServer(&m.Header, s.hdr)
	if err != nil {
		return false, err
	}
	if !ok {
		s.queue = nil
		return false, nil
	}
	before := len(s.queue)
	aborted := s.execute(m.Header.MsgID, m.Commands)
	s.more = !m.Final
	switch {
	case aborted:
		return true, nil
	case s.leaving && s.manner.DropLeave:
		return true, nil
	case len(s.queue) == before && m.Final:
		return s.idle()
	}
	return false, nil
}

// idle is an answer without commands: the end, save that the device itself has
// more to send.
func (s *session) idle() (stop bool, err error) {
	s.more = false
	if len(s.queue) > 0 {
		s.remarks.add("the server did not ask for the rest of a package (Alert 1222)")
		return false, nil
	}
	if s.object != nil {
		s.remarks.add("the server ended within a large object")
	}
	return true, nil
}

// hasCommands reports whether a message has anything that needs an answer.
func hasCommands(list []syncml.Command) bool {
	for i := range list {
		if k := list[i].Kind; k != syncml.Status && k != syncml.Results {
			return true
		}
	}
	return false
}

// checkStatuses looks whether the server answered each command of the last
// message. Windows bears it where it did not.
func (s *session) checkStatuses(list []syncml.Command) {
	want := map[string]string{}
	for i := range s.last {
		if c := &s.last[i]; c.Kind != syncml.Status && c.Kind != syncml.Results {
			want[c.CmdID] = string(c.Kind)
		}
	}
	for i := range list {
		c := &list[i]
		if c.Kind != syncml.Status || c.CmdRef == "0" {
			continue
		}
		if c.MsgRef != strconv.Itoa(s.msgID) {
			s.remarks.add("a Status for message %s came with the answer to message %d", c.MsgRef, s.msgID)
			continue
		}
		kind, ok := want[c.CmdRef]
		switch {
		case ok && kind != c.Cmd:
			s.remarks.add("the Status of command %s names %s, which was a %s", c.CmdRef, c.Cmd, kind)
		case ok && c.Data != device.OK.String():
			s.remarks.add("the server answered %s to the device's %s", c.Data, kind)
		}
		delete(want, c.CmdRef)
	}
	for id, kind := range want {
		s.remarks.add("the server sent no Status for the device's %s (command %s of message %d)", kind, id, s.msgID)
	}
}
