package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Transport is how agents reach their servers. Agents may share it.
type Transport struct {
	// TLS has the root certificates that the device trusts before enrollment
	// (RootCAs; nil: those of the system). It is cloned.
	TLS *tls.Config
	// Dial connects, so that a name may lead to another address; nil: as net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Resume keeps TLS sessions of a device, so that later handshakes are short.
	// Windows does; a bench may want the full one each time.
	Resume bool
	// Timeout of one request; 0 means a minute.
	Timeout time.Duration
}

// Message is one HTTP exchange, as [Config.OnMessage] sees it. Its slices must
// not be changed.
type Message struct {
	Op       string // Discover, GetPolicies, Issue, Renew, Poll
	Method   string
	URL      string
	Header   http.Header // of the request
	Request  []byte
	Status   int // 0: no answer
	Answer   http.Header
	Response []byte
	Err      error
	Took     time.Duration
}

// link is the client side of one device's connections with its certificate.
type link struct {
	mu    sync.Mutex
	cache tls.ClientSessionCache
}

// client returns an HTTP client for one conversation: its connections live as
// long as it does. cert is asked for when the server wants a certificate; nil:
// the device has none to show.
func (a *Agent) client(cert func(*tls.CertificateRequestInfo) (*tls.Certificate, error)) *http.Client {
	t := a.cfg.Transport
	cfg := &tls.Config{}
	if t.TLS != nil {
		cfg = t.TLS.Clone()
	}
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	cfg.Time = a.cfg.Now
	cfg.RootCAs = a.state.pool(cfg.RootCAs)
	cfg.GetClientCertificate = cert
	if t.Resume && cert != nil {
		a.link.mu.Lock()
		if a.link.cache == nil {
			a.link.cache = tls.NewLRUClientSessionCache(4)
		}
		cfg.ClientSessionCache = a.link.cache
		a.link.mu.Unlock()
	}
	dial := t.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = time.Minute
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			TLSClientConfig: cfg, DialContext: dial, DisableCompression: true, MaxIdleConnsPerHost: 1,
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1, as the MDM client
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// request is one HTTP request.
type request struct {
	op, method, url string
	header          http.Header
	body            []byte
	kind            string // media type that the answer must have; empty: any
	chunked         bool   // an answer of unknown length is borne
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	unknown bool // its length was not announced
}

// do sends a request and reads the whole answer.
func (a *Agent) do(ctx context.Context, c *http.Client, q request) (*answer, error) {
	start := time.Now()
	m := Message{Op: q.op, Method: q.method, URL: q.url, Header: q.header, Request: q.body}
	ans, err := a.exchange(ctx, c, q)
	if ans != nil {
		m.Status, m.Answer, m.Response = ans.status, ans.header, ans.body
	}
	m.Err, m.Took = err, time.Since(start)
	if a.cfg.OnMessage != nil {
		a.cfg.OnMessage(m)
	}
	a.cfg.Log.Debug("exchange", "op", q.op, "url", q.url, "status", m.Status, "sent", len(q.body), "received", len(m.Response), "dur", m.Took)
	return ans, err
}

func (a *Agent) exchange(ctx context.Context, c *http.Client, q request) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(q.body))
	if err != nil {
		return nil, failWith(q.op, hrInvalidArgument, err, "request")
	}
	r.Header = q.header
	resp, err := c.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, failWith(q.op, hrCancelled, ctx.Err(), "request")
		}
		return nil, failWith(q.op, netHResult(err), err, "request")
	}
	defer resp.Body.Close()
	ans := &answer{status: resp.StatusCode, header: resp.Header, unknown: resp.ContentLength < 0}
	ans.body, err = io.ReadAll(io.LimitReader(resp.Body, a.cfg.Limits.Answer+1))
	switch {
	case err != nil:
		return ans, failWith(q.op, netHResult(err), err, "read the answer")
	case int64(len(ans.body)) > a.cfg.Limits.Answer:
		return ans, fail(q.op, hrInvalidData, "the answer is larger than %d bytes", a.cfg.Limits.Answer)
	}
	return ans, nil
}

// check refuses answers that are not what was asked for, before they are read.
func (q *request) check(ans *answer) error {
	if ans.unknown && !q.chunked {
		return fail(q.op, hrMessageFormat, "the answer has no Content-Length (it came in chunks)")
	}
	kind, _, err := mime.ParseMediaType(ans.header.Get("Content-Type"))
	if err != nil || kind != q.kind {
		return fail(q.op, hrBadReply, "Content-Type is %q, not %s", ans.header.Get("Content-Type"), q.kind)
	}
	return nil
}

// statusError is the failure of an HTTP status that is not 200.
func statusError(op string, ans *answer, now time.Time) *Error {
	e := fail(op, hrHTTPStatus+uint32(ans.status)&0xFFFF, "%s", http.StatusText(ans.status))
	if s := ans.header.Get("Retry-After"); s != "" {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			e.RetryAfter = time.Duration(n) * time.Second
		} else if t, err := http.ParseTime(s); err == nil {
			e.RetryAfter = max(0, t.Sub(now))
		}
	}
	return e
}

// identify answers a request for a certificate with that of the account, as
// Schannel does: only where the server's list of authorities is empty or names
// one of the chain that the device can build.
func (a *Agent) identify(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	acc := a.state.Account
	leaf, err := acc.Leaf()
	if err != nil {
		return nil, err
	}
	chain := acc.chain(leaf)
	named := len(info.AcceptableCAs) == 0 || slices.ContainsFunc(chain, func(c *x509.Certificate) bool {
		return slices.ContainsFunc(info.AcceptableCAs, func(ca []byte) bool { return bytes.Equal(ca, c.RawIssuer) })
	})
	if !named {
		a.cfg.Log.Warn("the server names no authority of this device's certificate", "issuer", leaf.Issuer.String())
		return &tls.Certificate{}, nil
	}
	key, err := acc.key()
	if err != nil {
		return nil, err
	}
	cert := &tls.Certificate{PrivateKey: key, Leaf: leaf}
	for _, c := range chain {
		if c == leaf || !bytes.Equal(c.RawIssuer, c.RawSubject) {
			cert.Certificate = append(cert.Certificate, c.Raw)
		}
	}
	return cert, nil
}

// redirected returns where the plain HTTP name points, for a discovery whose
// HTTPS failed (MS-MDE2 3.1).
func redirected(ans *answer) (string, error) {
	to := ans.header.Get("Location")
	if ans.status < 300 || ans.status > 399 || to == "" {
		return "", errors.New("plain HTTP does not redirect")
	}
	if !strings.HasPrefix(strings.ToLower(to), "https://") {
		return "", fmt.Errorf("plain HTTP redirects to %q, which is not https", to)
	}
	return to, nil
}
