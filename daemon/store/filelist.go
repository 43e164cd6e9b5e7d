package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sluice/wsus/update"
)

// fileColumns are the columns of variant_file f that scanFile reads.
const fileColumns = `f.digest, f.sha256, f.name, f.size, f.modified, f.patching, f.language, f.url`

func scanFile(scan func(...any) error) (update.File, error) {
	var (
		f            update.File
		digest, sum  []byte
		modifiedTime int64
	)
	err := scan(&digest, &sum, &f.Name, &f.Size, &modifiedTime, &f.PatchingType, &f.Language, &f.URL)
	copy(f.Digest[:], digest)
	copy(f.SHA256[:], sum)
	f.Modified = fromMillis(modifiedTime)
	return f, err
}

func scanFiles(rows *sql.Rows, err error) ([]update.File, error) {
	var files []update.File
	err = each(rows, err, func(scan func(...any) error) error {
		f, err := scanFile(scan)
		files = append(files, f)
		return err
	})
	return files, err
}

// min() takes the other columns from the row that it chooses: one that knows
// the SHA-256 before one that does not.
const filesQuery = `SELECT ` + fileColumns + `, min(f.sha256 IS NULL)
	FROM json_each(?) j CROSS JOIN variant_file f ON f.digest = unhex(j.value)
	JOIN variant v ON v.id = f.variant_id JOIN import i ON i.id = v.import_id
	WHERE i.state = 'applied' GROUP BY f.digest`

// Files returns the files of digests that served metadata names, each once.
func (s *Store) Files(ctx context.Context, digests []update.Digest) ([]update.File, error) {
	list := make([]string, len(digests))
	for i, d := range digests {
		list[i] = hex.EncodeToString(d[:])
	}
	wanted, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	var files []update.File
	err = s.read(ctx, "files by digest", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, filesQuery, string(wanted))
		return each(rows, err, func(scan func(...any) error) error {
			var unknown bool
			f, err := scanFile(func(dest ...any) error { return scan(append(dest, &unknown)...) })
			files = append(files, f)
			return err
		})
	})
	return files, err
}

// RequiredFile is a file that an update needs, by itself or through its members.
type RequiredFile struct {
	update.File
	Revision update.RevisionID // that names it
	Held     bool              // verified and on disk
}

// neededBy lists, for the revisions of a JSON list, themselves and their
// members.
const neededBy = `needed (root, id) AS (
	SELECT value, value FROM json_each(?1) UNION
	SELECT c.root, c.member FROM json_each(?1) j CROSS JOIN closure c ON c.root = j.value
	JOIN import i ON i.id = c.import_id WHERE i.state = 'applied')`

const filesOfQuery = `WITH ` + neededBy + `
	SELECT ` + fileColumns + `, v.revision_id, EXISTS (SELECT 1 FROM held WHERE digest = f.digest)
	FROM needed CROSS JOIN served v ON v.revision_id = needed.id
	CROSS JOIN variant_file f ON f.variant_id = v.id
	GROUP BY f.digest ORDER BY f.name, f.digest`

// FilesOf returns the files that a revision and the members of its bundles
// name, each once.
func (s *Store) FilesOf(ctx context.Context, id update.RevisionID) ([]RequiredFile, error) {
	var files []RequiredFile
	err := s.read(ctx, fmt.Sprintf("files of revision %d", id), func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, filesOfQuery, jsonList([]update.RevisionID{id}))
		return each(rows, err, func(scan func(...any) error) (err error) {
			var r RequiredFile
			r.File, err = scanFile(func(dest ...any) error { return scan(append(dest, &r.Revision, &r.Held)...) })
			files = append(files, r)
			return err
		})
	})
	return files, err
}

// FileCount says how much of what an update needs is there.
type FileCount struct {
	Files        int
	Bytes        int64
	Missing      int // files
	MissingBytes int64
}

// CountFiles counts the files that revisions need, through their members, and
// those that are missing. A revision that needs none is not in the map.
func (s *Store) CountFiles(ctx context.Context, ids []update.RevisionID) (map[update.RevisionID]FileCount, error) {
	var counts map[update.RevisionID]FileCount
	err := s.read(ctx, "count files", func(ctx context.Context, tx *sql.Tx) (err error) {
		counts, err = countFiles(ctx, tx, ids)
		return err
	})
	return counts, err
}

const countFilesQuery = `WITH ` + neededBy + `,
	file (root, digest, size, missing) AS (
		SELECT needed.root, f.digest, max(f.size), NOT EXISTS (SELECT 1 FROM held WHERE digest = f.digest)
		FROM needed CROSS JOIN served v ON v.revision_id = needed.id
		CROSS JOIN variant_file f ON f.variant_id = v.id
		GROUP BY needed.root, f.digest)
	SELECT root, count(*), sum(size), sum(missing), sum(missing * size) FROM file GROUP BY root`

func countFiles(ctx context.Context, tx *sql.Tx, ids []update.RevisionID) (map[update.RevisionID]FileCount, error) {
	counts := make(map[update.RevisionID]FileCount)
	rows, err := tx.QueryContext(ctx, countFilesQuery, jsonList(ids))
	return counts, each(rows, err, func(scan func(...any) error) error {
		var (
			id update.RevisionID
			c  FileCount
		)
		err := scan(&id, &c.Files, &c.Bytes, &c.Missing, &c.MissingBytes)
		counts[id] = c
		return err
	})
}
