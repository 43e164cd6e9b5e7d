package enroll

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"sluice/omadm/ca"
)

// handler serves the enrolment services.
type handler struct {
	cfg   Config
	log   *slog.Logger
	names map[string]bool
	ops   map[string]operation // by path in lower case
	large chan struct{}        // a place for each large request that is being handled
}

const (
	// smallRequest is how long a request may be that is taken however many there
	// are, in bytes: nearly all of them.
	smallRequest = 32 << 10
	// maxLarge is how many larger ones there may be at a time.
	maxLarge = 64
)

// operation is what one service does.
type operation struct {
	space, element string // of the request
	action, reply  string // Action of the request and of the answer
	handle         func(ctx context.Context, c *call) (*reply, error)
}

// call is one request.
type call struct {
	*message
	http *http.Request
	now  time.Time
	log  *slog.Logger // with what is known of the request so far
}

// New returns the handler of the three services. It takes the zero fields of c
// for their defaults; [Config.Validate] checks the others.
func New(c Config, log *slog.Logger) http.Handler {
	h := &handler{cfg: c.withDefaults(), log: log.With("component", "enroll"), names: map[string]bool{}, large: make(chan struct{}, maxLarge)}
	for _, n := range c.Names {
		h.names[hostKey(n)] = true
	}
	h.ops = map[string]operation{
		strings.ToLower(DiscoveryPath): {
			space: spaceDiscovery, element: "Discover",
			action: spaceDiscovery + "/IDiscoveryService/Discover", reply: spaceDiscovery + "/IDiscoveryService/DiscoverResponse",
			handle: h.discover,
		},
		strings.ToLower(PolicyPath): {
			space: spacePolicy, element: "GetPolicies",
			action: spacePolicy + "/IPolicy/GetPolicies", reply: spacePolicy + "/IPolicy/GetPoliciesResponse",
			handle: h.policies,
		},
		strings.ToLower(EnrollmentPath): {
			space: spaceTrust, element: "RequestSecurityToken",
			action: spaceEnrollment + "/RST/wstep", reply: spaceEnrollment + "/RSTRC/wstep",
			handle: h.requestToken,
		},
	}
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.ToLower(r.URL.Path)
	op, ok := h.ops[path]
	switch {
	case !ok:
		http.NotFound(w, r)
	case r.Method == http.MethodPost && r.ContentLength >= 0 && r.ContentLength <= smallRequest:
		h.serve(w, r, op)
	case r.Method == http.MethodPost:
		select {
		case h.large <- struct{}{}:
			defer func() { <-h.large }()
			h.serve(w, r, op)
		default:
			w.Header().Set("Retry-After", "30")
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && path == strings.ToLower(DiscoveryPath):
		// A client asks so whether anybody is here (MS-MDE2 3.1).
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	default:
		allow := http.MethodPost
		if path == strings.ToLower(DiscoveryPath) {
			allow += ", " + http.MethodGet + ", " + http.MethodHead
		}
		w.Header().Set("Allow", allow)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request, op operation) {
	trace, err := h.guid()
	log := h.log.With("trace", trace, "addr", clientAddr(r))
	if err != nil {
		log.Error("draw a number", "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	m, err := readMessage(r, op, h.ops)
	c := &call{message: m, http: r, now: h.cfg.Now(), log: log.With("operation", m.op.element)}
	var a *reply
	if err != nil {
		err = malformed(err)
	} else {
		a, err = m.op.handle(r.Context(), c)
	}
	status := http.StatusOK
	if err != nil {
		f := asFault(err)
		level := slog.LevelWarn
		if f.subcode == internalServiceFault {
			level = slog.LevelError
		}
		c.log.Log(r.Context(), level, "refused", "fault", string(f.subcode), "type", f.kind(), "err", err)
		if f.subcode != internalServiceFault && f.subcode != messageFormat {
			h.cfg.Refused(Refusal{Reason: f.message, Addr: clientAddr(r), Err: err})
		}
		a, status = &reply{body: faultBody(f, trace)}, http.StatusInternalServerError
	}
	a.action, a.relatesTo, a.trace = m.op.reply, m.id, trace
	if err := a.write(w, status); err != nil {
		log.Debug("answer not sent", "err", err)
	}
}

// certificate judges the certificate that a client proved to have by TLS, for a
// renewal: it may have ended. It is nil where there is none.
func (c *call) certificate(trust *ca.Trust) (*x509.Certificate, error) {
	if c.http.TLS == nil || len(c.http.TLS.PeerCertificates) == 0 {
		return nil, nil
	}
	v, err := trust.Judge(c.http.TLS.PeerCertificates, ca.Renew, c.now)
	if err != nil {
		return nil, notRenewable(err)
	}
	return v.Leaf, nil
}

// guid draws a random GUID (RFC 9562, version 4), in lower case without braces.
func (h *handler) guid() (string, error) {
	b, err := h.random(16)
	if err != nil {
		return "", err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	x := hex.EncodeToString(b)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], nil
}

func (h *handler) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(h.cfg.Rand, b); err != nil {
		return nil, fmt.Errorf("draw random bytes: %w", err)
	}
	return b, nil
}
