package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// direct is a transport that calls a handler. The answer streams: its body is
// read while the handler still writes, and closing it stops the handler.
type direct struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (d *direct) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	inner := req.Clone(ctx)
	inner.RequestURI = req.URL.RequestURI()
	inner.RemoteAddr = "in-process"
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	r, w := io.Pipe()
	out := &directWriter{header: make(http.Header), body: w, started: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		defer inner.Body.Close()
		defer func() {
			if p := recover(); p != nil {
				w.CloseWithError(fmt.Errorf("the request panicked: %v", p))
				out.WriteHeader(http.StatusInternalServerError)
				return
			}
			out.WriteHeader(http.StatusOK)
			w.Close()
		}()
		d.handler.ServeHTTP(out, inner)
	}()
	<-out.started // the handler stops when ctx ends, like everything that is given one
	length := int64(-1)
	if n, err := strconv.ParseInt(out.sent.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)), StatusCode: out.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.sent, ContentLength: length, Request: req,
		Body: &directBody{r, cancel, done},
	}, nil
}

// directBody stops the handler when it is closed, and waits for it: what the
// handler works on may be closed next.
type directBody struct {
	*io.PipeReader
	cancel context.CancelFunc
	done   <-chan struct{}
}

// Close implements [io.Closer].
func (b *directBody) Close() error {
	b.cancel()
	err := b.PipeReader.Close()
	<-b.done
	return err
}

// directWriter is the ResponseWriter of a direct call. Nothing is buffered, so
// that there is nothing to flush.
type directWriter struct {
	header  http.Header
	body    *io.PipeWriter
	once    sync.Once
	started chan struct{}
	status  int         // once started
	sent    http.Header // likewise
}

// Header implements [http.ResponseWriter].
func (w *directWriter) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *directWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.started)
	})
}

// Write implements [http.ResponseWriter].
func (w *directWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// Flush implements [http.Flusher].
func (w *directWriter) Flush() { w.WriteHeader(http.StatusOK) }
