package syncml

// Size returns the length of m in the encoding: a little more where a value is no
// text, never less. Together with [Encoding.CommandSize] it tells, before anything
// is written, what fits into a message: the Size of a message without its commands
// and the CommandSize of each add up to at least its length.
func (e Encoding) Size(m *Message) int {
	s, n := e.counter()
	em := emitter{sink: s}
	// What cannot be written has no size; writing it says why.
	_ = em.message(m)
	return *n + e.overhead()
}

// CommandSize returns what a command of the SyncBody adds to the length of its
// message, see [Encoding.Size].
func (e Encoding) CommandSize(c *Command) int {
	s, n := e.counter()
	em := emitter{sink: s}
	em.command(c, tagSyncBody, 0)
	return *n
}

// overhead is what stands around the elements.
func (e Encoding) overhead() int {
	if e == WBXML {
		return len("\x02\xA4\x01\x6A\x00")
	}
	return 0
}

func (e Encoding) counter() (sink, *int) {
	if e == WBXML {
		c := &wbxmlCounter{}
		return c, &c.n
	}
	c := &xmlCounter{}
	return c, &c.n
}

// xmlCounter counts what xmlWriter writes.
type xmlCounter struct{ n int }

func (c *xmlCounter) open(t tag) {
	if t == tagSyncML {
		c.n += len(rootStart)
		return
	}
	c.n += len("<>") + len(tagNames[t])
}

func (c *xmlCounter) close(t tag) { c.n += len("</>") + len(tagNames[t]) }

func (c *xmlCounter) leaf(t tag, text string) {
	c.n += len("</>") + len(tagNames[t])
	if t.inMetInf() {
		c.n += len(metInfSpace)
	}
	if text != "" {
		c.n += len("<>") + len(tagNames[t]) + escapedLen(text)
	}
}

func (c *xmlCounter) value(t tag, data string) { c.leaf(t, data) }

func (c *xmlCounter) failed(text, cause string) {
	c.n += len(causeStart) + escapedLen(cause) + len(`">`) + escapedLen(text)
	c.close(tagData)
}

func (c *xmlCounter) err() error { return nil }

// wbxmlCounter counts what wbxmlWriter writes. Which code page is on where a
// command begins depends on the one before it, so that each Meta pays for both
// changes.
type wbxmlCounter struct{ n int }

func (c *wbxmlCounter) open(t tag) {
	c.n++
	if t == tagMeta {
		c.n += 4
	}
}

func (c *wbxmlCounter) close(tag) { c.n++ }

func (c *wbxmlCounter) leaf(_ tag, text string) {
	c.n++
	if text != "" {
		c.n += 3 + len(text) // STR_I, its end, END
	}
}

func (c *wbxmlCounter) value(t tag, data string) {
	c.leaf(t, data)
	c.n += 4 // a length of opaque bytes has up to five bytes, STR_I an end
}

// failed counts the string table too, which a message has once.
func (c *wbxmlCounter) failed(text, cause string) {
	c.leaf(tagData, text)
	c.n += 2 + 3 + len(cause) + len(causeName) + 1
}

func (c *wbxmlCounter) err() error { return nil }
