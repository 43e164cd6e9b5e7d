package agent

import (
	"maps"
	"slices"
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
		if n.format == "" && n.access == 0 {
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

// runSequence does commands in order; one that fails stops none.
func (s *session) runSequence(r *reply, c *syncml.Command) bool {
	at := len(r.list)
	r.status(c, device.OK, "", "")
	done := true
	for i := range c.Commands {
		done = s.command(r, &c.Commands[i]) && done
	}
	if !done && len(r.list) > at && !c.NoResp {
		r.list[at].Data = device.Failed.String()
	}
	return done
}

// runAtomic does all commands or none: the Status of the whole first, then one
// for each (MS-MDM 3.1.5.1.2). Get and Atomic may not stand in it, nor an Add and
// a Replace of the same node.
func (s *session) runAtomic(r *reply, c *syncml.Command) bool {
	if s.atomic {
		r.status(c, device.Failed, "", "")
		return false
	}
	undo := s.snapshot()
	s.atomic = true
	inner := &reply{s: s, msgRef: r.msgRef}
	added := map[string]bool{}
	failed := false
	noted := len(s.out.Commands)
	var ends []int // of the answers to each command that was done
	for i := range c.Commands {
		sub := &c.Commands[i]
		switch {
		case failed:
			inner.status(sub, device.NotExecuted, "", "")
			continue
		case sub.Kind == syncml.Atomic, clashes(sub, added):
			inner.status(sub, device.Failed, "", "")
			failed = true
			continue
		}
		if !s.command(inner, sub) {
			failed = true
			continue
		}
		ends = append(ends, len(inner.list))
	}
	s.atomic = false
	whole := device.OK
	if failed {
		undo()
		whole = device.AtomicFailed
		if len(ends) > 0 {
			for i := range inner.list[:ends[len(ends)-1]] {
				inner.list[i].Data = device.RolledBack.String()
			}
		}
		for i := range s.out.Commands[noted:] {
			if d := &s.out.Commands[noted+i]; d.Status.Done() {
				d.Status = device.RolledBack
			}
		}
	}
	r.status(c, whole, "", "")
	r.list = append(r.list, inner.list...)
	return !failed
}

// clashes reports a Replace of what the same Atomic added.
func clashes(c *syncml.Command, added map[string]bool) bool {
	for i := range c.Items {
		uri := targetOf(&c.Items[i])
		if c.Kind == syncml.Replace && added[uri] {
			return true
		}
		if c.Kind == syncml.Add {
			added[uri] = true
		}
	}
	return false
}

// snapshot returns what brings the device back to how it is now. Nodes hold on
// to the maps of the state and to the account: these stay the same ones.
func (s *session) snapshot() (undo func()) {
	st := s.agent.state
	policies, approved, nodes, dm := maps.Clone(st.Policies), maps.Clone(st.Approved), maps.Clone(st.Nodes), maps.Clone(s.account.DMClient)
	acc := *s.account
	acc.Roots, acc.CAs = slices.Clone(acc.Roots), slices.Clone(acc.CAs)
	leaving, renew, restart := s.leaving, s.renew, s.out.Restart
	return func() {
		refill(st.Policies, policies)
		refill(st.Approved, approved)
		refill(st.Nodes, nodes)
		refill(s.account.DMClient, dm)
		*s.account = acc
		s.leaving, s.renew, s.out.Restart = leaving, renew, restart
	}
}

func refill[V any](m, from map[string]V) {
	clear(m)
	maps.Copy(m, from)
}

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
