package agent

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/wsus/update"
)

// DownloadResult is what a download took.
type DownloadResult struct {
	Files    int
	Bytes    int64 // of payload
	Requests int
	Took     time.Duration
}

// Download fetches the update's files, verifies them and remembers that they are
// there. It asks as Delivery Optimization does: closed ranges of 1 MiB in
// shuffled order over several connections.
func (a *Agent) Download(ctx context.Context, u *Update) (*DownloadResult, error) {
	start := time.Now()
	r := &DownloadResult{}
	a.queueUpdate(eventDownloadStarted, u, 0, detail{b: -1})
	var err error
	for i := range u.Files {
		if err = a.fetch(ctx, &u.Files[i], r); err != nil {
			break
		}
	}
	r.Took = time.Since(start)
	if err != nil {
		a.queueUpdate(eventDownloadFailed, u, hresult(err), detail{b: -1})
		return r, err
	}
	a.queueUpdate(eventDownloaded, u, 0, detail{b: r.Bytes})
	for _, id := range append([]update.RevisionID{u.Revision}, u.Parts...) {
		if h := a.state.held(id); h != nil {
			h.Downloaded = true
		}
	}
	u.Downloaded = true
	return r, nil
}

// piece is one range of a file.
type piece struct{ from, to int64 } // to is the last byte

// transfer is one file under way.
type transfer struct {
	a    *Agent
	file *update.File
	url  *url.URL
	ep   endpoint
	cv   string
	out  *os.File

	mu       sync.Mutex
	etag     string // of the first answer; all must agree
	requests int
	received int64
}

// fetch downloads one file to a temporary file and verifies it.
func (a *Agent) fetch(ctx context.Context, f *update.File, r *DownloadResult) (err error) {
	const op = "Download"
	if f.URL == "" {
		return fail(op, hrURLNotAvailable, "%q (%s)", f.Name, f.Digest)
	}
	u, err := url.Parse(f.URL)
	if err != nil {
		return failWith(op, hrURLNotAvailable, err, "%q", f.Name)
	}
	ep, err := parseEndpoint(u)
	if err != nil {
		return failWith(op, hrURLNotAvailable, err, "%q", f.Name)
	}
	out, err := os.CreateTemp(a.cfg.Dir, "sluice-agent-*")
	if err != nil {
		return fmt.Errorf("download %q: %w", f.Name, err)
	}
	defer os.Remove(out.Name())
	defer out.Close()
	t := &transfer{a: a, file: f, url: u, ep: ep, cv: a.nextCV("2.0.0.8.1.1.3.1.1"), out: out}
	start := time.Now()
	err = t.run(ctx)
	a.calls = append(a.calls, Call{
		Op: op, URL: f.URL, Received: t.received, Decoded: f.Size, Took: time.Since(start), Err: err,
	})
	r.Requests += t.requests
	if err == nil {
		err = t.verify()
	}
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			err = failWith(op, hrConnect, err, "%s", f.URL)
		}
		return err
	}
	r.Files++
	r.Bytes += f.Size
	if a.cfg.Dir == "" {
		return nil
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("download %q: %w", f.Name, err)
	}
	name := filepath.Join(a.cfg.Dir, f.Digest.String()+extension(f.Name))
	if err := os.Rename(out.Name(), name); err != nil {
		return fmt.Errorf("download %q: %w", f.Name, err)
	}
	return nil
}

// extension returns the file name's extension where it is a plain one: the name
// comes from the network.
func extension(name string) string {
	ext := filepath.Ext(name)
	if len(ext) < 2 || len(ext) > 9 || strings.ContainsFunc(ext[1:], func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return ""
	}
	return ext
}

// run asks for all pieces over as many connections as the limits say.
func (t *transfer) run(ctx context.Context) error {
	size, step := t.file.Size, t.a.cfg.Limits.Piece
	count := int((size + step - 1) / step)
	g, ctx := errgroup.WithContext(ctx)
	order := make(chan int)
	shuffled := t.a.cfg.Rand.Perm(count)
	g.Go(func() error {
		defer close(order)
		for _, i := range shuffled {
			select {
			case order <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(count, t.a.cfg.Limits.Connections) {
		g.Go(func() error {
			for i := range order {
				from := int64(i) * step
				if err := t.get(ctx, i, piece{from, min(from+step, size) - 1}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// contentRequest writes a GET as Delivery Optimization does, its odd
// Content-Length included.
func contentRequest(u *url.URL, p piece, cv string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\n", u.RequestURI())
	b.WriteString("Connection: Keep-Alive\r\nAccept: */*\r\n")
	fmt.Fprintf(&b, "Range: bytes=%d-%d\r\n", p.from, p.to)
	b.WriteString("User-Agent: Microsoft-Delivery-Optimization/10.1\r\n")
	fmt.Fprintf(&b, "MS-CV: %s\r\nContent-Length: 0\r\nHost: %s\r\n\r\n", cv, u.Host)
	return b.Bytes()
}

func (t *transfer) get(ctx context.Context, i int, p piece) error {
	request := contentRequest(t.url, p, t.cv+"."+strconv.Itoa(i+1))
	n := p.to - p.from + 1
	var x *exchange
	err := t.a.cfg.Transport.do(ctx, t.ep, request, n+maxHeader, func(e *exchange) error {
		x = e
		if err := t.check(e, p); err != nil {
			return err
		}
		m, err := io.Copy(io.NewOffsetWriter(t.out, p.from), io.LimitReader(e.Body, n))
		if err != nil {
			return err
		}
		if m != n {
			return fail("Download", hrContentIncomplete, "%d bytes of %d came", m, n)
		}
		// The end of the body must be seen for the connection to be kept.
		_, err = io.Copy(io.Discard, e.Body)
		return err
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	if x != nil {
		t.received += x.wire
	}
	return err
}

// check holds the answer for a range against what was asked.
func (t *transfer) check(x *exchange, p piece) error {
	const op = "Download"
	if x.StatusCode != http.StatusPartialContent {
		if x.StatusCode == http.StatusOK {
			return fail(op, hrContentIncomplete, "%s: status 200 for a range, want 206", t.url)
		}
		return fail(op, hrHTTPStatus|uint32(x.StatusCode), "%s", t.url)
	}
	want := fmt.Sprintf("bytes %d-%d/%d", p.from, p.to, t.file.Size)
	switch h := x.Header; {
	case h.Get("Content-Range") != want:
		return fail(op, hrContentIncomplete, "%s: Content-Range %q, want %q", t.url, clip(h.Get("Content-Range")), want)
	case x.ContentLength != p.to-p.from+1:
		return fail(op, hrContentIncomplete, "%s: Content-Length %d for %s", t.url, x.ContentLength, want)
	case h.Get("Content-Encoding") != "":
		return fail(op, hrContentIncomplete, "%s: Content-Encoding %q", t.url, clip(h.Get("Content-Encoding")))
	case strings.HasPrefix(h.Get("ETag"), "W/"):
		return fail(op, hrContentIncomplete, "%s: a weak ETag does not prove that ranges belong together", t.url)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if tag := x.Header.Get("ETag"); t.etag == "" {
		t.etag = tag
	} else if tag != t.etag {
		return fail(op, hrContentIncomplete, "%s: ETag %s where it was %s", t.url, clip(tag), clip(t.etag))
	}
	return nil
}

// verify compares both digests. Windows 8 and later ask for the SHA-256.
func (t *transfer) verify() error {
	const op = "Download"
	if _, err := t.out.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("download %q: %w", t.file.Name, err)
	}
	h1, h2 := sha1.New(), sha256.New()
	n, err := io.Copy(io.MultiWriter(h1, h2), t.out)
	if err != nil {
		return fmt.Errorf("download %q: %w", t.file.Name, err)
	}
	f := t.file
	d1, d2 := update.Digest(h1.Sum(nil)), update.SHA256(h2.Sum(nil))
	c := &t.a.cfg.Machine.Computer
	switch {
	case n != f.Size:
		return fail(op, hrBadHash, "%q is %d bytes, metadata says %d", f.Name, n, f.Size)
	case d1 != f.Digest:
		return fail(op, hrBadHash, "%q has SHA-1 %s, metadata says %s", f.Name, d1, f.Digest)
	case f.SHA256.IsZero() && (c.OSMajor > 6 || c.OSMajor == 6 && c.OSMinor >= 2):
		return fail(op, hrBadHash, "%q has no SHA-256 in its metadata, which Windows 8 and later ask for", f.Name)
	case !f.SHA256.IsZero() && d2 != f.SHA256:
		return fail(op, hrBadHash, "%q has SHA-256 %s, metadata says %s", f.Name, d2, f.SHA256)
	}
	return nil
}
