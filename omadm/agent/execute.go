package agent

import (
	"strconv"
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// maxResults bounds what one Get with ?list returns.
const maxResults = 100_000

// reply is the answers to one command: its Status, those of its parts, Results.
type reply struct {
	s      *session
	msgRef string
	list   []syncml.Command
}

func (r *reply) status(c *syncml.Command, st device.Status, target, cause string) {
	if c.NoResp {
		return
	}
	out := syncml.Command{Kind: syncml.Status, MsgRef: r.msgRef, CmdRef: c.CmdID, Cmd: string(c.Kind), Data: st.String()}
	if out.CmdRef == "" {
		out.CmdRef = "0"
	}
	if target != "" {
		out.TargetRefs = []string{target}
	}
	if cause != "" && r.s.detailed() {
		out.OriginalError = cause
	}
	r.list = append(r.list, out)
}

// detailed reports whether the device names original errors: once the server
// said that it speaks version 3.0 of synchronization or later.
func (s *session) detailed() bool {
	v, err := strconv.ParseFloat(s.account.DMClient["SyncApplicationVersion"], 64)
	return err == nil && v >= 3
}

// execute does the commands of a message and queues the answers. aborted says
// that the server ended the session.
func (s *session) execute(msgRef string, list []syncml.Command) (aborted bool) {
	r := &reply{s: s, msgRef: msgRef}
	seen := map[string]bool{}
	for i := range list {
		c := &list[i]
		if c.Kind == syncml.Status || c.Kind == syncml.Results {
			continue
		}
		if c.Kind == syncml.Alert && c.Data == "1223" {
			return true
		}
		s.interrupted(c)
		if seen[c.CmdID] {
			s.remarks.add("the server used CmdID %q twice in a message", c.CmdID)
		}
		seen[c.CmdID] = true
		s.command(r, c)
	}
	s.queue = append(s.queue, r.list...)
	return false
}

// command does one command and reports whether all of it was done.
func (s *session) command(r *reply, c *syncml.Command) bool {
	if c.CmdID == "" || c.CmdID == "0" {
		s.remarks.add("the server sent a %s without a CmdID", c.Kind)
		r.status(c, device.BadRequest, "", "")
		return false
	}
	switch c.Kind {
	case syncml.Alert:
		return s.alert(r, c)
	case syncml.Atomic:
		return s.runAtomic(r, c)
	case syncml.Sequence:
		return s.runSequence(r, c)
	case syncml.Copy:
		r.status(c, device.NotSupported, "", "")
		return false
	}
	if len(c.Items) == 0 {
		r.status(c, device.BadRequest, "", "")
		return false
	}
	done := true
	var results []syncml.Item
	for i := range c.Items {
		s.cause = ""
		items, st := s.item(c, &c.Items[i])
		target := ""
		if len(c.Items) > 1 {
			target = targetOf(&c.Items[i])
		}
		r.status(c, st, target, s.cause)
		results = append(results, items...)
		done = done && st.Done()
		s.note(c, &c.Items[i], st)
	}
	if len(results) > 0 {
		r.list = append(r.list, syncml.Command{Kind: syncml.Results, MsgRef: r.msgRef, CmdRef: c.CmdID, Items: results})
	}
	return done
}

// note keeps a command for the result of the session.
func (s *session) note(c *syncml.Command, it *syncml.Item, st device.Status) {
	v := valueOf(c, it)
	done := Done{Command: device.Command{Verb: device.Verb(c.Kind), URI: targetOf(it), Data: v.data}, Status: st}
	if it.HasData {
		done.Command.Format = v.format
	}
	s.out.Commands = append(s.out.Commands, done)
	s.agent.cfg.Log.Debug("command", "verb", c.Kind, "uri", done.Command.URI, "status", int(st))
}

func targetOf(it *syncml.Item) string {
	if it.Target == nil {
		return ""
	}
	return it.Target.URI
}

// valueOf is the value of an item; its format may stand at the command.
func valueOf(c *syncml.Command, it *syncml.Item) value {
	v := value{format: device.Chr, data: it.Data}
	for _, m := range []*syncml.Meta{c.Meta, it.Meta} {
		if m != nil && m.Format != "" {
			v.format = device.Format(m.Format)
		}
	}
	return v
}

// item does a command for one item.
func (s *session) item(c *syncml.Command, it *syncml.Item) ([]syncml.Item, device.Status) {
	l, st := parseURI(targetOf(it))
	switch {
	case targetOf(it) == "":
		return nil, device.BadRequest
	case st != 0:
		return nil, st
	case l.query != "" && c.Kind != syncml.Get:
		return nil, device.NotAllowed
	case l.user && !s.agent.cfg.Machine.LoggedIn:
		return nil, device.NotAllowed
	case l.user:
		return nil, device.NotFound // nothing here has the scope of a user
	}
	if it.MoreData || s.object != nil {
		whole, st := s.assemble(c, it)
		if whole == nil {
			return nil, st
		}
		it = whole
	}
	n := s.tree.find(l.path)
	if n == nil {
		return nil, device.NotFound
	}
	if c.Kind == syncml.Get {
		return s.get(n, l)
	}
	return nil, s.change(n, c, valueOf(c, it))
}

// get reads a node into items of a Results.
func (s *session) get(n *node, l locator) ([]syncml.Item, device.Status) {
	if s.atomic {
		return nil, device.Failed
	}
	found, st := n.get(l, maxResults)
	if st != device.OK {
		return nil, st
	}
	var items []syncml.Item
	for _, f := range found {
		it := syncml.Item{Source: &syncml.Location{URI: f.uri}, Data: f.data, HasData: !f.inner}
		if f.format != device.Chr {
			it.Meta = &syncml.Meta{Format: string(f.format)}
		}
		items = append(items, it)
	}
	return items, device.OK
}

// change does Add, Replace, Delete or Exec to a node.
func (s *session) change(n *node, c *syncml.Command, v value) device.Status {
	need := map[syncml.Kind]access{
		syncml.Add: canAdd, syncml.Replace: canReplace, syncml.Delete: canDelete, syncml.Exec: canExec,
	}[c.Kind]
	if n.access&need == 0 {
		if n.format == "" {
			return device.NotFound
		}
		return device.NotAllowed
	}
	switch c.Kind {
	case syncml.Add, syncml.Replace:
		return n.write(device.Verb(c.Kind), v)
	case syncml.Delete:
		return n.remove()
	}
	return n.exec(v.data)
}

// alert answers an alert of the server.
func (s *session) alert(r *reply, c *syncml.Command) bool {
	st := device.OK
	if strings.HasPrefix(c.Data, "11") {
		st = device.NotSupported // 1100 to 1104 would ask the user
	}
	r.status(c, st, "", "")
	return st == device.OK
}
