package session

import (
	"slices"
	"strings"
	"unicode/utf8"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// write appends the next command of b to a message, where it takes at most room
// bytes there. It returns how many it took, 0 where it does not fit.
func (b *batch) write(r *reply, room int64, enc syncml.Encoding) int64 {
	t, id := b.said[b.next], r.lastID
	c := t.command(r)
	size := int64(enc.CommandSize(&c))
	if size > room {
		r.lastID = id
		return 0
	}
	b.append(r, c, t)
	b.next++
	return size
}

// command returns t with those inside it, CmdIDs in the order of the text.
func (t *told) command(r *reply) syncml.Command {
	c := &t.answer.Command
	sc := syncml.Command{Kind: syncml.Kind(c.Verb), CmdID: r.nextID()}
	if len(t.inner) == 0 {
		sc.Items = []syncml.Item{outItem(c)}
		return sc
	}
	for _, in := range t.inner {
		sc.Commands = append(sc.Commands, in.command(r))
	}
	return sc
}

// append puts a command of b into a message.
func (b *batch) append(r *reply, c syncml.Command, t *told) {
	r.msg.Commands = append(r.msg.Commands, c)
	b.flying = append(b.flying, t)
	b.note(r, &c, t)
}

// note keeps by which names the device will answer.
func (b *batch) note(r *reply, c *syncml.Command, t *told) {
	b.sent[ref{r.msg.Header.MsgID, c.CmdID}] = t
	for i := range c.Commands {
		b.note(r, &c.Commands[i], t.inner[i])
	}
}

// outItem returns the item of a command.
func outItem(c *device.Command) syncml.Item {
	it := syncml.Item{Target: &syncml.Location{URI: c.URI}, Data: c.Data}
	if c.Format != "" || c.Type != "" {
		it.Meta = &syncml.Meta{Format: string(c.Format), Type: c.Type}
	}
	if c.Verb == device.Add || c.Verb == device.Replace {
		// An empty text is a value too; a node has none.
		it.HasData = c.Format != device.Node && c.Format != device.Null
	}
	return it
}

// writeChunk appends the next chunk of a value to a message, where it takes at
// most room bytes. It reports false where nothing of it fits. After the last
// chunk b goes on to the next command.
func (b *batch) writeChunk(r *reply, room int64, enc syncml.Encoding) bool {
	t, id := b.said[b.next], r.lastID
	c := &t.answer.Command
	sc := syncml.Command{Kind: syncml.Kind(c.Verb), CmdID: r.nextID(), Items: []syncml.Item{outItem(c)}}
	it := &sc.Items[0]
	it.Data, it.HasData, it.MoreData = "", true, true
	if t.offset == 0 {
		if it.Meta == nil {
			it.Meta = new(syncml.Meta)
		}
		it.Meta.Size = int64(len(c.Data))
	}
	end := chunkEnd(c.Data, t.offset, room-int64(enc.CommandSize(&sc))-chunkSpare)
	if end == t.offset {
		r.lastID = id
		return false
	}
	it.Data = c.Data[t.offset:end]
	t.chunk, t.offset = t.offset, end
	t.chunked = end < len(c.Data)
	it.MoreData = t.chunked
	b.append(r, sc, t)
	if !t.chunked {
		b.next++
	}
	return true
}

// skip goes on to the next command: this one cannot be sent, which is its answer.
func (b *batch) skip(s device.Status) {
	b.said[b.next].answer.Status = s
	b.next++
}

// carried reports whether a message can hold the texts of t: XML has no way to
// write some characters (XML 1.0 2.2), and WBXML is to say the same.
func (t *told) carried() bool {
	c := &t.answer.Command
	for _, s := range [...]string{c.URI, string(c.Format), c.Type, c.Data} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, notXML) {
			return false
		}
	}
	return !slices.ContainsFunc(t.inner, func(in *told) bool { return !in.carried() })
}

func notXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF'
}

// chunkSpare is what a value takes besides its characters, in either encoding.
const chunkSpare = 32

// chunkEnd returns where the chunk of s ends that begins at from and takes at
// most room bytes in XML, which is more than WBXML takes. It does not cut a
// character in two.
func chunkEnd(s string, from int, room int64) int {
	end := from
	for end < len(s) {
		_, size := utf8.DecodeRuneInString(s[end:])
		for _, b := range []byte(s[end : end+size]) {
			room -= escapedLen(b)
		}
		if room < 0 {
			break
		}
		end += size
	}
	return end
}

// escapedLen returns how long a byte of text is in XML at most.
func escapedLen(b byte) int64 {
	switch b {
	case '&', '<', '>', '"', '\'', '\t', '\n', '\r':
		return 6 // &quot;
	}
	return 1
}

// largest returns the length of the largest value in t.
func (t *told) largest() int {
	n := len(t.answer.Command.Data)
	for _, in := range t.inner {
		n = max(n, in.largest())
	}
	return n
}

// chunkable reports whether the value of a command may go out in chunks.
func chunkable(c *device.Command) bool {
	switch c.Verb {
	case device.Add, device.Replace, device.Exec:
		return c.Data != ""
	}
	return false
}

// onces appends the numbers of the commands in t that must not be done twice and
// that the dialogue was not told of yet; it counts as told from here on.
func (t *told) onces(to []int64) []int64 {
	if n := t.answer.Command.Once; n != 0 && !t.noted {
		to = append(to, n)
		t.noted = true
	}
	for _, in := range t.inner {
		to = in.onces(to)
	}
	return to
}

// count returns how many commands t is, with those inside it.
func (t *told) count() int {
	n := 1
	for _, in := range t.inner {
		n += in.count()
	}
	return n
}
