// Package content keeps the payload files of updates and serves them to
// clients (MS-WUSP 3.1.1.1 and the FileUrl of 2.2.2.2.4; the download itself is
// plain HTTP).
//
// A [Store] has one root that it writes and any number of roots that it only
// reads: an adopted WsusContent folder, a network share. All are laid out as a
// WSUS server does, so that each can be exchanged for the other:
//
//	<root>/<last two hex digits of the SHA-1>/<SHA-1, 40 hex digits><.ext>
//
// Hexadecimal is written in upper case and read in any. The extension is that
// of the declared file name and says nothing: a file is found by its digest.
//
// # What is served
//
// A file is served only if its digest was checked since it was last written.
// The outcome of a check is a [Verdict], which holds as long as the file has
// the size and the modification time that it had then; verdicts are kept by
// the application through [Verdicts] and loaded once, so that [Store.Have]
// costs a map lookup and no file system call. Each opened file is compared
// with its verdict. One that has changed since is no longer held from that
// moment on: requests are answered 503 with Retry-After, [Store.Run] checks the
// file in the background, and after that it is served again or not at all.
//
// 503 and not 404, because the clients tell them apart: BITS treats a 5xx as
// passing and keeps the job, a 404 as final and fails the update (Windows
// documentation, "Handling Server Application Errors"). And not a request that
// blocks: an image of 6 GB takes most of a minute to read, longer than a
// client waits, and every waiting client would hold its connections meanwhile.
// New scans see at once that the file isn't held.
//
// A file that vanished keeps its verdict: a share that is not mounted looks
// like one that was emptied, and reading terabytes again is what a verdict
// saves. [Store.Refresh] notices when files vanish and return.
//
// # What it does not do
//
// It knows nothing of updates beyond [update.File], keeps no list of what is
// needed, doesn't decide what may be deleted, and sets no timeouts on slow
// clients: those belong to the server that it is mounted in. One root is
// written by one process at a time.
package content
