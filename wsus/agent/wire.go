package agent

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// maxHeader bounds an answer's status line and header.
const maxHeader = 64 << 10

var errAnswerTooLarge = errors.New("answer is larger than allowed")

// Transport is the client side of HTTP/1.1 as the native agent speaks it: the
// request goes out exactly as it was written, header lines in their order, and
// connections are kept for the next request. net/http cannot be used for that:
// it sorts header lines and refuses a Content-Length on a GET.
//
// A Transport may be shared by any number of agents.
type Transport struct {
	TLS         *tls.Config   // nil: the system's roots
	DialTimeout time.Duration // 0: 30 s
	IdleTimeout time.Duration // how long an unused connection is kept; 0: 30 s, as Delivery Optimization
	MaxIdle     int           // idle connections kept per server; 0: 8

	mu   sync.Mutex
	idle map[endpoint][]*conn
}

// endpoint is where requests go.
type endpoint struct {
	addr string // host:port to dial
	tls  bool
}

// parseEndpoint returns where u's server is and how it is named in a Host line.
func parseEndpoint(u *url.URL) (endpoint, error) {
	ep := endpoint{addr: u.Host, tls: u.Scheme == "https"}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return ep, fmt.Errorf("%q is not an http or https address", u.Redacted())
	}
	if u.Port() == "" {
		port := "80"
		if ep.tls {
			port = "443"
		}
		ep.addr = net.JoinHostPort(u.Hostname(), port)
	}
	return ep, nil
}

// conn is one connection; its reader counts and bounds what is read.
type conn struct {
	net.Conn
	br    *bufio.Reader
	count int64 // bytes read so far
	left  int64 // bytes that may still be read
	idled time.Time
}

// Read implements [io.Reader] below the buffer.
func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errAnswerTooLarge
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	c.count += int64(n)
	c.left -= int64(n)
	return n, err
}

// exchange is one answer while it is being read.
type exchange struct {
	*http.Response
	wire int64 // bytes of header and body that came over the connection
}

// do sends request (a whole HTTP/1.1 message) and hands the answer to read. The
// connection is kept if read consumed the body. A request that fails on a kept
// connection before any byte of an answer is sent once more on a new one: the
// server had closed it.
func (t *Transport) do(ctx context.Context, ep endpoint, request []byte, limit int64, read func(*exchange) error) error {
	for {
		c, reused, err := t.get(ctx, ep)
		if err != nil {
			return err
		}
		before := c.count
		keep, err := c.roundTrip(ctx, request, limit, read)
		if keep {
			t.put(ep, c)
		} else {
			c.Close()
		}
		if err != nil && reused && c.count == before && ctx.Err() == nil {
			continue
		}
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
}

func (c *conn) roundTrip(ctx context.Context, request []byte, limit int64, read func(*exchange) error) (keep bool, err error) {
	if err := c.SetDeadline(time.Time{}); err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() {
		// A deadline in the past ends a read or write that is under way.
		_ = c.SetDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			keep = false
		}
	}()
	if _, err := c.Conn.Write(request); err != nil {
		return false, fmt.Errorf("send request: %w", err)
	}
	before := c.count
	c.left = maxHeader
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		return false, fmt.Errorf("read answer: %w", err)
	}
	c.left = limit
	x := &exchange{Response: resp}
	body := &countingBody{r: resp.Body}
	resp.Body = body
	err = read(x)
	x.wire = c.count - before
	if err != nil {
		return false, err
	}
	return body.done && !resp.Close && resp.ContentLength >= 0, nil
}

// countingBody remembers whether it was read to its end.
type countingBody struct {
	r    io.ReadCloser
	n    int64
	done bool
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	b.done = b.done || err == io.EOF
	return n, err
}

func (b *countingBody) Close() error { return b.r.Close() }

// get returns a kept connection or a new one.
func (t *Transport) get(ctx context.Context, ep endpoint) (c *conn, reused bool, err error) {
	for {
		c := t.pop(ep)
		if c == nil {
			break
		}
		if time.Since(c.idled) < t.idleTimeout() {
			return c, true, nil
		}
		c.Close()
	}
	c, err = t.dial(ctx, ep)
	return c, false, err
}

func (t *Transport) pop(ep endpoint) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.idle[ep]
	if len(s) == 0 {
		return nil
	}
	c := s[len(s)-1]
	t.idle[ep] = s[:len(s)-1]
	return c
}

func (t *Transport) put(ep endpoint, c *conn) {
	c.idled = time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	maxIdle := t.MaxIdle
	if maxIdle == 0 {
		maxIdle = 8
	}
	if len(t.idle[ep]) >= maxIdle {
		c.Close()
		return
	}
	if t.idle == nil {
		t.idle = make(map[endpoint][]*conn)
	}
	t.idle[ep] = append(t.idle[ep], c)
}

func (t *Transport) idleTimeout() time.Duration {
	if t.IdleTimeout > 0 {
		return t.IdleTimeout
	}
	return 30 * time.Second
}

func (t *Transport) dial(ctx context.Context, ep endpoint) (*conn, error) {
	timeout := t.DialTimeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	d := &net.Dialer{Timeout: timeout}
	var nc net.Conn
	var err error
	if ep.tls {
		cfg := &tls.Config{MinVersion: tls.VersionTLS12}
		if t.TLS != nil {
			cfg = t.TLS.Clone()
		}
		cfg.NextProtos = []string{"http/1.1"}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		nc, err = (&tls.Dialer{NetDialer: d, Config: cfg}).DialContext(ctx, "tcp", ep.addr)
	} else {
		nc, err = d.DialContext(ctx, "tcp", ep.addr)
	}
	if err != nil {
		return nil, failWith("connect", hrConnect, err, "%s", ep.addr)
	}
	c := &conn{Conn: nc}
	c.br = bufio.NewReaderSize(c, 4<<10)
	return c, nil
}

// CloseIdle closes the connections that no request is using.
func (t *Transport) CloseIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ep, s := range t.idle {
		for _, c := range s {
			c.Close()
		}
		delete(t.idle, ep)
	}
}
