package agent

import (
	"slices"
	"strconv"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// packageOne returns the commands of the first package, as captured: the alert
// that opens the session, events, DevInfo.
func (s *session) packageOne() []syncml.Command {
	m := &s.agent.cfg.Machine
	code := "1201"
	if s.manner.ServerStarted {
		code = "1200"
	}
	login := "none"
	if m.LoggedIn {
		login = "user"
	}
	list := []syncml.Command{
		{Kind: syncml.Alert, Data: code},
		alertCommand(device.Alert{Code: 1224, Type: "com.microsoft/MDM/LoginStatus", Items: []device.Item{{Data: login}}}),
	}
	for _, a := range s.manner.Alerts {
		c := alertCommand(a)
		if a.Code == 1226 && len(c.Items) > 0 && c.Items[0].Meta != nil && m.Version.Build() >= 22000 {
			c.Items[0].Meta.Mark = "critical"
		}
		list = append(list, c)
	}
	info := syncml.Command{Kind: syncml.Replace}
	for _, it := range m.devInfo() {
		info.Items = append(info.Items, syncml.Item{Source: &syncml.Location{URI: it.uri}, Data: it.data, HasData: true})
	}
	return append(list, info)
}

// alertCommand makes an Alert; its type stands in the Meta of each item.
func alertCommand(a device.Alert) syncml.Command {
	c := syncml.Command{Kind: syncml.Alert, Data: strconv.Itoa(a.Code)}
	for _, it := range a.Items {
		item := syncml.Item{Data: it.Data, HasData: true}
		if a.Type != "" || it.Format != "" {
			item.Meta = &syncml.Meta{Type: a.Type, Format: string(it.Format)}
		}
		if it.URI != "" {
			item.Source = &syncml.Location{URI: it.URI}
		}
		c.Items = append(c.Items, item)
	}
	return c
}

// compose makes the next message of what waits, as much as the server takes.
// aborted is the error to return once it was sent: the session ends with it.
func (s *session) compose() (msg *syncml.Message, aborted error, err error) {
	msg = &syncml.Message{Header: s.header()}
	id := 1
	if s.hdr != nil {
		s.hdr.CmdID = "1"
		msg.Commands = append(msg.Commands, *s.hdr)
	}
	if s.msgID == s.manner.Abort {
		aborted = failWith("Poll", hrCancelled, ErrStopped, "Alert 1223 in message "+strconv.Itoa(s.msgID))
	}
	s.last = nil
	room := s.room(msg)
	for aborted == nil && len(s.queue) > 0 {
		c := s.queue[0]
		c.CmdID = strconv.Itoa(id + 1)
		size := int64(s.enc.CommandSize(&c))
		if s.limit == 0 || size <= room {
			s.queue = s.queue[1:]
		} else if len(s.last) > 0 {
			break
		} else if !s.manner.LargeObjects || !s.chunk(&c, room) {
			aborted = fail("Poll", hrCancelled, "a %s of %d bytes does not fit into MaxMsgSize %d of the server: Alert 1223", c.Kind, size, s.limit)
			break
		}
		id++
		room -= int64(s.enc.CommandSize(&c))
		msg.Commands = append(msg.Commands, c)
		s.last = append(s.last, c)
		if c.Kind == syncml.Results {
			if c.Items[len(c.Items)-1].MoreData {
				break
			}
			s.chunking = false
		}
	}
	if aborted != nil {
		s.queue, s.more = nil, false
		msg.Commands = append(msg.Commands, syncml.Command{Kind: syncml.Alert, CmdID: strconv.Itoa(id + 1), Data: "1223"})
	}
	if s.more && len(s.queue) == 0 {
		msg.Commands = append(msg.Commands, syncml.Command{Kind: syncml.Alert, CmdID: strconv.Itoa(id + 1), Data: "1222"})
	}
	// Final is of the device's own package, which is whole here even where the
	// server's goes on.
	msg.Final = len(s.queue) == 0
	return msg, aborted, nil
}

// room is how many bytes of commands a message takes, with some for an alert.
func (s *session) room(msg *syncml.Message) int64 {
	used := int64(s.enc.Size(&syncml.Message{Header: msg.Header, Final: true}))
	for i := range msg.Commands {
		used += int64(s.enc.CommandSize(&msg.Commands[i]))
	}
	alert := syncml.Command{Kind: syncml.Alert, CmdID: "9999", Data: "1222"}
	return s.limit - used - int64(s.enc.CommandSize(&alert))
}

// header makes the SyncHdr.
func (s *session) header() syncml.Header {
	h := syncml.Header{
		VerDTD: "1.2", VerProto: "DM/1.2", SessionID: s.id, MsgID: strconv.Itoa(s.msgID),
		Target: syncml.Location{URI: s.account.Addr}, Source: syncml.Location{URI: s.agent.cfg.Machine.DeviceID},
	}
	if s.creds.used {
		h.Source.Name = s.account.Client.Name
	}
	h.Cred = s.creds.make(&s.account.Client)
	if s.msgID == 1 && (s.manner.MaxMsgSize > 0 || s.manner.MaxObjSize > 0) {
		h.Meta = &syncml.Meta{MaxMsgSize: s.manner.MaxMsgSize, MaxObjSize: s.manner.MaxObjSize}
	}
	return h
}

// chunk makes of c, which is too large and first in the queue, a part that fits
// into room, and leaves the rest in the queue. It reports whether it could.
func (s *session) chunk(c *syncml.Command, room int64) bool {
	if c.Kind != syncml.Results || len(c.Items) == 0 {
		return false
	}
	if len(c.Items) > 1 {
		rest := *c
		c.Items, rest.Items = c.Items[:1:1], c.Items[1:]
		s.queue = slices.Insert(s.queue[1:], 0, *c, rest)
		if int64(s.enc.CommandSize(c)) <= room {
			s.queue = s.queue[1:]
			return true
		}
	}
	left := c.Items[0]
	meta, leftMeta := syncml.Meta{}, syncml.Meta{}
	if left.Meta != nil {
		meta, leftMeta = *left.Meta, *left.Meta
	}
	if !s.chunking {
		meta.Size = int64(len(left.Data))
	}
	part := left
	part.Meta, part.MoreData, part.Data = &meta, true, ""
	c.Items = []syncml.Item{part}
	n := chunkLength(left.Data, int(room)-s.enc.CommandSize(c), s.enc)
	if n <= 0 {
		return false
	}
	c.Items[0].Data = left.Data[:n]
	left.Meta, left.Data = &leftMeta, left.Data[n:]
	rest := *c
	rest.Items = []syncml.Item{left}
	s.queue[0] = rest
	s.chunking = true
	return true
}

// chunkLength is how much of data is at most free bytes long once it is written,
// cut between characters.
func chunkLength(data string, free int, enc syncml.Encoding) int {
	n, used := 0, 0
	for i, r := range data {
		w := len(string(r))
		if enc == syncml.XML && (r == '&' || r == '<' || r == '>' || r == '"' || r == '\'' || r == '\r' || r == '\n' || r == '\t') {
			w = len("&quot;")
		}
		if used += w; used > free {
			break
		}
		n = i + len(string(r))
	}
	return n
}
