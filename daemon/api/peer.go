package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/user"
	"strings"
)

// Peer is who sends a request.
type Peer struct {
	Who string // for the audit log
	// Allowed says that it may do anything: it is the superuser, or the account of
	// the appliance itself.
	Allowed bool
}

type peerKey struct{}

// As serves every request as p's.
func As(p Peer, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), peerKey{}, p)))
	})
}

// LocalPeer is the account that runs this process.
func LocalPeer() Peer {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return Peer{Who: u.Username, Allowed: true}
	}
	return Peer{Who: userName(os.Geteuid()), Allowed: true}
}

// connContext notes who is at the other end of a connection.
func connContext(ctx context.Context, c net.Conn) context.Context {
	p, err := peerOf(c)
	if err != nil {
		return ctx // a stranger
	}
	return context.WithValue(ctx, peerKey{}, p)
}

// errNoPeer is returned by peerOf for a connection that does not say.
var errNoPeer = errors.New("the connection does not tell whose it is")

// via tells the commands of sluice from other programs.
func via(r *http.Request) string {
	if strings.HasPrefix(r.UserAgent(), "sluice/") {
		return "cli"
	}
	return "api"
}
