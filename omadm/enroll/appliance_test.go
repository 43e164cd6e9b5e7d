package enroll_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/omadm/ca"
	"sluice/omadm/enroll"
)

const public = "https://sluice.ship.example"

var names = []string{"sluice.ship.example", "EnterpriseEnrollment.ship.example", "10.0.0.1"}

// appliance is a handler behind real TLS, with a desk in memory.
type appliance struct {
	desk  *desk
	clock time.Time
	addr  string
	log   *logged

	mu    sync.Mutex
	trust *ca.Trust
	roots *x509.CertPool // that server certificates are of
}

// logged is what the handler logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs an appliance; change may be nil.
func start(t testing.TB, change func(*enroll.Config)) *appliance {
	t.Helper()
	a := &appliance{desk: newDesk(), clock: time.Now(), log: &logged{}}
	root, err := ca.New("sluice test", a.clock)
	if err != nil {
		t.Fatal(err)
	}
	a.trust = ca.NewTrust(root)
	a.roots = x509.NewCertPool()
	a.roots.AddCert(root.Certificate())
	cert, err := root.IssueServer(names, a.clock)
	if err != nil {
		t.Fatal(err)
	}
	cfg := enroll.Config{
		Desk: a.desk, Trust: a.trusted, Public: public, Names: names, Now: a.now,
	}
	if change != nil {
		change(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(enroll.New(cfg, slog.New(slog.NewTextHandler(a.log, nil))))
	srv.TLS = &tls.Config{
		Certificates: []tls.Certificate{*cert}, ClientAuth: tls.RequestClientCert,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: []tls.Certificate{*cert}, ClientAuth: tls.RequestClientCert, ClientCAs: a.trusted().Pool()}, nil
		},
	}
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	a.addr = srv.Listener.Addr().String()
	return a
}

func (a *appliance) now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.clock
}

func (a *appliance) wait(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clock = a.clock.Add(d)
}

func (a *appliance) trusted() *ca.Trust {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.trust
}

func (a *appliance) setTrust(t *ca.Trust) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trust = t
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	length int64
	body   string
}

// do sends a request to a URL, whose host is reached at the appliance whatever
// it is called, with the certificate of a device or without one.
func (a *appliance) do(t testing.TB, method, url, body string, cert *tls.Certificate) answer {
	t.Helper()
	conf := &tls.Config{RootCAs: a.roots}
	if strings.Contains(url, "unknown.example") {
		conf.ServerName = names[0]
	}
	if cert != nil {
		conf.Certificates = []tls.Certificate{*cert}
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   conf,
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, a.addr)
		},
	}}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/soap+xml; charset=utf-8")
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, res.ContentLength, string(b)}
}

func (a *appliance) post(t testing.TB, path, body string, cert *tls.Certificate) answer {
	t.Helper()
	return a.do(t, http.MethodPost, public+path, body, cert)
}
