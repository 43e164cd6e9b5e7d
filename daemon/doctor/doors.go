package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// doorQuestions are about the door over TLS and that of administrators.
func doorQuestions() []question {
	return []question{
		{"port of WSUS over TLS", "Computers cannot reach the appliance.",
			"see whether sluice is running and whether a firewall lets the port through", (*exam).securePort},
		{"certificate", "Computers refuse the connection (0x80072F8F, 0x80096004).",
			"have the computers trust the root of the appliance, and put every name they use into public_host and aliases", (*exam).certificate},
		{"clock", "Certificates, deadlines and reports are judged by clocks.",
			"set the clock of this machine or of the appliance", (*exam).clock},
		{"admin door", "Health and metrics cannot be watched.",
			"see admin.listen in the configuration and the log of sluice", (*exam).adminDoor},
	}
}

// plainQuestions are about the plain door. A scan tells where that is.
func plainQuestions() []question {
	return []question{
		{"port of plain WSUS", "Computers cannot download payload files.",
			"see whether a firewall lets the port through; content is served there", (*exam).plainPort},
		{"plain door", "Whoever can change update metadata on its way can run programs on every computer.",
			"set wsus.plain_metadata = false, and point computers at the https address", (*exam).plainDoor},
	}
}

func (e *exam) securePort(ctx context.Context) (string, error) { return connect(ctx, e.base) }

func (e *exam) plainPort(ctx context.Context) (string, error) {
	u, err := e.plain()
	if err != nil {
		return "", err
	}
	return connect(ctx, u)
}

// plain returns the address of the plain door: what is given, or where the scan
// says that files are, or the one that usually goes with the door over TLS.
func (e *exam) plain() (*url.URL, error) {
	if e.Plain != "" {
		return url.Parse(e.Plain)
	}
	for i := range e.scan.Needed {
		for _, f := range e.scan.Needed[i].Files {
			if u, err := url.Parse(f.URL); err == nil && u.Scheme == "http" && u.Host != "" {
				return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
			}
		}
	}
	if u := plainOf(e.base); u != nil {
		return u, nil
	}
	return nil, skip("the address of the plain door is not known")
}

// plainOf returns the plain door that goes with one over TLS: port 8530 with
// 8531, 80 with 443, the one below with others.
func plainOf(base *url.URL) *url.URL {
	port, err := strconv.Atoi(base.Port())
	switch {
	case base.Port() == "" || port == 443:
		port = 80
	case err != nil || port < 2:
		return nil
	default:
		port--
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(base.Hostname(), strconv.Itoa(port))}
}

// address returns host and port of a door.
func address(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

func connect(ctx context.Context, u *url.URL) (string, error) {
	d := net.Dialer{Timeout: answerTimeout}
	start := time.Now()
	c, err := d.DialContext(ctx, "tcp", address(u))
	if err != nil {
		return "", err
	}
	defer c.Close()
	return fmt.Sprintf("%s accepts after %s", address(u), time.Since(start).Round(10*time.Microsecond)), nil
}

// soon is when the end of a certificate becomes a warning.
const soon = 14 * 24 * time.Hour

func (e *exam) certificate(ctx context.Context) (string, error) {
	detail, _, err := e.presented(ctx, e.base, e.tls())
	return detail, err
}

// presented judges the certificate that a door shows, by the names that devices
// use, and returns it.
func (e *exam) presented(ctx context.Context, door *url.URL, cfg *tls.Config) (string, *x509.Certificate, error) {
	// What is wrong is found below, also where it is more than one thing.
	cfg.InsecureSkipVerify = true
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: answerTimeout}, Config: cfg}
	c, err := d.DialContext(ctx, "tcp", address(door))
	if err != nil {
		return "", nil, err
	}
	defer c.Close()
	state := c.(*tls.Conn).ConnectionState()
	chain := state.PeerCertificates
	leaf, between := chain[0], x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	var wrong []error
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: e.Roots, Intermediates: between, CurrentTime: e.now()}); err != nil {
		wrong = append(wrong, err)
	}
	for _, name := range e.Names {
		if err := leaf.VerifyHostname(name); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return "", leaf, errors.Join(wrong...)
	}
	end := leaf.NotAfter.UTC().Format(time.DateOnly)
	if left := leaf.NotAfter.Sub(e.now()); left < soon {
		return "", leaf, warn("the certificate ends on %s", end)
	}
	return fmt.Sprintf("%s, for %s, by %q, until %s", tls.VersionName(state.Version), strings.Join(e.Names, ", "), leaf.Issuer.CommonName, end), leaf, nil
}

// skew is by how much clocks may differ.
const skew = 5 * time.Minute

func (e *exam) clock(ctx context.Context) (string, error) {
	before := e.now()
	resp, err := e.get(ctx, e.base.JoinPath("/SelfUpdate/"))
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	there, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return "", fmt.Errorf("the answer has no date: %w", err)
	}
	// The date is cut to seconds and was written in between.
	off := there.Sub(before.Add(e.now().Sub(before) / 2)).Round(time.Second)
	if off.Abs() > skew {
		return "", fmt.Errorf("the clocks differ by %s", off.Abs())
	}
	return fmt.Sprintf("the clocks differ by %s", off.Abs()), nil
}

func (e *exam) get(ctx context.Context, u *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	return e.http.Do(req)
}

// maxText bounds what is read of an answer for people.
const maxText = 4 << 10

func (e *exam) plainDoor(ctx context.Context) (string, error) {
	u, err := e.plain()
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.JoinPath("/ClientWebService/client.asmx").String(),
		strings.NewReader(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>`))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	resp, err := e.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxText))
	switch {
	case err != nil:
		return "", err
	case resp.StatusCode != http.StatusForbidden:
		return "", warn("it serves the update protocol (status %d)", resp.StatusCode)
	case !strings.Contains(string(text), "https://"):
		return "", fmt.Errorf("it refuses the update protocol without naming the https address")
	}
	return "refuses the update protocol and names the https address", nil
}

func (e *exam) adminDoor(ctx context.Context) (string, error) {
	if e.Admin == "" {
		return "", skip("only on the machine of the appliance, without --url")
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		u, err := url.Parse(e.Admin)
		if err != nil {
			return "", err
		}
		resp, err := e.get(ctx, u.JoinPath(path))
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxText))
		resp.Body.Close()
		if err != nil {
			return "", err
		}
		if resp.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s answers %d: %s", path, resp.StatusCode, strings.TrimSpace(string(text)))
		}
	}
	return e.Admin + " is healthy and ready", nil
}
