package session

import (
	"strconv"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// What we speak (MS-MDM 2.2.3.13, 2.2.3.14).
const (
	verDTD   = "1.2"
	verProto = "DM/1.2"
)

// reply is a message of ours in the making.
type reply struct {
	msg    syncml.Message
	answer string   // MsgID of the message that it answers
	id     int      // MsgID
	lastID int      // CmdID given last
	body   []byte   // the message as it goes out, where it was written already
	missed []string // values whose end did not come
	quiet  bool     // NoResp of the SyncHdr: no Status but its own is wanted
}

// newReply begins the answer to a message, with the Status of its SyncHdr, which
// comes first (MS-MDM 2.2.6.1).
func newReply(h *syncml.Header, id int, status device.Status, chal *syncml.Meta) *reply {
	r := &reply{answer: h.MsgID, id: id, quiet: h.NoResp}
	r.msg.Header = syncml.Header{
		VerDTD: verDTD, VerProto: verProto,
		SessionID: h.SessionID, MsgID: strconv.Itoa(id),
		Target: syncml.Location{URI: h.Source.URI},
		Source: syncml.Location{URI: h.Target.URI},
	}
	r.add(syncml.Command{
		Kind: syncml.Status, MsgRef: h.MsgID, CmdRef: "0", Cmd: "SyncHdr",
		Data: status.String(), Chal: chal,
	})
	return r
}

// add gives a command its CmdID, which it returns, and appends it.
func (r *reply) add(c syncml.Command) string {
	c.CmdID = r.nextID()
	r.msg.Commands = append(r.msg.Commands, c)
	return c.CmdID
}

func (r *reply) nextID() string {
	r.lastID++
	return strconv.Itoa(r.lastID)
}

// status appends the Status of a command of the message that r answers.
func (r *reply) status(c *syncml.Command, s device.Status) {
	if c.NoResp || r.quiet {
		return
	}
	r.add(syncml.Command{
		Kind: syncml.Status, MsgRef: r.answer, CmdRef: c.CmdID, Cmd: string(c.Kind), Data: s.String(),
	})
}

// refuse appends the Statuses of a command that devices have no business to send,
// and of those inside it.
func (r *reply) refuse(c *syncml.Command) {
	r.status(c, device.NotSupported)
	r.notExecuted(c.Commands)
}

func (r *reply) notExecuted(commands []syncml.Command) {
	for i := range commands {
		r.status(&commands[i], device.NotExecuted)
		r.notExecuted(commands[i].Commands)
	}
}

// askMore asks for the rest of the device's package.
func (r *reply) askMore() {
	r.add(syncml.Command{Kind: syncml.Alert, Data: strconv.Itoa(nextMessage)})
	r.msg.Final = false
}

// noEnd tells the device of the values whose end was missed. It comes after all
// Statuses.
func (r *reply) noEnd() {
	for _, object := range r.missed {
		c := syncml.Command{Kind: syncml.Alert, Data: strconv.Itoa(noEndOfData)}
		if object != "" {
			c.Items = []syncml.Item{{Source: &syncml.Location{URI: object}}}
		}
		r.add(c)
	}
	r.missed = nil
}
