package content

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"

	"sluice/wsus/update"
)

const (
	// maxRanges bounds the parts of one answer. Clients ask for one range;
	// a handful is an honest repair of a broken download, hundreds are an
	// attack on the server's reads (RFC 9110 14.2).
	maxRanges = 16

	// unverifiedRetry is when a client should ask again for a file that is
	// being read, in seconds: most files take less.
	unverifiedRetry = 30
)

// opener is what the handler needs of a [Store].
type opener interface {
	Open(update.Digest) (*os.File, fs.FileInfo, error)
}

// HandlerOptions configure [Handler]; each may be left out.
type HandlerOptions struct {
	Log *slog.Logger
	// OnMiss is called when a well-formed URL names a file that isn't held,
	// with [http.Request.RemoteAddr]. Anybody can ask for anything: whether
	// that means that the file is needed is for the callee to judge.
	OnMiss func(d update.Digest, remoteAddr string)
	// OnServed is called after bytes of a file were sent.
	OnServed func(d update.Digest, bytes int64)
}

// Handler serves the files of a store below [Prefix], in any letter case, to
// GET and HEAD, whole, in ranges and conditionally (RFC 9110). What isn't a
// path of content or isn't held is answered 404, what has to be verified first
// 503 (see the package's documentation why).
//
// The digest alone names the file: the folder must agree with it, as a WSUS
// server demands, but any extension or none will do, because the same bytes
// may be declared under two names and an adopted folder has either.
func Handler(store opener, o HandlerOptions) http.Handler {
	h := &handler{store: store, log: o.Log, onMiss: o.OnMiss, onServed: o.OnServed}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.onMiss == nil {
		h.onMiss = func(update.Digest, string) {}
	}
	if h.onServed == nil {
		h.onServed = func(update.Digest, int64) {}
	}
	return h
}

type handler struct {
	store    opener
	log      *slog.Logger
	onMiss   func(update.Digest, string)
	onServed func(update.Digest, int64)
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		fail(w, http.StatusMethodNotAllowed)
		return
	}
	d, ok := parseURLPath(r.URL.Path)
	if !ok {
		fail(w, http.StatusNotFound)
		return
	}
	f, fi, err := h.store.Open(d)
	switch {
	case err == nil:
	case errors.Is(err, ErrNotHeld):
		h.onMiss(d, r.RemoteAddr)
		fail(w, http.StatusNotFound)
		return
	default:
		// A share that fails, or too many open files, may pass too.
		if !errors.Is(err, ErrUnverified) {
			h.log.Error("content could not be opened", "error", err)
		}
		w.Header().Set("Retry-After", strconv.Itoa(unverifiedRetry))
		fail(w, http.StatusServiceUnavailable)
		return
	}
	defer f.Close()

	if r.Method == http.MethodHead {
		r = withoutRange(r)
	} else if strings.Count(r.Header.Get("Range"), ",") >= maxRanges {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", fi.Size()))
		fail(w, http.StatusRequestedRangeNotSatisfiable)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+d.String()+`"`)
	rec := &Recorder{ResponseWriter: w}
	http.ServeContent(rec, r, "", fi.ModTime(), f)
	if rec.Bytes > 0 && rec.Status < http.StatusBadRequest {
		h.onServed(d, rec.Bytes)
	}
}

// withoutRange makes a HEAD what RFC 9110 14.2 says it is: ranges are defined
// for GET alone, but net/http would answer 206.
func withoutRange(r *http.Request) *http.Request {
	if r.Header.Get("Range") == "" {
		return r
	}
	plain := *r
	plain.Header = r.Header.Clone()
	plain.Header.Del("Range")
	return &plain
}

// fail answers with an empty body of known length.
func fail(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}
