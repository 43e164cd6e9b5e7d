// Package wire is the JSON of the control API: what its routes below /api/v1 take
// and answer, for the server (package api) and the typed client alike. Names are
// in snake case; ids are GUIDs in lower case without braces; times are RFC 3339
// in UTC, null where there is none. Fields are added, never renamed or removed.
package wire
