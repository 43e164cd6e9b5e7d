package soap

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// answer writes the envelope with v in its Body. An error says that nothing was written.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, v any) error {
	if v == nil {
		return errors.New("operation without an answer")
	}
	raw := h.raws.Get().(*Raw)
	defer func() {
		if raw.size() <= keepBytes {
			raw.Reset()
			h.raws.Put(raw)
		}
	}()
	style := h.svc.Style
	raw.WriteString(style.open())
	if body, ok := v.(Body); ok {
		raw.Add(body)
	} else {
		text, err := appendValue(raw.text, style, v)
		if err != nil {
			return err
		}
		raw.text = text
	}
	raw.WriteString(style.close())

	header := w.Header()
	setType(header)
	header.Set("Cache-Control", "private")
	if style == ASMX {
		header.Set("Cache-Control", "private, max-age=0")
	}
	coding := r.Header.Values("Accept-Encoding")
	if len(coding) > 0 {
		header.Set("Vary", "Accept-Encoding")
	}
	length, write := raw.PlainLen(), raw.WritePlain
	if offersXpress(coding) {
		header.Set("Content-Encoding", "xpress")
		length, write = raw.XpressLen(), raw.WriteXpress
	}
	header.Set("Content-Length", strconv.FormatInt(length, 10))
	if err := write(r.Context(), w); err != nil {
		// The length is promised: net/http ends the connection when less was written, and
		// that is all that can be told to the client now.
		h.log.Warn("write soap answer", "path", h.svc.Path, "remote", r.RemoteAddr, "err", err)
	}
	return nil
}

// fail writes err as a fault.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, operation string, err error) {
	id := h.newID()
	log := h.log.With("operation", operation, "fault_id", id, "remote", r.RemoteAddr)
	var f *Fault
	switch {
	case errors.As(err, &f):
		log.Info("soap fault", "code", string(f.Code), "message", f.Message, "cause", f.Err)
	case r.Context().Err() != nil: // the client has left, or the server is stopping
		log.Debug("soap operation ended early", "err", err)
		f = &Fault{Code: ServerBusy}
	default:
		log.Error("soap operation failed", "err", err)
		f = &Fault{Code: InternalServerError}
	}
	method := ""
	if operation != "" {
		method = `"` + h.svc.Namespace + "/" + operation + `"`
	}
	text := appendFault(nil, h.svc.Style, f, h.actor(r), id, method)
	header := w.Header()
	setType(header)
	header.Set("Cache-Control", "private")
	header.Set("Connection", "close")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusInternalServerError)
	if _, err := w.Write(text); err != nil {
		log.Debug("write soap fault", "err", err)
	}
}

func setType(header http.Header) { header.Set("Content-Type", "text/xml; charset=utf-8") }

// actor returns the URL of the service by the name that the client used for the server.
func (h *Handler) actor(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + hostName(r.Host) + h.svc.Path
}

// hostName returns host without anything that no host and port has.
func hostName(host string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.ContainsRune("-._:[]", c):
			return c
		}
		return -1
	}, host)
}

// offersXpress reports whether a client that sent these Accept-Encoding values takes
// Xpress.
func offersXpress(values []string) bool {
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			name, params, _ := strings.Cut(item, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "xpress") {
				continue
			}
			key, q, _ := strings.Cut(strings.TrimSpace(params), "=")
			weight, err := strconv.ParseFloat(q, 64)
			return !strings.EqualFold(key, "q") || err != nil || weight > 0
		}
	}
	return false
}
