package session

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"sluice/omadm/syncml"
)

// httpError is a request that no SyncML can answer.
type httpError struct {
	code int
	text string
	err  error
}

func (e *httpError) Error() string { return fmt.Sprintf("%d: %s: %v", e.code, e.text, e.err) }

func (e *httpError) write(w http.ResponseWriter) {
	switch e.code {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "30")
	}
	http.Error(w, e.text, e.code)
}

// encodingOf checks what is said of a request before its body, and returns what
// its body is written in.
func encodingOf(r *http.Request) (syncml.Encoding, *httpError) {
	if r.Method != http.MethodPost {
		return 0, &httpError{code: http.StatusMethodNotAllowed, text: "Devices post SyncML here."}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return 0, &httpError{code: http.StatusUnsupportedMediaType, text: "The request must not be compressed."}
	}
	typ := r.Header.Get("Content-Type")
	enc, err := syncml.ParseContentType(typ)
	if err != nil && plainXML(typ) {
		return syncml.XML, nil
	}
	if err != nil {
		return 0, &httpError{code: http.StatusUnsupportedMediaType, text: "The request is not SyncML.", err: err}
	}
	return enc, nil
}

// plainXML reports whether a type says only that a body is XML, or nothing, as
// tools do that administrators try the address with.
func plainXML(contentType string) bool {
	typ, _, _ := strings.Cut(contentType, ";")
	typ = strings.ToLower(strings.TrimSpace(typ))
	return typ == "" || typ == "text/xml" || typ == "application/xml"
}

// read reads the body of a request. What it takes is to be released after use.
func (e *Engine) read(w http.ResponseWriter, r *http.Request) (raw []byte, release func(), failed *httpError) {
	most := e.limits.Body
	if r.ContentLength > most {
		return nil, nil, tooLong(r.ContentLength)
	}
	size := most
	if r.ContentLength >= 0 {
		size = r.ContentLength
	}
	cert, err := e.judge(r)
	if err != nil {
		cert = nil
	}
	from := senderOf(cert)
	if !e.reading.reserve(from, size) {
		return nil, nil, &httpError{code: http.StatusServiceUnavailable, text: "Busy.", err: errors.New("too many messages at once")}
	}
	release = func() { e.reading.release(from, size) }
	body := http.MaxBytesReader(w, r.Body, most)
	if r.ContentLength >= 0 {
		raw = make([]byte, size) // no more than was reserved
		_, err = io.ReadFull(body, raw)
	} else {
		raw, err = io.ReadAll(body)
	}
	if err == nil {
		return raw, release, nil
	}
	release()
	if tooMuch := (*http.MaxBytesError)(nil); errors.As(err, &tooMuch) {
		return nil, nil, tooLong(most + 1)
	}
	return nil, nil, &httpError{code: http.StatusBadRequest, text: "The request could not be read.", err: err}
}

func tooLong(n int64) *httpError {
	return &httpError{code: http.StatusRequestEntityTooLarge, text: "The message is too large.",
		err: fmt.Errorf("%d bytes or more", n)}
}

// respond writes a message of ours.
func respond(w http.ResponseWriter, enc syncml.Encoding, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", enc.ContentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(body)
	return err
}
