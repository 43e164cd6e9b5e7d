package daemon

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// fakeConn is a connection from an address.
type fakeConn struct {
	net.Conn
	from   string
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(c.from), Port: 1} }

func (c *fakeConn) Close() error { c.closed = true; return nil }

// dial opens n connections and returns those that stay open.
func dial(c *connections, n int, from string) (open []*fakeConn) {
	for range n {
		conn := &fakeConn{from: from}
		c.changed(conn, http.StateNew)
		if conn.closed {
			c.changed(conn, http.StateClosed)
		} else {
			open = append(open, conn)
		}
	}
	return open
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	c := newConnections(slog.New(slog.DiscardHandler))
	greedy := dial(c, 5_000, "192.0.2.1")
	if len(greedy) != maxConnsAddr {
		t.Errorf("one address has %d connections, want %d", len(greedy), maxConnsAddr)
	}
	others := dial(c, 10_000, "127.0.0.1")
	if len(others) != maxConns-maxConnsAddr {
		t.Errorf("with them %d others are open, want %d", len(others), maxConns-maxConnsAddr)
	}
	for _, conn := range append(greedy, others...) {
		c.changed(conn, http.StateActive)
		c.changed(conn, http.StateIdle)
		c.changed(conn, http.StateClosed)
	}
	if len(c.open) != 0 || len(c.addrs) != 0 {
		t.Errorf("after all were closed %d connections of %d addresses count", len(c.open), len(c.addrs))
	}
}

func TestServerTurnsConnectionsAway(t *testing.T) {
	t.Parallel()
	c := newConnections(slog.New(slog.DiscardHandler))
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ConnState = c.changed
	srv.Start()
	defer srv.Close()
	held := dial(c, maxConns, "127.0.0.1")
	get := func() error {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
		res, err := client.Get(srv.URL)
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	if get() == nil {
		t.Error("a full server answers")
	}
	c.changed(held[0], http.StateClosed)
	if err := get(); err != nil {
		t.Errorf("with room: %v", err)
	}
}
