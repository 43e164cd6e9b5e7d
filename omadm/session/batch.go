package session

import (
	"slices"
	"strconv"
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// ref is how a device names a command of ours: MsgRef and CmdRef.
type ref struct{ msg, cmd string }

// batch is what a dialogue said at once. It goes out in parts, each as much as
// one message holds; a part is answered before the next one goes.
type batch struct {
	said []*told
	next int   // in said: the first that did not go out
	from int   // where the part begins that went out last
	kept int64 // bytes of what the device answered

	flying []*told       // that part, without what could not be sent
	sent   map[ref]*told // likewise with those inside, by how the device names them
}

// told is one command of a dialogue and what came back.
type told struct {
	answer device.Answer // its Commands are filled in by the batch's answers
	inner  []*told       // of Atomic and Sequence
	noted  bool          // a command with Once set that Sending has been told of

	// Of a value in chunks: how much of it went out, and where the last chunk began.
	offset, chunk int
	chunked       bool // the chunk that went out last is not the end
}

func newBatch(commands []device.Command) *batch {
	return &batch{said: newTold(commands)}
}

func newTold(commands []device.Command) []*told {
	all := make([]*told, len(commands))
	for i, c := range commands {
		all[i] = &told{answer: device.Answer{Command: c}, inner: newTold(c.Commands)}
	}
	return all
}

// answers returns what came to each command, in the order said.
func (b *batch) answers() []device.Answer { return answersOf(b.said) }

func answersOf(all []*told) []device.Answer {
	if len(all) == 0 {
		return nil
	}
	answers := make([]device.Answer, len(all))
	for i, t := range all {
		answers[i] = t.answer
		answers[i].Commands = answersOf(t.inner)
	}
	return answers
}

// over reports whether all went out.
func (b *batch) over() bool { return b.next == len(b.said) }

// part begins a new part: answers to the last one count no more.
func (b *batch) part() {
	b.from = b.next
	b.flying = b.flying[:0]
	b.sent = make(map[ref]*told)
}

// again takes the last part back, so that it goes out once more.
func (b *batch) again() {
	b.next = b.from
	for _, t := range b.said[b.from:] {
		t.offset, t.chunked = t.chunk, false
	}
}

// chunkOut returns the command whose value goes on in the next message, nil for
// none. A part that ends in a chunk holds nothing else.
func (b *batch) chunkOut() *told {
	if b == nil || b.over() || !b.said[b.next].chunked {
		return nil
	}
	return b.said[b.next]
}

// find returns the command that a Status or Results is of, nil for one that did
// not go out last. What leaves out MsgRef or CmdRef means 1 (MS-MDM 2.2.7.8).
func (b *batch) find(c *syncml.Command) *told {
	if b == nil {
		return nil
	}
	return b.sent[ref{refOr1(c.MsgRef), refOr1(c.CmdRef)}]
}

func refOr1(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "1"
	}
	return s
}

// setStatus notes a Status. Of several to one command, for its items, the first
// failure stays; Accepted and ChunkAccepted give way to what comes after.
func (t *told) setStatus(s device.Status, detail string) {
	if old := t.answer.Status; old != 0 && !old.Done() {
		return
	}
	t.answer.Status = s
	if detail != "" {
		t.answer.Detail = detail
	}
}

// itemCost is what an answer or an item takes in memory besides its texts.
const itemCost = 128

func itemSize(it *device.Item) int64 {
	return int64(itemCost + len(it.URI) + len(it.Format) + len(it.Type) + len(it.Data))
}

// keep counts an item that a device answered with, and reports false where that
// is more than is kept.
func (b *batch) keep(it *device.Item, limit int64) bool {
	n := itemSize(it)
	if b.kept+n > limit {
		return false
	}
	b.kept += n
	return true
}

// size returns how many bytes b holds, roughly.
func (b *batch) size() int64 { return b.kept + sizeOf(b.said) }

func sizeOf(all []*told) int64 {
	n := int64(0)
	for _, t := range all {
		c := &t.answer.Command
		n += int64(4*itemCost+len(c.URI)+len(c.Data)) + sizeOf(t.inner)
	}
	return n
}

// named reports whether a Status with these TargetRefs is about the node of t. One
// without any is. A device may give one for each node that it looked at.
func (t *told) named(refs []string) bool {
	return len(refs) == 0 || slices.ContainsFunc(refs, func(r string) bool {
		return strings.EqualFold(strings.TrimSpace(r), t.answer.Command.URI)
	})
}

// statusOf returns the outcome that a Status holds, 0 for none.
func statusOf(c *syncml.Command) device.Status {
	n, err := strconv.Atoi(strings.TrimSpace(c.Data))
	if err != nil || n < 100 || n > 999 {
		return 0
	}
	return device.Status(n)
}

// detailOf returns the original error of a Status: its attribute, or the number
// that some components put into its item instead.
func detailOf(c *syncml.Command) string {
	if s := strings.TrimSpace(c.OriginalError); s != "" {
		return cut(s)
	}
	for i := range c.Items {
		if s := strings.TrimSpace(c.Items[i].Data); len(s) > 2 && strings.EqualFold(s[:2], "0x") {
			return cut(s)
		}
	}
	return ""
}

// cut bounds a text that is kept for people to read.
func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "") }
