//go:build !linux

package api

import "net"

// peerOf believes the permissions of the socket, which only administrators and
// the account of the appliance may open.
func peerOf(c net.Conn) (Peer, error) {
	if _, ok := c.(*net.UnixConn); !ok {
		return Peer{}, errNoPeer
	}
	return Peer{Who: userName(0), Allowed: true}, nil
}

// userName stands in for the name of an account.
func userName(int) string { return "local administrator" }
