package api

import (
	"encoding/json"
	"net/http"
)

// stream answers with one JSON object a line, each sent at once. Nothing is
// sent, not even a status, before the first.
type stream struct {
	w       http.ResponseWriter
	encoder *json.Encoder
	started bool
}

func newStream(w http.ResponseWriter) *stream {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &stream{w: w, encoder: e}
}

// send writes a line. A receiver that went away is noticed by the context of
// the request, so errors are nobody's concern.
func (s *stream) send(v any) {
	if !s.started {
		s.started = true
		s.w.Header().Set("Content-Type", "application/x-ndjson")
		s.w.Header().Set("X-Content-Type-Options", "nosniff")
		s.w.WriteHeader(http.StatusOK)
	}
	if s.encoder.Encode(v) == nil {
		_ = http.NewResponseController(s.w).Flush()
	}
}
