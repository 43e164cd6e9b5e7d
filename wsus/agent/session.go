package agent

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"sluice/wsus/update"
)

// maxRecoveries bounds how often one call is repeated after a fault: a server
// that answers the same fault for ever must not keep a client busy.
const maxRecoveries = 4

// connect does what is missing of the handshake: GetConfig,
// GetAuthorizationCookie, GetCookie and RegisterComputer (MS-WUSP 3.2.5).
func (a *Agent) connect(ctx context.Context) error {
	s := a.state
	if s.Config == nil {
		if err := a.getConfig(ctx); err != nil {
			return err
		}
	}
	if s.Cookie.Data == "" || a.renew || a.expired() {
		if err := a.getCookie(ctx); err != nil {
			return err
		}
	}
	if s.Config.RegistrationRequired && s.Registration != a.registration() {
		return a.register(ctx)
	}
	return nil
}

// expired reports whether the cookie's clear-text expiration is past.
func (a *Agent) expired() bool {
	t, err := parseTime(a.state.Cookie.Expiration)
	return err != nil || !a.cfg.Now().Before(t)
}

func (a *Agent) registration() string {
	var x xmlText
	computerInfo(&x, &a.cfg.Machine.Computer)
	return x.String()
}

func (a *Agent) getConfig(ctx context.Context) error {
	const op = "GetConfig"
	n, err := a.post(ctx, clientService, a.address(clientService), op, getConfig())
	if err != nil {
		return err
	}
	c, err := parseConfig(n)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return err
		}
		return failWith(op, hrParse, err, "answer")
	}
	a.state.Config = c
	return nil
}

func parseConfig(n *node) (*ServerConfig, error) {
	const op = "GetConfig"
	r := n.child("GetConfigResult")
	if r == nil {
		return nil, errors.New("no GetConfigResult")
	}
	if err := r.inOrder("LastChange", "IsRegistrationRequired", "AuthInfo", "AllowedEventIds", "Properties"); err != nil {
		return nil, err
	}
	c := &ServerConfig{LastChange: r.str("LastChange"), MaxExtended: 50}
	if _, err := parseTime(c.LastChange); err != nil {
		return nil, fmt.Errorf("LastChange: %w", err)
	}
	var err error
	if c.RegistrationRequired, err = r.flag("IsRegistrationRequired"); err != nil {
		return nil, err
	}
	for _, p := range r.items("AuthInfo") {
		if err := p.inOrder("PlugInID", "ServiceUrl", "Parameter"); err != nil {
			return nil, err
		}
		if p.str("PlugInID") == "SimpleTargeting" && p.str("ServiceUrl") != "" {
			c.PlugIn, c.AuthURL = p.str("PlugInID"), p.str("ServiceUrl")
		}
	}
	if c.AuthURL == "" {
		return nil, fail(op, hrNoAuthPlugin, "AuthInfo does not offer SimpleTargeting with a ServiceUrl")
	}
	events, err := r.revisions("AllowedEventIds")
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		c.AllowedEvents = append(c.AllowedEvents, int(e))
	}
	if len(r.items("Properties")) == 0 {
		return nil, fail(op, hrMissingProperty, "the answer has no Properties; a native agent stops here")
	}
	for _, p := range r.items("Properties") {
		if err := p.inOrder("Name", "Value"); err != nil {
			return nil, err
		}
		switch v := p.str("Value"); p.str("Name") {
		case "MaxExtendedUpdatesPerRequest":
			if c.MaxExtended, err = strconv.Atoi(v); err != nil || c.MaxExtended < 1 {
				return nil, fail(op, hrBadProperty, "MaxExtendedUpdatesPerRequest is %q", clip(v))
			}
		case "ProtocolVersion":
			c.ProtocolVersion = v
		}
	}
	return c, nil
}

// categoryScans reports whether the server says that it does category scans:
// protocol version 3.2 or later.
func (c *ServerConfig) categoryScans() bool {
	v, err := parseVersion(c.ProtocolVersion)
	return err == nil && v >= 3<<48|2<<32
}

func (a *Agent) getCookie(ctx context.Context) error {
	c := a.state.Config
	at, err := a.root.Parse(c.AuthURL)
	if err != nil {
		return failWith("GetAuthorizationCookie", hrNoAuthPlugin, err, "ServiceUrl")
	}
	auth, err := a.authorize(ctx, at)
	if err != nil {
		return err
	}
	const op = "GetCookie"
	body := getCookie(c.PlugIn, auth, a.state.Cookie, c.LastChange, a.cfg.Now())
	n, err := a.post(ctx, clientService, a.address(clientService), op, body)
	if err != nil {
		return err
	}
	cookie, err := parseCookie(n.child("GetCookieResult"))
	if err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	a.state.Cookie, a.renew = cookie, false
	return nil
}

func (a *Agent) authorize(ctx context.Context, at *url.URL) (string, error) {
	const op = "GetAuthorizationCookie"
	n, err := a.post(ctx, authService, at, op, getAuthorizationCookie(&a.cfg.Machine.Computer))
	if err != nil {
		return "", err
	}
	r := n.child("GetAuthorizationCookieResult")
	if r == nil {
		return "", fail(op, hrNoAuthCookie, "no GetAuthorizationCookieResult")
	}
	if err := r.inOrder("PlugInId", "CookieData"); err != nil {
		return "", failWith(op, hrParse, err, "answer")
	}
	data := r.str("CookieData")
	if r.str("PlugInId") != a.state.Config.PlugIn || !isBase64(data) {
		return "", fail(op, hrNoAuthCookie, "PlugInId %q with %d characters of CookieData", clip(r.str("PlugInId")), len(data))
	}
	return data, nil
}

func parseCookie(n *node) (Cookie, error) {
	if n == nil {
		return Cookie{}, errors.New("no cookie")
	}
	if err := n.inOrder("Expiration", "EncryptedData"); err != nil {
		return Cookie{}, err
	}
	c := Cookie{Expiration: n.str("Expiration"), Data: n.str("EncryptedData")}
	if _, err := parseTime(c.Expiration); err != nil {
		return Cookie{}, fmt.Errorf("cookie's Expiration: %w", err)
	}
	if !isBase64(c.Data) {
		return Cookie{}, errors.New("cookie's EncryptedData is not base64")
	}
	return c, nil
}

func (a *Agent) register(ctx context.Context) error {
	const op = "RegisterComputer"
	_, err := a.post(ctx, clientService, a.address(clientService), op, registerComputer(a.state.Cookie, &a.cfg.Machine.Computer))
	if err != nil {
		return err
	}
	a.state.Registration = a.registration()
	return nil
}

// ask does an operation that needs a cookie, after whatever the handshake lacks.
// body is called for every attempt: a recovery may change cookie and RevisionIDs.
func (a *Agent) ask(ctx context.Context, s service, op string, body func() []byte) (n *node, err error) {
	err = a.persist(ctx, func() error {
		if err := a.connect(ctx); err != nil {
			return err
		}
		n, err = a.post(ctx, s, a.address(s), op, body())
		return err
	})
	return n, err
}

// persist does f again after faults that a client can do something about, as
// MS-WUSP 2.2.2.4 says.
func (a *Agent) persist(ctx context.Context, f func() error) error {
	for try := 0; ; try++ {
		err := f()
		if err == nil || try == maxRecoveries {
			return err
		}
		again, rerr := a.recover(ctx, FaultCode(err))
		if rerr != nil {
			return rerr
		}
		if !again {
			return err
		}
	}
}

// recover prepares for another attempt after a fault; again is false where
// there is nothing that a client can do.
func (a *Agent) recover(ctx context.Context, code string) (again bool, err error) {
	a.cfg.Log.DebugContext(ctx, "fault", "code", code)
	s := a.state
	switch code {
	case "InvalidCookie", "ServerChanged":
		s.Config, s.Cookie = nil, Cookie{}
		if err := a.connect(ctx); err != nil {
			return false, err
		}
		return true, a.refreshCache(ctx)
	case "ConfigChanged":
		// The old cookie goes along: the server may copy what it holds.
		s.Config, a.renew = nil, true
		return true, nil
	case "CookieExpired":
		a.renew = true
		return true, nil
	case "RegistrationRequired":
		s.Registration = ""
		return true, nil
	case "RegistrationNotRequired":
		s.Config.RegistrationRequired = false
		return true, nil
	case "FileLocationChanged", "FileLocationsChanged":
		return true, a.relocate(ctx)
	}
	return false, nil
}

// refreshChunk is how many identities go into one RefreshCache.
const refreshChunk = 2000

// RefreshCache asks for the server's RevisionIDs of everything the client holds
// and forgets what the server does not name (MS-WUSP 3.1.5.8).
func (a *Agent) RefreshCache(ctx context.Context) error {
	return a.persist(ctx, func() error {
		if err := a.connect(ctx); err != nil {
			return err
		}
		return a.refreshCache(ctx)
	})
}

func (a *Agent) refreshCache(ctx context.Context) error {
	const op = "RefreshCache"
	byIdentity := make(map[update.Identity]Held, len(a.state.Held))
	ids := make([]update.Identity, 0, len(a.state.Held))
	for _, h := range a.state.Held {
		byIdentity[h.Core.Identity] = h
		ids = append(ids, h.Core.Identity)
	}
	var fresh State
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), refreshChunk)]
		ids = ids[len(chunk):]
		n, err := a.post(ctx, clientService, a.address(clientService), op, refreshCache(a.state.Cookie, chunk))
		if err != nil {
			return err
		}
		for _, r := range n.items("RefreshCacheResult") {
			h, err := parseRefreshed(r, byIdentity, a.cfg.Library)
			if err != nil {
				return failWith(op, hrParse, err, "answer")
			}
			if !fresh.insert(h) {
				return fail(op, hrDuplicate, "RevisionID %d is given twice", h.ID)
			}
		}
	}
	a.state.Held, a.state.judged = fresh.Held, false
	return nil
}

func parseRefreshed(n *node, held map[update.Identity]Held, l *Library) (Held, error) {
	if err := n.inOrder("RevisionID", "GlobalID", "IsLeaf", "Deployment"); err != nil {
		return Held{}, err
	}
	id, err := n.number("RevisionID")
	if err != nil {
		return Held{}, err
	}
	g := n.child("GlobalID")
	if g == nil {
		return Held{}, fmt.Errorf("revision %d has no GlobalID", id)
	}
	number, err := g.number("RevisionNumber")
	if err != nil {
		return Held{}, err
	}
	guid, err := update.ParseID(strings.TrimSpace(g.str("UpdateID")))
	if err != nil {
		return Held{}, err
	}
	h, ok := held[update.Identity{ID: guid, Number: number}]
	if !ok {
		return Held{}, fmt.Errorf("revision %d is %s/%d, which was not asked for", id, guid, number)
	}
	h.ID = update.RevisionID(id)
	if h.Leaf, err = n.flag("IsLeaf"); err != nil {
		return Held{}, err
	}
	d, err := parseDeployment(n.child("Deployment"))
	if err != nil {
		return Held{}, fmt.Errorf("revision %d: %w", id, err)
	}
	h.Deployment = l.deployment(d)
	return h, nil
}
