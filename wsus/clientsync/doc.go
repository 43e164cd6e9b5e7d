// Package clientsync is the server of the client protocol, MS-WUSP: it tells
// Windows clients what there is, what of it they shall install, and where to
// download it (MS-WUSP 3.1). Reporting is package reporting.
//
// A [Server] is an http.Handler for the two web services that a client scans by:
//
//	/SimpleAuthWebService/SimpleAuth.asmx   GetAuthorizationCookie
//	/ClientWebService/client.asmx           everything else
//
// It keeps no session: what there is of one is in the cookies (package cookie).
// Whatever it knows of computers, updates and texts it asks of the small
// interfaces in deps.go, and logs, metrics and access checks wrap it from
// outside.
//
// # A scan
//
// SyncUpdates is called up to 200 times a scan by every computer of a network,
// so what is on its way is small: the id lists are read by a scanner of their
// own, the walk of the graph is catalog's, and texts come from memory once they
// were used. A page is planned from lengths that the graph knows. Small cores
// are copied into one buffer; large ones lie in the store escaped and compressed
// as the wire wants them and are passed on chunk by chunk, so that a core of
// 47 MB costs one chunk of memory. Every answer has a Content-Length.
//
// What a client was told last is in its cookie. Only the last answer of a whole
// scan, one that is neither truncated nor limited to categories, says what
// changed and moves the cookie on: an answer that is lost is then said again.
package clientsync
