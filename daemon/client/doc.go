// Package client is the typed client of the control API (package daemon/api).
//
// [Dial] talks to the running daemon of a data folder over its socket.
// [InProcess] talks to a handler in this process, for a data folder that no
// daemon has open. Both send the same requests.
package client
