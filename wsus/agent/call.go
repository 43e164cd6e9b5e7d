package agent

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Call is one request to the server and how it went.
type Call struct {
	Op       string
	URL      string
	Sent     int           // bytes of the request, header included
	Received int64         // bytes of the answer, header included, as sent
	Decoded  int64         // bytes of the answer's body after Xpress
	Status   int           // HTTP status; 0 where there was no answer
	Took     time.Duration // until the answer was read, without parsing it
	Err      error         // fault or failure of any kind
}

// Request is a whole HTTP/1.1 request and where it goes; see [Replay].
type Request struct {
	Op    string
	Addr  string // host:port
	TLS   bool
	Bytes []byte
}

// prepare writes the request for an operation of a service, with the header
// lines of the native agent in their order.
func (a *Agent) prepare(s service, address *url.URL, op string, body []byte) (Request, error) {
	ep, err := parseEndpoint(address)
	if err != nil {
		return Request{}, fail(op, hrConnect, "%v", err)
	}
	c := &a.cfg.Machine.Computer
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\n", address.EscapedPath())
	b.WriteString("Cache-Control: no-cache\r\nConnection: Keep-Alive\r\nPragma: no-cache\r\n")
	b.WriteString("Content-Type: text/xml; charset=utf-8\r\nAccept-Encoding: xpress\r\n")
	v := c.ClientVersion
	fmt.Fprintf(&b, "User-Agent: Windows-Update-Agent/%d.%d.%d.%d Client-Protocol/%s\r\n", v[0], v[1], v[2], v[3], protocolVersion)
	fmt.Fprintf(&b, "SOAPAction: \"%s/%s\"\r\n", s.ns, op)
	if s.cv {
		fmt.Fprintf(&b, "MS-CV: %s\r\n", a.nextCV("1.0.0.2"))
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\nHost: %s\r\n\r\n", len(body), address.Host)
	b.Write(body)
	return Request{Op: op, Addr: ep.addr, TLS: ep.tls, Bytes: b.Bytes()}, nil
}

// nextCV returns the next correlation vector: a base of 16 characters for the
// whole session and a counter.
func (a *Agent) nextCV(branch string) string {
	if a.sessionCV == "" {
		id := a.newID()
		a.sessionCV = base64.StdEncoding.EncodeToString(id[:12])
	}
	a.sequence++
	return a.sessionCV + "." + branch + "." + strconv.Itoa(a.sequence)
}

// address returns where a service of the server is.
func (a *Agent) address(s service) *url.URL {
	return a.root.JoinPath(s.path)
}

// post asks the server and returns the element in the answer's Body, which is
// the operation's response. A fault is an [*Error] that wraps a [*Fault].
func (a *Agent) post(ctx context.Context, s service, address *url.URL, op string, body []byte) (*node, error) {
	req, err := a.prepare(s, address, op, body)
	if err != nil {
		return nil, err
	}
	call := Call{Op: op, URL: address.String(), Sent: len(req.Bytes)}
	start := time.Now()
	var answer []byte
	var x *exchange
	err = a.cfg.Transport.do(ctx, endpoint{req.Addr, req.TLS}, req.Bytes, a.cfg.Limits.Answer, func(e *exchange) (err error) {
		x = e
		call.Status = e.StatusCode
		answer, err = a.readAnswer(op, e)
		return err
	})
	call.Took = time.Since(start)
	if x != nil {
		call.Received, call.Decoded = x.wire, int64(len(answer))
	}
	var n *node
	if err != nil {
		if e := (*Error)(nil); !errors.As(err, &e) {
			err = failWith(op, hrSend, err, "%s", address)
		}
	} else {
		n, err = parseAnswer(op, s.ns, x.StatusCode, answer)
	}
	call.Err = err
	a.calls = append(a.calls, call)
	a.cfg.Log.DebugContext(ctx, "call", "op", op, "status", call.Status, "sent", call.Sent, "received", call.Received, "dur", call.Took, "err", err)
	return n, err
}

// readAnswer checks the header of an answer as strictly as a native agent, reads
// its body and decodes it.
func (a *Agent) readAnswer(op string, x *exchange) ([]byte, error) {
	limit := a.cfg.Limits.Answer
	switch {
	case x.StatusCode != http.StatusOK && x.StatusCode != http.StatusInternalServerError:
		return nil, fail(op, statusHResult(x.StatusCode), "HTTP status %q", x.Status)
	case len(x.TransferEncoding) > 0 || x.ContentLength < 0:
		return nil, fail(op, hrRead, "the answer has no Content-Length (transfer encoding %q)", x.TransferEncoding)
	case x.ContentLength > limit:
		return nil, fail(op, hrRead, "an answer of %d bytes, allowed are %d", x.ContentLength, limit)
	}
	if mt, _, err := mime.ParseMediaType(x.Header.Get("Content-Type")); err != nil || mt != "text/xml" {
		if x.StatusCode != http.StatusOK {
			return nil, fail(op, statusHResult(x.StatusCode), "HTTP status %q with Content-Type %q", x.Status, clip(x.Header.Get("Content-Type")))
		}
		return nil, fail(op, hrParse, "Content-Type is %q, want text/xml", clip(x.Header.Get("Content-Type")))
	}
	body, err := io.ReadAll(io.LimitReader(x.Body, limit))
	if err != nil {
		return nil, failWith(op, hrRead, err, "after %d of %d bytes", len(body), x.ContentLength)
	}
	if int64(len(body)) != x.ContentLength {
		return nil, fail(op, hrRead, "%d bytes came, Content-Length says %d", len(body), x.ContentLength)
	}
	switch enc := x.Header.Get("Content-Encoding"); enc {
	case "":
		return body, nil
	case "xpress":
		out, err := unxpress(body, int(limit))
		if err != nil {
			return nil, failWith(op, hrRead, err, "Content-Encoding xpress")
		}
		return out, nil
	default:
		return nil, fail(op, hrRead, "Content-Encoding %q was not asked for", clip(enc))
	}
}

// parseAnswer returns the response element of a SOAP envelope, or its fault.
func parseAnswer(op, ns string, status int, answer []byte) (*node, error) {
	code := hrParse
	if status != http.StatusOK {
		code = hrParseFault
	}
	root, err := parseXML(answer)
	if err != nil {
		return nil, failWith(op, code, err, "the answer (status %d) is not XML that a client can use", status)
	}
	if root.name != "Envelope" || root.space != nsEnvelope {
		return nil, fail(op, code, "the answer is a <%s> of %q, want a SOAP 1.1 envelope", clip(root.name), clip(root.space))
	}
	if len(root.kids) != 1 || root.kids[0].name != "Body" || root.kids[0].space != nsEnvelope || len(root.kids[0].kids) != 1 {
		return nil, fail(op, code, "the envelope does not hold one Body with one element")
	}
	n := root.kids[0].kids[0]
	if n.name == "Fault" && n.space == nsEnvelope {
		return nil, parseFault(op, n)
	}
	if status != http.StatusOK {
		return nil, fail(op, code, "status %d without a fault", status)
	}
	if n.name != op+"Response" || n.space != ns {
		return nil, fail(op, code, "the answer is a <%s> of %q, want <%sResponse> of %q", clip(n.name), clip(n.space), op, ns)
	}
	return n, nil
}

func parseFault(op string, n *node) error {
	d := n.child("detail")
	f := &Fault{
		Code: d.str("ErrorCode"), Message: d.str("Message"), Method: d.str("Method"),
		Text: clip(strings.TrimSpace(n.str("faultcode") + " " + n.str("faultstring"))),
	}
	if f.Code == "" {
		return fail(op, hrParseFault, "a fault without ErrorCode in its detail: %s", f.Text)
	}
	hr := hrSoapFault
	switch f.Code {
	case "InvalidCookie", "ServerChanged":
		hr = hrRefreshCache
	}
	return failWith(op, hr, f, "the server answered")
}
