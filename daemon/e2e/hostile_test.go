package e2e_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/daemon/demo"
	"sluice/daemon/simulate"
	"sluice/wsus/agent"
)

const soapPath = "/ClientWebService/client.asmx"

// hostile is a daemon with something in it, and how strangers reach it.
type hostile struct {
	*appliance
	tls *tls.Config
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	media, err := demo.WriteMedia(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := newAppliance(t, "")
	a.load(media.Documents)
	a.start()
	pem, err := os.ReadFile(a.authority())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &hostile{a, &tls.Config{RootCAs: roots, ServerName: "localhost"}}
}

// small fails the test if the daemon has grown beyond what it may take.
func (a *appliance) small() {
	a.t.Helper()
	const most = 256 << 20
	if n, known := mostMemory(a.t, a.cmd.Process.Pid); known && n > most {
		a.t.Errorf("the daemon took %d MiB, want at most %d", n>>20, most>>20)
	}
}

// well fails the test unless an honest computer is still served.
func (h *hostile) well(t *testing.T) *agent.Agent {
	t.Helper()
	m, err := simulate.Machine("harbor", "honest.example")
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.New(agent.Config{Server: h.wsusTLS, Machine: m, Transport: &agent.Transport{TLS: h.tls}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := a.Scan(t.Context()); err != nil || len(r.Needed) == 0 {
		t.Fatalf("an honest computer: %d needed, %v\n%s", len(r.Needed), err, h.log)
	}
	return a
}

// envelope is a SyncUpdates request with these parameters.
func envelope(parameters string) string {
	return `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">` +
		`<s:Body><SyncUpdates xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService">` + parameters +
		`</SyncUpdates></s:Body></s:Envelope>`
}

// begun is a SyncUpdates request up to what stands in its parameters.
func begun(parameters string) string {
	text, _, _ := strings.Cut(envelope(parameters), "</SyncUpdates>")
	return text
}

// endless is text without an end, up to a size.
func endless(start, repeat string, size int64) io.Reader {
	return io.LimitReader(io.MultiReader(strings.NewReader(start), &repeater{text: repeat}), size)
}

type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

// TestHostileRequests sends the door what no computer sends: each gets an error,
// none an answer, and the daemon goes on.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	transport := &http.Transport{TLSClientConfig: h.tls}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: time.Minute}
	const gigabyte = 1 << 30
	huge := int64(64 << 20)
	if patient {
		huge = gigabyte
	}
	for _, tt := range []struct {
		name   string
		body   io.Reader
		header http.Header
	}{
		{"no XML", strings.NewReader("hello"), nil},
		{"nothing", strings.NewReader(""), nil},
		{"another envelope", strings.NewReader(`<Envelope xmlns="urn:x"><Body/></Envelope>`), nil},
		{"an unknown operation", strings.NewReader(strings.ReplaceAll(envelope(""), "SyncUpdates", "FormatDisk")), nil},
		{"a word for a number", strings.NewReader(envelope("<parameters><InstalledNonLeafUpdateIDs><int>many</int></InstalledNonLeafUpdateIDs></parameters>")), nil},
		{"a number that is too large", strings.NewReader(envelope("<parameters><OtherCachedUpdateIDs><int>99999999999999999999</int></OtherCachedUpdateIDs></parameters>")), nil},
		{"a cookie that is no base64", strings.NewReader(envelope("<cookie><Expiration>never</Expiration><EncryptedData>***</EncryptedData></cookie>")), nil},
		{"entities", strings.NewReader(`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + envelope("<parameters>&b;</parameters>")), nil},
		{"an external entity", strings.NewReader(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + envelope("&a;")), nil},
		{"depth", endless(begun("<parameters>"), "<a>", 1<<20), nil},
		{"attributes", endless(begun("<parameters"), ` a="1"`, 1<<20), nil},
		{"much of nothing", endless(" ", " ", huge), nil},
		{"a long list", endless(begun("<parameters><OtherCachedUpdateIDs>"), "<int>1</int>", huge), nil},
		{"long headers", strings.NewReader(envelope("")), http.Header{"X-Long": {strings.Repeat("x", 1<<20)}}},
		{"Xpress that is none", strings.NewReader("\xff\xff\xff\xff\xff"), http.Header{"Content-Encoding": {"xpress"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.wsusTLS+soapPath, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "text/xml; charset=utf-8")
			req.Header.Set("SOAPAction", `"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates"`)
			for k, v := range tt.header {
				req.Header[k] = v
			}
			res, err := c.Do(req)
			if err != nil {
				return // the door hung up on what was too much
			}
			defer res.Body.Close()
			body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
			if err != nil {
				return
			}
			if res.StatusCode < 400 || bytes.Contains(body, []byte("root:")) || len(body) > 16<<10 {
				t.Errorf("%s: %.300s", res.Status, body)
			}
		})
	}
	h.well(t)
	h.small()
}

// TestFlippedCookies flips every bit of a computer's cookie: none is taken.
func TestFlippedCookies(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	a := h.well(t)
	p, err := a.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	good := a.State().Cookie.Data
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil || !bytes.Contains(p.Again.Bytes, []byte(good)) {
		t.Fatalf("the prepared request does not hold the cookie: %v", err)
	}
	var requests []agent.Request
	for i := range len(raw) * 8 {
		flipped := bytes.Clone(raw)
		flipped[i/8] ^= 1 << (i % 8)
		q := p.Again
		q.Bytes = bytes.Replace(q.Bytes, []byte(good), []byte(base64.StdEncoding.EncodeToString(flipped)), 1)
		requests = append(requests, q)
	}
	m, err := (&agent.Replay{
		Transport: &agent.Transport{TLS: h.tls}, Requests: requests, Count: len(requests), Connections: 4,
	}).Run(t.Context())
	if err != nil || m.Failed != len(requests) {
		t.Errorf("%d of %d flipped cookies were refused, %v", m.Failed, len(requests), err)
	}
	h.well(t)
}

// TestSlowRequests opens connections that say little, slowly: the doors hang up
// on them and answer others meanwhile.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	const connections = 50
	const header = "POST " + soapPath + " HTTP/1.1\r\nHost: localhost\r\n"
	for _, tt := range []struct {
		name, start string
		most        time.Duration // that a door waits, and some more
	}{
		{"header", header, 30 * time.Second},
		{"body", header + "Content-Type: text/xml\r\nContent-Length: 100000\r\n\r\n<", 150 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), tt.most)
			defer cancel()
			ended := make(chan error, connections)
			for i := range connections {
				go func() { ended <- h.drip(ctx, i%2 == 0, tt.start) }()
			}
			h.well(t)
			if !patient {
				return // that the doors hang up takes as long as they wait
			}
			for range connections {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
			h.well(t)
		})
	}
}

// drip sends the start of a request and then byte after byte, and returns when
// the door hangs up. Its error is that of the context if that ends before.
func (h *hostile) drip(ctx context.Context, secure bool, start string) error {
	address := strings.TrimPrefix(h.wsus, "http://")
	if secure {
		address = strings.TrimPrefix(h.wsusTLS, "https://")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	if secure {
		conn = tls.Client(conn, h.tls)
	}
	if _, err := io.WriteString(conn, start); err != nil {
		return err
	}
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for range tick.C {
			if _, err := conn.Write([]byte("X")); err != nil {
				return
			}
		}
	}()
	_, _ = io.Copy(io.Discard, conn) // whatever it says before it hangs up
	return ctx.Err()
}
