package content_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sluice/wsus/content"
)

// sendfileListener gives connections that note whether a file was handed to
// them, which is what the net package needs for sendfile.
type sendfileListener struct {
	net.Listener
	mu    sync.Mutex
	files int64 // bytes
}

func (l *sendfileListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &sendfileConn{Conn: c, l: l}, nil
}

type sendfileConn struct {
	net.Conn
	l *sendfileListener
}

func (c *sendfileConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.Conn.(io.ReaderFrom).ReadFrom(r)
	if lr, ok := r.(*io.LimitedReader); ok {
		r = lr.R
	}
	if _, ok := r.(syscall.Conn); ok { // an *os.File; the same test as net's
		c.l.mu.Lock()
		c.l.files += n
		c.l.mu.Unlock()
	}
	return n, err
}

// TestSendfileSurvivesMiddleware serves through a real server, with another
// recorder around the handler as the application has it, and checks that the
// connection itself was given the file.
func TestSendfileSurvivesMiddleware(t *testing.T) {
	t.Parallel()
	s := serve(t, 1<<20)
	type line struct {
		status int
		bytes  int64
	}
	log := make(chan line, 1)
	logged := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &content.Recorder{ResponseWriter: w}
		s.h.ServeHTTP(rec, r)
		log <- line{rec.Status, rec.Bytes}
	})
	srv := httptest.NewUnstartedServer(logged)
	ln := &sendfileListener{Listener: srv.Listener}
	srv.Listener = ln
	srv.Start()
	defer srv.Close()
	for _, tt := range []struct {
		rng    string
		status int
		body   []byte
	}{
		{"", 200, s.body},
		{"bytes=1000-500999", 206, s.body[1000:501000]},
	} {
		ln.mu.Lock()
		ln.files = 0
		ln.mu.Unlock()
		req, err := http.NewRequest("GET", srv.URL+content.URLPath(s.file), nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.rng != "" {
			req.Header.Set("Range", tt.rng)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || !bytes.Equal(got, tt.body) {
			t.Fatalf("%q: %s, %d bytes, %v", tt.rng, resp.Status, len(got), err)
		}
		if got, want := <-log, (line{tt.status, int64(len(tt.body))}); got != want {
			t.Errorf("%q: recorded %+v, want %+v", tt.rng, got, want)
		}
		ln.mu.Lock()
		sent := ln.files
		ln.mu.Unlock()
		// net/http copies the first 512 bytes itself.
		if want := int64(len(tt.body)) - 512; sent < want {
			t.Errorf("%q: %d bytes went by sendfile, want %d", tt.rng, sent, want)
		}
	}
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	early := &content.Recorder{ResponseWriter: httptest.NewRecorder()}
	if early.WriteHeader(http.StatusEarlyHints); early.Status != 0 {
		t.Errorf("status after an informational one = %d", early.Status)
	}
	w := httptest.NewRecorder()
	rec := &content.Recorder{ResponseWriter: w}
	if _, err := io.WriteString(rec, "abc"); err != nil {
		t.Fatal(err)
	}
	if n, err := rec.ReadFrom(strings.NewReader("defg")); n != 4 || err != nil {
		t.Errorf("ReadFrom = %d, %v", n, err)
	}
	rec.WriteHeader(http.StatusTeapot)
	if rec.Status != 200 || rec.Bytes != 7 || w.Body.String() != "abcdefg" {
		t.Errorf("recorded %d, %d bytes of %q", rec.Status, rec.Bytes, w.Body)
	}
	if err := http.NewResponseController(rec).Flush(); err != nil || !w.Flushed {
		t.Errorf("Flush = %v", err)
	}
}
