package soap

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
)

// DefaultMaxBody is how many bytes the request of an operation may have that states no
// other bound.
const DefaultMaxBody = 4 << 20

// keepBytes is how much memory of a request or an answer is kept for the next one.
const keepBytes = 2 << 20

// Request is a call of an operation. It is valid until the operation returns.
type Request struct {
	*Message
	HTTP *http.Request // its Body has been read
}

// Operation is one operation of a Service.
type Operation struct {
	// Handle returns what goes into Body: a value for encoding/xml whose XMLName has the
	// namespace, or a Body that writes such an element. To fail it returns a *Fault, or
	// another error, which becomes InternalServerError.
	Handle func(ctx context.Context, r *Request) (any, error)

	MaxBody int64 // bytes of the whole request; DefaultMaxBody when 0
}

func (op Operation) maxBody() int64 {
	if op.MaxBody == 0 {
		return DefaultMaxBody
	}
	return op.MaxBody
}

// Service is what a Handler serves.
type Service struct {
	Path       string // as clients call it, "/ClientWebService/client.asmx"; named in faults
	Namespace  string
	Style      Style
	Operations map[string]Operation // by the local name of the request element
}

// Handler serves a Service by HTTP.
type Handler struct {
	svc     Service
	log     *slog.Logger
	newID   func() string
	maxBody int64
	memory  budget // of requests

	buffers sync.Pool // *bytes.Buffer of requests
	raws    sync.Pool // *Raw of answers
}

// NewHandler returns a Handler of svc. newID makes the GUID of a fault, by which a line
// of log is found; nil is for random ones.
func NewHandler(svc Service, log *slog.Logger, newID func() string) *Handler {
	if newID == nil {
		newID = randomID
	}
	h := &Handler{svc: svc, log: log, newID: newID, maxBody: DefaultMaxBody}
	for _, op := range svc.Operations {
		h.maxBody = max(h.maxBody, op.maxBody())
	}
	h.buffers.New = func() any { return new(bytes.Buffer) }
	h.raws.New = func() any { return new(Raw) }
	return h
}

// randomID returns a random GUID (RFC 9562, version 4).
func randomID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "This is a web service: it answers SOAP 1.1 requests by POST.", http.StatusMethodNotAllowed)
		return
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		http.Error(w, "The request must not be compressed.", http.StatusUnsupportedMediaType)
		return
	}
	if r.ContentLength > h.maxBody {
		tooLarge(w)
		return
	}
	buf := h.buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= keepBytes {
			buf.Reset()
			h.buffers.Put(buf)
		}
	}()
	body := h.memory.reader(http.MaxBytesReader(w, r.Body, h.maxBody))
	defer body.release()
	if _, err := buf.ReadFrom(body); err != nil {
		if e := (*http.MaxBytesError)(nil); errors.As(err, &e) {
			tooLarge(w)
			return
		}
		if errors.Is(err, errMemory) {
			h.fail(w, r, "", &Fault{Code: ServerBusy, Err: err})
			return
		}
		h.log.Debug("read soap request", "remote", r.RemoteAddr, "err", err)
		http.Error(w, "The request could not be read.", http.StatusBadRequest)
		return
	}
	h.serve(w, r, buf.Bytes())
}

func tooLarge(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	http.Error(w, "The request is too large.", http.StatusRequestEntityTooLarge)
}

// serve answers the request whose envelope is body.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	m, err := Open(body)
	if err != nil {
		h.fail(w, r, "", &Fault{Code: InvalidParameters, Err: err})
		return
	}
	op, ok := h.svc.Operations[m.Name]
	if !ok || m.Namespace != h.svc.Namespace {
		h.fail(w, r, "", &Fault{Code: InvalidParameters, Message: "operation",
			Err: fmt.Errorf("no operation %.100q in %.100q", m.Name, m.Namespace)})
		return
	}
	if int64(len(body)) > op.maxBody() {
		tooLarge(w)
		return
	}
	v, err := op.Handle(r.Context(), &Request{Message: m, HTTP: r})
	if c, ok := v.(io.Closer); ok {
		defer func() {
			if err := c.Close(); err != nil {
				h.log.Error("close soap answer", "operation", m.Name, "err", err)
			}
		}()
	}
	if err != nil {
		h.fail(w, r, m.Name, err)
		return
	}
	if err := h.answer(w, r, v); err != nil {
		h.fail(w, r, m.Name, err)
	}
}

// Decode unmarshals the request into v as Message.Decode does; what does not fit is the
// client's fault.
func (r *Request) Decode(v any) error {
	if err := r.Message.Decode(v); err != nil {
		return &Fault{Code: InvalidParameters, Err: err}
	}
	return nil
}
