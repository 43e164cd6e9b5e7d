package daemon

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sluice/daemon/metrics"
	"sluice/wsus/clientsync"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/content"
	"sluice/wsus/reporting"
)

// Limits of every door. Headers and bodies must come in time; answers may take
// longer, a payload file as long as it gets on.
const (
	headerTimeout  = 15 * time.Second
	requestTimeout = 2 * time.Minute
	answerTimeout  = 5 * time.Minute
	idleTimeout    = 2 * time.Minute // Delivery Optimization keeps idle connections for 30 s
	maxHeader      = 64 << 10
)

// One answer to a scan has at most so many updates, and so many bytes of them.
const (
	pageUpdates = 200
	pageBytes   = 2 << 20
)

// Addresses are the doors of a running appliance, as URLs by which this machine
// reaches them. A door that is switched off is empty.
type Addresses struct {
	WSUS, WSUSTLS, MDM, Admin string
	Socket                    string // of the control API
}

// door is one listener with what answers on it.
type door struct {
	name     string
	setting  string // the key of its address in the configuration
	listen   string
	tls      bool
	devices  bool // those that connect are asked for a certificate
	handler  http.Handler
	listener net.Listener
}

// open opens the listener.
func (d *door) open(ctx context.Context, certs *certificates) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", d.listen)
	if err != nil {
		return d.explain(err)
	}
	if d.tls {
		cfg := certs.config()
		if d.devices {
			cfg = certs.deviceConfig()
		}
		l = tls.NewListener(l, cfg)
	}
	d.listener = l
	return nil
}

// explain says what to do about an address that cannot be listened on.
func (d *door) explain(err error) error {
	what := fmt.Errorf("open the %s door: %w", d.name, err)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; another program has the port (IIS or WSUS?): stop it, or set %s to another", what, d.setting)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w; ports below 1024 need the right to them: start the service as installed, or set %s to another", what, d.setting)
	}
	return what
}

// url returns how this machine reaches the door.
func (d *door) url() string {
	if d.listener == nil {
		return ""
	}
	scheme := "http"
	if d.tls {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(d.listener.Addr().String())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// port returns the port that the listener has.
func (d *door) port() int {
	if a, ok := d.listener.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// server returns the HTTP server of the door.
func (d *door) server(log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           d.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnState:         newConnections(log.With("door", d.name)).changed,
		ErrorLog:          slog.NewLogLogger(log.With("door", d.name).Handler(), slog.LevelDebug),
	}
}

// settings keeps what GetConfig answers.
func (a *Appliance) settings(ctx context.Context, contentPort int) (*clientsync.Settings, error) {
	host := a.names()[0]
	hash := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%v", host, contentPort, a.cfg.WSUS.Targeting))
	changed, err := a.store.LastChange(ctx, hash)
	if err != nil {
		return nil, err
	}
	return &clientsync.Settings{LastChange: changed.Truncate(time.Microsecond), Host: host, ContentPort: contentPort}, nil
}

// selfUpdate returns the folder "selfupdate" of the data folder, where a site
// may lay the agent of Windows 8.1 and older, which only Microsoft can sign. Nil
// where there is none: later Windows never asks.
func (a *Appliance) selfUpdate() fs.FS {
	dir := filepath.Join(a.store.Dir(), "selfupdate")
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil
	}
	return os.DirFS(dir)
}

// wsus joins the services of the WSUS door.
func (a *Appliance) wsus(m *metrics.Metrics, settings func() *clientsync.Settings) (services, files http.Handler) {
	box := cookie.NewBox(a.keys, a.store.Lineage(), a.now)
	client := clientsync.New(clientsync.Config{
		Catalog: a.catalog, Roster: a.fleet, Bodies: a.store, Cookies: box, Settings: settings, Now: a.now,
		Limits: clientsync.Limits{PageUpdates: pageUpdates, PageBytes: pageBytes},
		Scanned: func(s clientsync.Scan) {
			m.Scan(passNames[s.Pass], s.New, s.Changed, s.OutOfScope)
			a.sinks.scanned(s)
		},
		Hardware: a.sinks.hardwareSeen,
	}, a.log.With("component", "wsus"))
	reports := reporting.New(reporting.Config{
		Cookies: box, Sink: knownReports{a.store, a.catalog.Current}, Computers: a.fleet, Now: a.now,
	}, a.log.With("component", "reporting"))
	agents := clientsync.SelfUpdate(a.selfUpdate())
	services = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What cannot be answered in time is not worth finishing.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
		switch {
		case strings.EqualFold(r.URL.Path, reporting.Path):
			reports.ServeHTTP(w, r)
		case hasPrefixFold(r.URL.Path, clientsync.SelfUpdatePath):
			agents.ServeHTTP(w, r)
		default:
			client.ServeHTTP(w, r)
		}
	})
	held := content.Handler(a.content, content.HandlerOptions{
		Log: a.log.With("component", "content"),
		OnMiss: func(d digest, remote string) {
			m.Missed()
			a.sinks.missed(d, remote)
		},
		OnServed: func(_ digest, n int64) { m.Served(n) },
	})
	files = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held.ServeHTTP(&steady{w, steadyStall}, r)
	})
	return services, files
}

var passNames = map[clientsync.Pass]string{
	clientsync.Software: "software", clientsync.Filtered: "filtered", clientsync.Drivers: "drivers", clientsync.Printers: "printers",
}

// isContent reports whether a path is of payload files.
func isContent(path string) bool { return hasPrefixFold(path, content.Prefix) }

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// plainDoor serves payload files, which clients verify, certificates and
// revocation lists, and refuses metadata, which whoever sits on the line could
// change: the answer names the https address. With plain metadata it serves
// everything.
func plainDoor(services, files, pki http.Handler, metadata bool, secure func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isContent(r.URL.Path):
			files.ServeHTTP(w, r)
		case hasPrefixFold(r.URL.Path, pkiPrefix):
			pki.ServeHTTP(w, r)
		case metadata || hasPrefixFold(r.URL.Path, clientsync.SelfUpdatePath):
			services.ServeHTTP(w, r)
		default:
			http.Error(w, "The update protocol is not served over plain HTTP. Point the device at "+secure()+
				" or set wsus.plain_metadata = true.", http.StatusForbidden)
		}
	})
}

// secureDoor serves everything.
func secureDoor(services, files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isContent(r.URL.Path) {
			files.ServeHTTP(w, r)
			return
		}
		services.ServeHTTP(w, r)
	})
}

// counted logs and counts what a door answers. The recorder keeps sendfile.
func (a *Appliance) counted(name string, m *metrics.Metrics, next http.Handler) http.Handler {
	log := a.log.With("door", name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &content.Recorder{ResponseWriter: w}
		next.ServeHTTP(rec, r)
		took := time.Since(start)
		m.Request(name, rec.Status, took)
		if log.Enabled(r.Context(), slog.LevelDebug) {
			log.Debug("answered", "method", r.Method, "path", strconv.Quote(r.URL.Path), "status", rec.Status,
				"bytes", rec.Bytes, "from", r.RemoteAddr, "dur", took)
		}
	})
}
