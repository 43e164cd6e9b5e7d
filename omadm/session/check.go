package session

import (
	"errors"
	"fmt"
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// maxID bounds what is echoed of a device's own numbers.
const maxID = 64

// check looks at a message for what makes it no message at all. err is how its
// decoding failed, after the header. It returns its MsgID, 1 where it has none.
func (e *Engine) check(m *syncml.Message, err error) (int, *refusal) {
	h := &m.Header
	id, numbered := number(h.MsgID)
	if !numbered {
		id, h.MsgID = 1, "1"
	}
	bad := func(format string, a ...any) (int, *refusal) {
		return id, &refusal{status: device.BadRequest, reason: Malformed, err: fmt.Errorf(format, a...)}
	}
	var limit *syncml.LimitError
	switch {
	case errors.As(err, &limit):
		return id, &refusal{status: device.TooLarge, reason: TooLong, err: err}
	case err != nil:
		return bad("%w", err)
	case h.VerDTD == "" || h.VerProto == "":
		return bad("no VerDTD or no VerProto")
	case strings.TrimSpace(h.VerDTD) != verDTD:
		return id, &refusal{status: device.UnsupportedDTD, reason: WrongVersion, err: fmt.Errorf("VerDTD %.20q", h.VerDTD)}
	case !strings.EqualFold(strings.TrimSpace(h.VerProto), verProto):
		return id, &refusal{status: device.UnsupportedProtocol, reason: WrongVersion, err: fmt.Errorf("VerProto %.20q", h.VerProto)}
	case !numbered:
		return bad("no MsgID that is a number from 1")
	case h.SessionID == "" || len(h.SessionID) > maxID:
		return bad("no SessionID, or one that is too long")
	case h.Source.URI == "" || h.Target.URI == "":
		return bad("no Source or no Target")
	}
	count := 0
	if err := e.checkCommands(m.Commands, make(map[string]bool, 8), &count); err != nil {
		return bad("%w", err)
	}
	if count > e.limits.Commands {
		return id, &refusal{status: device.TooLarge, reason: TooLong, err: fmt.Errorf("%d commands", count)}
	}
	return id, nil
}

// checkCommands counts the commands that need a Status, and checks that each can
// be named in one (MS-MDM 2.2.3.2).
func (e *Engine) checkCommands(commands []syncml.Command, seen map[string]bool, count *int) error {
	for i := range commands {
		c := &commands[i]
		if c.Kind == syncml.Status || c.Kind == syncml.Results {
			continue
		}
		if *count++; *count > e.limits.Commands {
			return nil
		}
		if c.CmdID == "" || c.CmdID == "0" || len(c.CmdID) > maxID {
			return fmt.Errorf("%s without a CmdID", c.Kind)
		}
		if seen[c.CmdID] {
			return fmt.Errorf("CmdID %.20q twice", c.CmdID)
		}
		seen[c.CmdID] = true
		if err := e.checkCommands(c.Commands, seen, count); err != nil {
			return err
		}
	}
	return nil
}
