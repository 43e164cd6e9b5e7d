package store

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// readers is how many reads run at once.
const readers = 4

// pragmas are common to all connections. FULL synchronizes the write-ahead log
// at every commit: a report or an approval that was answered survives a loss of
// power. The log is cut back to 64 MiB after a backup has made it grow.
var pragmas = []string{
	"busy_timeout(5000)",
	"journal_mode(wal)",
	"synchronous(full)",
	"foreign_keys(1)",
	"journal_size_limit(67108864)",
}

// openWriter opens the one connection that writes. Its transactions take the
// write lock at once: one that only asks for it later is refused without any
// waiting when another was faster. An import is no faster with a larger cache.
func openWriter(path string) (*sql.DB, error) {
	return openPool(path, 1, "_txlock=immediate", "cache_size(-16384)")
}

// openReaders opens the pool of connections that cannot write. Their caches are
// small: the system has the file in memory, once for all of them.
func openReaders(path string) (*sql.DB, error) {
	return openPool(path, readers, "", "query_only(1)", "cache_size(-2048)")
}

// openAside opens a connection of its own for work that takes minutes, a check
// or a backup, so that it keeps no reader from others.
func openAside(path string) (*sql.DB, error) {
	return openPool(path, 1, "")
}

func openPool(path string, conns int, parameter string, more ...string) (*sql.DB, error) {
	q := make([]string, 0, len(pragmas)+len(more)+1)
	for _, p := range append(pragmas[:len(pragmas):len(pragmas)], more...) {
		q = append(q, "_pragma="+url.QueryEscape(p))
	}
	if parameter != "" {
		q = append(q, parameter)
	}
	connector, err := sqlite.NewConnector(fileURI(path) + "?" + strings.Join(q, "&"))
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// fileURI writes a path the way SQLite wants it where it may hold ?, # or %.
func fileURI(path string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/data
	}
	return "file://" + (&url.URL{Path: p}).EscapedPath()
}
