package clientsync

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/soap"
)

// Where the services are. IIS takes paths in any letter case, so clients send
// them in any.
const (
	ClientPath     = "/ClientWebService/client.asmx"
	SimpleAuthPath = "/SimpleAuthWebService/SimpleAuth.asmx"
)

const (
	clientSpace = "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"
	authSpace   = "http://www.microsoft.com/SoftwareDistribution/Server/SimpleAuthWebService"
)

// maxScanRequest bounds a SyncUpdates or RefreshCache call: the lists of Limits
// fit in.
const maxScanRequest = 16 << 20

// Server serves the client and the authorization service. Safe for concurrent
// use.
type Server struct {
	catalog  Catalog
	roster   Roster
	bodies   Bodies
	cookies  *cookie.Box
	settings func() *Settings
	limits   Limits
	now      func() time.Time
	scanned  func(Scan)
	hardware func(Hardware)

	cores    *coreCache
	chunks   *chunkCache
	requests sync.Pool // *syncRequest
	answers  sync.Pool // *answer

	client, auth *soap.Handler
}

// New returns a Server. Faults are logged to log with the GUID that the client
// is told.
func New(c Config, log *slog.Logger) *Server {
	s := &Server{
		catalog: c.Catalog, roster: c.Roster, bodies: c.Bodies, cookies: c.Cookies,
		settings: c.Settings, limits: c.Limits.withDefaults(), now: c.Now,
		scanned: c.Scanned, hardware: c.Hardware,
	}
	if s.scanned == nil {
		s.scanned = func(Scan) {}
	}
	if s.hardware == nil {
		s.hardware = func(Hardware) {}
	}
	s.cores = newCoreCache(c.Bodies, s.limits.CoreCache)
	s.chunks = newChunkCache(c.Bodies, s.limits.ChunkCache)
	s.requests.New = func() any { return new(syncRequest) }
	s.answers.New = func() any { return new(answer) }
	s.client = soap.NewHandler(soap.Service{
		Path: ClientPath, Namespace: clientSpace, Style: soap.WCF,
		Operations: map[string]soap.Operation{
			"GetConfig":              {Handle: s.getConfig},
			"GetCookie":              {Handle: s.getCookie},
			"RegisterComputer":       {Handle: s.registerComputer},
			"StartCategoryScan":      {Handle: s.startCategoryScan},
			"SyncUpdates":            {Handle: s.syncUpdates, MaxBody: maxScanRequest},
			"SyncPrinterCatalog":     {Handle: s.syncPrinterCatalog, MaxBody: maxScanRequest},
			"RefreshCache":           {Handle: s.refreshCache, MaxBody: maxScanRequest},
			"GetExtendedUpdateInfo":  {Handle: s.getExtendedUpdateInfo},
			"GetExtendedUpdateInfo2": {Handle: s.getExtendedUpdateInfo2},
			"GetFileLocations":       {Handle: s.getFileLocations},
		},
	}, log, nil)
	s.auth = soap.NewHandler(soap.Service{
		Path: SimpleAuthPath, Namespace: authSpace, Style: soap.ASMX,
		Operations: map[string]soap.Operation{"GetAuthorizationCookie": {Handle: s.getAuthorizationCookie}},
	}, log, nil)
	return s
}

// ServeHTTP answers at [ClientPath] and [SimpleAuthPath], in any letter case.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.EqualFold(r.URL.Path, ClientPath):
		s.client.ServeHTTP(w, r)
	case strings.EqualFold(r.URL.Path, SimpleAuthPath):
		s.auth.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// open opens a cookie and finds who it was made for.
func (s *Server) open(sealed []byte) (cookie.Cookie, Seat, error) {
	c, err := s.cookies.Open(sealed)
	if err != nil {
		return cookie.Cookie{}, Seat{}, cookie.Fault(err)
	}
	seat, ok := s.roster.Seat(c.Device)
	if !ok {
		// Removed by an administrator: the client logs in again and is new.
		return cookie.Cookie{}, Seat{}, &soap.Fault{Code: soap.CookieExpired, Err: fmt.Errorf("device %d is not known", c.Device)}
	}
	return c, seat, nil
}

// caller is who calls an operation that needs a plan.
type caller struct {
	cookie   cookie.Cookie
	seat     Seat
	snapshot *catalog.Snapshot
	plan     *catalog.Plan
}

// login opens a cookie and finds the plan of who it was made for.
func (s *Server) login(sealed []byte) (*caller, error) {
	c, seat, err := s.open(sealed)
	if err != nil {
		return nil, err
	}
	u := &caller{cookie: c, seat: seat, snapshot: s.catalog.Current()}
	plan, ok := s.plan(u.snapshot, seat.Plan)
	if !ok {
		return nil, fmt.Errorf("device %d has the plan %+v, which the roster does not know", seat.Device, seat.Plan)
	}
	u.plan = plan
	return u, nil
}

// scan is login for the operations that begin a scan: the client must know the
// configuration and be registered (MS-WUSP 3.1.5.7).
func (s *Server) scan(sealed []byte) (*caller, error) {
	u, err := s.login(sealed)
	if err != nil {
		return nil, err
	}
	if !u.cookie.Config.Equal(s.settings().lastChange()) {
		return nil, &soap.Fault{Code: soap.ConfigChanged}
	}
	if !u.seat.Registered {
		return nil, &soap.Fault{Code: soap.RegistrationRequired}
	}
	return u, nil
}

func (s *Server) plan(snap *catalog.Snapshot, key catalog.PlanKey) (*catalog.Plan, bool) {
	groups, holds, ok := s.roster.Sets(key)
	if !ok {
		return nil, false
	}
	return snap.Plan(key, groups, holds), true
}

// told returns what the caller's cookie says that it was told, as the catalog
// wants it. A plan that nobody knows any more tells nothing.
func (s *Server) told(u *caller) *catalog.Told {
	t := u.cookie.Told
	switch {
	case t == nil:
		return nil
	case t.Plan == u.seat.Plan:
		return &catalog.Told{Plan: u.plan, Seq: t.Seq}
	}
	plan, ok := s.plan(u.snapshot, t.Plan)
	if !ok {
		return nil
	}
	return &catalog.Told{Plan: plan, Seq: t.Seq}
}

// seal returns the sealed form of a cookie for an answer.
func (s *Server) seal(c cookie.Cookie) ([]byte, error) {
	sealed, err := s.cookies.Seal(c)
	if err != nil {
		return nil, fmt.Errorf("new cookie of device %d: %w", c.Device, err)
	}
	return sealed, nil
}
