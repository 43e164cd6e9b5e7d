package syncml

import (
	"errors"
	"fmt"
	"strconv"
)

var errCharacter = errors.New("a character that XML cannot carry")

// emitter walks over a message and gives its elements, in the order of the DTD.
type emitter struct {
	sink
	refused error // a field that the element it stands in cannot have
}

// message writes the root element. What the message leaves empty is left out.
func (e *emitter) message(m *Message) error {
	e.open(tagSyncML)
	e.header(&m.Header)
	if err := e.failure("SyncHdr", ""); err != nil {
		return err
	}
	e.open(tagSyncBody)
	for i := range m.Commands {
		if err := e.topCommand(&m.Commands[i]); err != nil {
			return err
		}
	}
	if m.Final {
		e.leaf(tagFinal, "")
	}
	e.close(tagSyncBody)
	e.close(tagSyncML)
	return nil
}

// topCommand writes a command of the SyncBody.
func (e *emitter) topCommand(c *Command) error {
	e.command(c, tagSyncBody, 0)
	return e.failure(string(c.Kind), c.CmdID)
}

func (e *emitter) failure(kind, id string) error {
	err := e.refused
	if err == nil {
		err = e.err()
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("syncml: write %q %q: %w", kind, id, err)
}

func (e *emitter) header(h *Header) {
	if h.empty() {
		return
	}
	e.open(tagSyncHdr)
	e.text(tagVerDTD, h.VerDTD)
	e.text(tagVerProto, h.VerProto)
	e.text(tagSessionID, h.SessionID)
	e.text(tagMsgID, h.MsgID)
	if h.Target != (Location{}) {
		e.location(tagTarget, &h.Target)
	}
	if h.Source != (Location{}) {
		e.location(tagSource, &h.Source)
	}
	e.text(tagRespURI, h.RespURI)
	e.flag(tagNoResp, h.NoResp)
	e.cred(h.Cred)
	e.meta(h.Meta)
	e.close(tagSyncHdr)
}

func (h *Header) empty() bool { return *h == Header{} }

// command writes a command into an element that may have it.
func (e *emitter) command(c *Command, parent tag, nesting int) {
	t := tagsByName[string(c.Kind)]
	children, may := childTags(t), childTags(parent)
	switch {
	case !bodyTags.has(t):
		e.refuse("no such command")
		return
	case !may.has(t):
		e.refuse("%s inside of %s", t, parent)
		return
	case nesting > MaxNesting:
		e.refuse("more than %d levels of Atomic and Sequence", MaxNesting)
		return
	case c.OriginalError != "" && t != tagStatus:
		e.refuse("msft:originalerror in %s", t)
		return
	}
	e.open(t)
	e.fields(c, t, children)
	for i := range c.Items {
		e.allowed(children, tagItem)
		e.item(&c.Items[i])
	}
	for i := range c.Commands {
		e.command(&c.Commands[i], t, nesting+1)
	}
	e.close(t)
}

// fields writes what stands in front of the items.
func (e *emitter) fields(c *Command, t tag, may tagSet) {
	e.text(tagCmdID, c.CmdID)
	if c.NoResp && e.allowed(may, tagNoResp) {
		e.flag(tagNoResp, true)
	}
	e.textIn(may, tagLang, c.Lang)
	if t == tagStatus {
		e.leaf(tagMsgRef, c.MsgRef)
		e.leaf(tagCmdRef, c.CmdRef)
		e.leaf(tagCmd, c.Cmd)
		e.refs(may, c)
	} else {
		e.textIn(may, tagMsgRef, c.MsgRef)
		e.textIn(may, tagCmdRef, c.CmdRef)
		e.textIn(may, tagCmd, c.Cmd)
	}
	if c.Cred != nil && e.allowed(may, tagCred) {
		e.cred(c.Cred)
	}
	if c.Chal != nil && e.allowed(may, tagChal) {
		e.open(tagChal)
		e.meta(c.Chal)
		e.close(tagChal)
	}
	if c.Meta != nil && e.allowed(may, tagMeta) {
		e.meta(c.Meta)
	}
	switch {
	case t != tagStatus:
		e.refs(may, c) // of Results
		e.textIn(may, tagData, c.Data)
	case c.OriginalError != "":
		e.failed(c.Data, c.OriginalError)
	default:
		e.leaf(tagData, c.Data)
	}
	e.textIn(may, tagCorrelator, c.Correlator)
}

func (e *emitter) refs(may tagSet, c *Command) {
	for _, s := range c.TargetRefs {
		if e.allowed(may, tagTargetRef) {
			e.leaf(tagTargetRef, s)
		}
	}
	for _, s := range c.SourceRefs {
		if e.allowed(may, tagSourceRef) {
			e.leaf(tagSourceRef, s)
		}
	}
}

func (e *emitter) item(item *Item) {
	e.open(tagItem)
	if item.Target != nil {
		e.location(tagTarget, item.Target)
	}
	if item.Source != nil {
		e.location(tagSource, item.Source)
	}
	e.meta(item.Meta)
	if item.HasData || item.Data != "" {
		e.value(tagData, item.Data)
	}
	e.flag(tagMoreData, item.MoreData)
	e.close(tagItem)
}

func (e *emitter) location(t tag, l *Location) {
	e.open(t)
	e.leaf(tagLocURI, l.URI)
	e.text(tagLocName, l.Name)
	e.close(t)
}

func (e *emitter) cred(c *Cred) {
	if c == nil {
		return
	}
	e.open(tagCred)
	if c.Format != "" || c.Type != "" {
		e.open(tagMeta)
		e.text(tagFormat, c.Format)
		e.text(tagType, c.Type)
		e.close(tagMeta)
	}
	e.value(tagData, c.Data)
	e.close(tagCred)
}

func (e *emitter) meta(m *Meta) {
	if m == nil {
		return
	}
	e.open(tagMeta)
	e.text(tagFormat, m.Format)
	e.text(tagType, m.Type)
	e.text(tagMark, m.Mark)
	e.number(tagSize, m.Size)
	e.text(tagVersion, m.Version)
	e.text(tagNextNonce, m.NextNonce)
	e.number(tagMaxMsgSize, m.MaxMsgSize)
	e.number(tagMaxObjSize, m.MaxObjSize)
	for _, s := range m.EMI {
		e.leaf(tagEMI, s)
	}
	e.close(tagMeta)
}

// text writes an element unless s is empty.
func (e *emitter) text(t tag, s string) {
	if s != "" {
		e.leaf(t, s)
	}
}

// textIn does so where the element may stand, else it refuses a text.
func (e *emitter) textIn(may tagSet, t tag, s string) {
	if s != "" && e.allowed(may, t) {
		e.leaf(t, s)
	}
}

func (e *emitter) flag(t tag, set bool) {
	if set {
		e.leaf(t, "")
	}
}

func (e *emitter) number(t tag, n int64) {
	switch {
	case n < 0:
		e.refuse("%s is below 0", t)
	case n > 0:
		var digits [20]byte
		e.leaf(t, string(strconv.AppendInt(digits[:0], n, 10)))
	}
}

func (e *emitter) allowed(may tagSet, t tag) bool {
	if may.has(t) {
		return true
	}
	e.refuse("it cannot have %s", t)
	return false
}

func (e *emitter) refuse(format string, args ...any) {
	if e.refused == nil {
		e.refused = fmt.Errorf(format, args...)
	}
}
