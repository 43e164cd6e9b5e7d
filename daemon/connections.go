package daemon

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How many connections a door has at a time, so that no door uses up the files
// and the memory that the others, and the control socket, need; and how many of
// them one address may have, which may be that of many computers.
const (
	maxConns     = 8_192
	maxConnsAddr = 2_048
	connWarn     = time.Minute // between two lines of log
)

// connections bounds the connections of one server by its ConnState hook.
// Unlike a wrapped listener this leaves the connections what they are, so that
// files still go out by sendfile.
type connections struct {
	log *slog.Logger

	mu     sync.Mutex
	open   map[net.Conn]netip.Prefix // of those that count
	addrs  map[netip.Prefix]int
	warned time.Time
	silent int // turned away since
}

func newConnections(log *slog.Logger) *connections {
	return &connections{log: log, open: make(map[net.Conn]netip.Prefix), addrs: make(map[netip.Prefix]int)}
}

// changed implements the ConnState hook of [http.Server].
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if !c.enter(conn) {
			conn.Close() // the server notices, and says that it is closed
		}
	case http.StateClosed, http.StateHijacked:
		c.leave(conn)
	}
}

func (c *connections) enter(conn net.Conn) bool {
	host := ""
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		host = a.IP.String()
	}
	key := prefixOf(host)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) < maxConns && (c.addrs[key] < maxConnsAddr || isLoopback(host)) {
		c.open[conn] = key
		c.addrs[key]++
		return true
	}
	c.silent++
	if now := time.Now(); now.Sub(c.warned) >= connWarn {
		c.log.Warn("connections are turned away", "from", host, "open", len(c.open), "of_address", c.addrs[key], "turned_away", c.silent)
		c.warned, c.silent = now, 0
	}
	return false
}

func (c *connections) leave(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, ok := c.open[conn]
	if !ok {
		return
	}
	delete(c.open, conn)
	if c.addrs[key]--; c.addrs[key] == 0 {
		delete(c.addrs, key)
	}
}
