// Package api is the control API: what administrators do, as JSON over HTTP
// below /api/v1. The commands reach it through a socket in the data folder of a
// running daemon, or in their own process where none runs (package
// daemon/client); later doors serve the same handler.
//
// The types of requests and answers are in package wire. A failed request is
// answered with {"error": {"code", "message", "hint"}}. Lists come in pages:
// "next" of one is the "cursor" of the following. Long work (imports, backups)
// answers with one JSON object a line, progress first.
//
// Every act writes an entry into the audit log: with the act itself, in its
// transaction, or as refused or failed. A request whose sender is not known
// ([Peer]) is not looked at.
package api
