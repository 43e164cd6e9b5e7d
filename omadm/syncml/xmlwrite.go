package syncml

import "fmt"

// Namespaces and the attribute of a Status that Windows writes (MS-MDM 2.2.5.1).
const (
	rootStart   = `<SyncML xmlns="SYNCML:SYNCML1.2">`
	metInfSpace = ` xmlns="syncml:metinf"`
	causeStart  = `<Data xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM" msft:originalerror="`
)

// EncodeXML writes a message in XML as Windows wants it: the namespace of SyncML
// 1.2, that of MetInf on each child of a Meta, and children in the order of the
// DTD. Equal messages give equal bytes. A field that its command cannot have and a
// character that XML cannot carry are errors.
func EncodeXML(m *Message) ([]byte, error) {
	return AppendXML(make([]byte, 0, 2<<10), m)
}

// AppendXML is [EncodeXML] to the end of dst. On an error dst is returned as it was.
func AppendXML(dst []byte, m *Message) ([]byte, error) {
	w := &xmlWriter{b: dst}
	e := emitter{sink: w}
	if err := e.message(m); err != nil {
		return dst, err
	}
	return w.b, nil
}

// xmlWriter writes XML.
type xmlWriter struct {
	b       []byte
	problem error
}

func (w *xmlWriter) open(t tag) {
	if t == tagSyncML {
		w.b = append(w.b, rootStart...)
		return
	}
	w.b = append(append(append(w.b, '<'), tagNames[t]...), '>')
}

func (w *xmlWriter) close(t tag) {
	w.b = append(append(append(w.b, "</"...), tagNames[t]...), '>')
}

func (w *xmlWriter) leaf(t tag, text string) {
	w.b = append(append(w.b, '<'), tagNames[t]...)
	if t.inMetInf() {
		w.b = append(w.b, metInfSpace...)
	}
	if text == "" {
		w.b = append(w.b, "/>"...)
		return
	}
	w.b = append(w.b, '>')
	w.escaped(t, text)
	w.close(t)
}

func (w *xmlWriter) value(t tag, data string) { w.leaf(t, data) }

func (w *xmlWriter) failed(text, cause string) {
	w.b = append(w.b, causeStart...)
	w.escaped(tagData, cause)
	w.b = append(w.b, `">`...)
	w.escaped(tagData, text)
	w.close(tagData)
}

func (w *xmlWriter) escaped(t tag, s string) {
	var ok bool
	if w.b, ok = appendEscaped(w.b, s); !ok && w.problem == nil {
		w.problem = fmt.Errorf("%s: %w", t, errCharacter)
	}
}

func (w *xmlWriter) err() error { return w.problem }
