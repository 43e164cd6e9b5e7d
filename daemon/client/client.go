package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sluice/daemon/api/wire"
)

// ErrNotRunning reports that no daemon listens at a socket.
var ErrNotRunning = errors.New("no daemon is running")

// Error is what the API answered instead of what was asked for.
type Error struct {
	Code    wire.Code
	Message string
	Hint    string // what to do next; may be empty
}

func (e *Error) Error() string { return e.Message }

// asError returns an error of the API as one of Go.
func asError(e *wire.Error) error { return &Error{e.Code, e.Message, e.Hint} }

// Client sends requests to one appliance. It is safe for concurrent use.
type Client struct {
	http  *http.Client
	agent string
}

// dialTimeout is how long the daemon of this machine may take to accept.
const dialTimeout = 5 * time.Second

// Dial returns a client of the daemon that listens at a socket. agent names the
// program for the audit log. The error wraps [ErrNotRunning] where nobody
// listens.
func Dial(ctx context.Context, socket, agent string) (*Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTimeout}
		return d.DialContext(ctx, "unix", socket)
	}
	conn, err := dial(ctx, "", "")
	switch {
	case err == nil:
		conn.Close()
	case isNobody(err):
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	default:
		return nil, err
	}
	return &Client{http: &http.Client{Transport: &http.Transport{DialContext: dial}}, agent: agent}, nil
}

// isNobody tells a socket that nobody listens at from one that may not be used.
func isNobody(err error) bool {
	var oe *net.OpError
	if !errors.As(err, &oe) || errors.Is(err, fs.ErrPermission) || oe.Timeout() {
		return false
	}
	return true // missing, left by a process that is gone, or too long to be a socket
}

// InProcess returns a client of a handler in this process.
func InProcess(h http.Handler, agent string) *Client {
	return &Client{http: &http.Client{Transport: &direct{handler: h}}, agent: agent}
}

// Close drops connections that are kept for the next request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// path joins the segments of a route, each escaped.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// send sends a request and returns its answer if that is a good one.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "sluice", RawQuery: query.Encode()}
	target := u.Scheme + "://" + u.Host + wire.Prefix + path
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.agent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		// The URL of a socket tells nobody anything.
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, err
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, readError(resp)
	}
	return resp, nil
}

// maxError bounds the answer to a request that failed, in bytes.
const maxError = 1 << 20

func readError(resp *http.Response) error {
	var body wire.ErrorBody
	err := json.NewDecoder(io.LimitReader(resp.Body, maxError)).Decode(&body)
	if err != nil || body.Error == nil {
		return &Error{Code: wire.Failed, Message: "the daemon answered " + resp.Status}
	}
	return asError(body.Error)
}

// get asks for a document.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (v T, err error) {
	resp, err := c.send(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return v, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		return v, fmt.Errorf("read the answer: %w", err)
	}
	return v, nil
}

// do sends an act whose answer is empty.
func (c *Client) do(ctx context.Context, method, path string, body any) error {
	resp, err := c.send(ctx, method, path, nil, body)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// doFor sends an act that is answered with a document.
func doFor[T any](ctx context.Context, c *Client, method, path string, body any) (v T, err error) {
	resp, err := c.send(ctx, method, path, nil, body)
	if err != nil {
		return v, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		return v, fmt.Errorf("read the answer: %w", err)
	}
	return v, nil
}

// follow sends an act that is answered with one object a line, and calls each
// with every one as it comes.
func follow[T any](ctx context.Context, c *Client, path string, body any, each func(*T) error) error {
	resp, err := c.send(ctx, http.MethodPost, path, nil, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var event T
		switch err := d.Decode(&event); {
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("the answer broke off: %w", err)
		}
		if err := each(&event); err != nil {
			return err
		}
	}
}
