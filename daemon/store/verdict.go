package store

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"sluice/wsus/content"
	"sluice/wsus/update"
)

var _ content.Verdicts = (*Store)(nil)

// ContentVerdicts yields every verdict on a file, see [content.Verdicts]. They
// are read a page at a time, so that a slow consumer keeps no read open.
func (s *Store) ContentVerdicts(ctx context.Context) iter.Seq2[content.Verdict, error] {
	const page = 1000
	return func(yield func(content.Verdict, error) bool) {
		var root, path string
		for {
			var list []content.Verdict
			err := s.read(ctx, "content verdicts", func(ctx context.Context, tx *sql.Tx) error {
				rows, err := tx.QueryContext(ctx, `SELECT root, path, digest, sha256, size, modified, verified
					FROM content WHERE (root, path) > (?, ?) ORDER BY root, path LIMIT ?`, root, path, page)
				return each(rows, err, func(scan func(...any) error) error {
					v, err := scanVerdict(scan)
					list = append(list, v)
					return err
				})
			})
			if err != nil {
				yield(content.Verdict{}, err)
				return
			}
			for _, v := range list {
				if !yield(v, nil) {
					return
				}
				root, path = v.Root, v.Path
			}
			if len(list) < page {
				return
			}
		}
	}
}

func scanVerdict(scan func(...any) error) (content.Verdict, error) {
	var (
		v                  content.Verdict
		digest, sum        []byte
		modified, verified int64
	)
	err := scan(&v.Root, &v.Path, &digest, &sum, &v.Size, &modified, &verified)
	copy(v.Digest[:], digest)
	copy(v.SHA256[:], sum)
	v.ModTime, v.Verified = time.Unix(0, modified).UTC(), fromMillis(verified)
	return v, err
}

// PutContentVerdicts keeps verdicts, see [content.Verdicts].
func (s *Store) PutContentVerdicts(ctx context.Context, vs []content.Verdict) error {
	return s.Write(ctx, "content verdicts", func(tx *Tx) error {
		for _, v := range vs {
			var known bool
			if err := tx.get([]any{&known}, `SELECT EXISTS (SELECT 1 FROM content
				WHERE root = ? AND path = ? AND digest = ? AND absent = 0)`, v.Root, v.Path, v.Digest[:]); err != nil {
				return err
			}
			if _, err := tx.exec(`INSERT OR REPLACE INTO content (root, path, digest, sha256, size, modified, verified)
				VALUES (?, ?, ?, ?, ?, ?, ?)`, v.Root, v.Path, v.Digest[:], v.SHA256[:], v.Size,
				v.ModTime.UnixNano(), millis(v.Verified)); err != nil {
				return err
			}
			if known {
				continue
			}
			if _, err := tx.Bump(ContentChanged); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropContentVerdict forgets a verdict, see [content.Verdicts].
func (s *Store) DropContentVerdict(ctx context.Context, root, path string) error {
	return s.Write(ctx, "drop content verdict", func(tx *Tx) error {
		r, err := tx.exec(`DELETE FROM content WHERE root = ? AND path = ?`, root, path)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = tx.Bump(ContentChanged)
		return err
	})
}

// NotePresence keeps whether files that have a verdict are there to be served.
// A file that is gone keeps its verdict: a share that is not mounted looks the
// same, and comes back.
func (s *Store) NotePresence(ctx context.Context, present map[update.Digest]bool) error {
	return s.Write(ctx, "note presence of content", func(tx *Tx) error {
		for d, there := range present {
			r, err := tx.exec(`UPDATE content SET absent = ?1 WHERE digest = ?2 AND absent <> ?1`, !there, d[:])
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if _, err := tx.Bump(ContentChanged); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddContentRoot keeps that a folder of payload files is served from where it is.
func (s *Store) AddContentRoot(ctx context.Context, path string) error {
	return s.Write(ctx, "add content folder", func(tx *Tx) error {
		_, err := tx.exec(`INSERT OR IGNORE INTO content_root (path, added) VALUES (?, ?)`, path, millis(tx.Now))
		return err
	})
}

// ContentRoots returns the folders that were added.
func (s *Store) ContentRoots(ctx context.Context) (paths []string, _ error) {
	err := s.read(ctx, "content folders", func(ctx context.Context, tx *sql.Tx) (err error) {
		rows, err := tx.QueryContext(ctx, `SELECT path FROM content_root ORDER BY path`)
		paths, err = scanAll[string](rows, err)
		return err
	})
	return paths, err
}
