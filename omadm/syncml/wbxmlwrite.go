package syncml

import "fmt"

// EncodeWBXML writes a message in WBXML 1.2 with the public identifier of SyncML
// 1.2, in UTF-8. A value that is no text is written as opaque bytes. Errors are
// those of [EncodeXML] otherwise.
func EncodeWBXML(m *Message) ([]byte, error) {
	return AppendWBXML(make([]byte, 0, 1<<10), m)
}

// AppendWBXML is [EncodeWBXML] to the end of dst. On an error dst is returned as
// it was.
func AppendWBXML(dst []byte, m *Message) ([]byte, error) {
	w := &wbxmlWriter{b: append(dst, 2)}
	w.b = appendNumber(w.b, publicSyncML12)
	w.b = appendNumber(w.b, charsetUTF8)
	if hasCause(m.Commands) {
		w.b = appendNumber(w.b, uint32(len(causeName)+1))
		w.b = append(append(w.b, causeName...), 0)
	} else {
		w.b = append(w.b, 0)
	}
	e := emitter{sink: w}
	if err := e.message(m); err != nil {
		return dst, err
	}
	return w.b, nil
}

// hasCause reports whether a Status has an OriginalError, which needs the string
// table.
func hasCause(commands []Command) bool {
	for i := range commands {
		if commands[i].OriginalError != "" {
			return true
		}
	}
	return false
}

// wbxmlWriter writes the elements of WBXML.
type wbxmlWriter struct {
	b       []byte
	page    tag
	problem error
}

// start writes the start of an element, with a change of the code page before it
// where it is of another than the last.
func (w *wbxmlWriter) start(t tag, bits tag) {
	if page := t & pageMetInf; page != w.page {
		w.page = page
		w.b = append(w.b, tokenSwitchPage, byte(page>>6))
	}
	w.b = append(w.b, byte(t&tokenMask|bits))
}

func (w *wbxmlWriter) open(t tag) { w.start(t, hasContent) }
func (w *wbxmlWriter) close(tag)  { w.b = append(w.b, tokenEnd) }

func (w *wbxmlWriter) leaf(t tag, text string) {
	if text == "" {
		w.start(t, 0)
		return
	}
	w.start(t, hasContent)
	w.inline(t, text)
	w.b = append(w.b, tokenEnd)
}

func (w *wbxmlWriter) value(t tag, data string) {
	if isText(data) {
		w.leaf(t, data)
		return
	}
	w.start(t, hasContent)
	w.b = appendNumber(append(w.b, tokenOpaque), uint32(len(data)))
	w.b = append(append(w.b, data...), tokenEnd)
}

func (w *wbxmlWriter) failed(text, cause string) {
	bits := tag(hasAttributes)
	if text != "" {
		bits |= hasContent
	}
	w.start(tagData, bits)
	w.b = append(w.b, tokenLiteral, 0) // causeName, which is all of the string table
	w.inline(tagData, cause)
	w.b = append(w.b, tokenEnd)
	if text != "" {
		w.inline(tagData, text)
		w.b = append(w.b, tokenEnd)
	}
}

func (w *wbxmlWriter) inline(t tag, text string) {
	if !isText(text) && w.problem == nil {
		w.problem = fmt.Errorf("%s: %w", t, errCharacter)
	}
	w.b = append(append(append(w.b, tokenInline), text...), 0)
}

func (w *wbxmlWriter) err() error { return w.problem }

// appendNumber appends an mb_u_int32.
func appendNumber(dst []byte, n uint32) []byte {
	for shift := 28; shift > 0; shift -= 7 {
		if n>>shift != 0 {
			dst = append(dst, byte(n>>shift)|0x80)
		}
	}
	return append(dst, byte(n&0x7F))
}
