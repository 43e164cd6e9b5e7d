package content

import (
	"io"
	"net/http"
)

// Recorder is a [http.ResponseWriter] that notes what passes and keeps what
// makes large answers cheap: as it forwards ReadFrom, a file handed to it still
// goes from the page cache to the socket by sendfile (TransmitFile on Windows)
// and never through this process. Middleware that wraps content, for an access
// log or counters, should wrap with this. Use [http.ResponseController] to
// flush or to set deadlines.
type Recorder struct {
	http.ResponseWriter
	Status int   // as sent; 0 until then
	Bytes  int64 // of the body
}

// WriteHeader notes the final status and forwards it.
func (r *Recorder) WriteHeader(status int) {
	if r.Status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.Status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [io.Writer].
func (r *Recorder) Write(p []byte) (int, error) {
	r.begin()
	n, err := r.ResponseWriter.Write(p)
	r.Bytes += int64(n)
	return n, err
}

// ReadFrom implements [io.ReaderFrom] with that of the wrapped writer, if it
// has it.
func (r *Recorder) ReadFrom(src io.Reader) (int64, error) {
	r.begin()
	n, err := io.Copy(r.ResponseWriter, src)
	r.Bytes += n
	return n, err
}

// Unwrap lets [http.ResponseController] reach the wrapped writer.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *Recorder) begin() {
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
}
