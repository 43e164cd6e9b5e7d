package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration brings the schema from one number to the next.
type migration struct {
	number int
	name   string
	sql    string
}

// migrations returns what is embedded, in order: 0001_name.sql and so on,
// without a gap.
func migrations() ([]migration, error) {
	entries, err := fs.ReadDir(migrationFiles, "migrations") // sorted
	if err != nil {
		return nil, err
	}
	var ms []migration
	for i, e := range entries {
		digits, _, _ := strings.Cut(e.Name(), "_")
		n, err := strconv.Atoi(digits)
		if err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", e.Name(), i+1)
		}
		b, err := migrationFiles.ReadFile("migrations/" + e.Name())
		if err != nil {
			return nil, err
		}
		ms = append(ms, migration{n, e.Name(), string(b)})
	}
	return ms, nil
}

// migrate runs the migrations that the database has not seen, after a backup
// of what it holds.
func (s *Store) migrate(ctx context.Context) error {
	ms, err := migrations()
	if err != nil {
		return err
	}
	var version int
	if err := s.writer.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	switch {
	case version > len(ms):
		return fmt.Errorf("%w: schema %d, this one knows %d", ErrNewerSchema, version, len(ms))
	case version == len(ms):
		return nil
	case version > 0:
		name := fmt.Sprintf("pre-migration-%d-%s.db", version, s.now().UTC().Format("20060102T150405Z"))
		path := filepath.Join(s.dir, backupsDir, name)
		if _, err := s.Backup(ctx, path, nil); err != nil {
			return fmt.Errorf("before the migration: %w", err)
		}
		s.log.Info("backed up before migration", "path", path)
	}
	return s.runMigrations(ctx, ms[version:])
}

// runMigrations runs migrations, each in a transaction with its number.
func (s *Store) runMigrations(ctx context.Context, ms []migration) error {
	for _, m := range ms {
		err := s.Write(ctx, "migrate "+m.name, func(tx *Tx) error {
			if _, err := tx.ExecContext(ctx, m.sql); err != nil {
				return err
			}
			if m.number == 1 {
				if err := tx.create(); err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, m.number))
			return err
		})
		if err != nil {
			return err
		}
		s.log.Debug("migrated", "to", m.name)
	}
	return nil
}

// create makes the one row of the appliance. It starts as closed in order.
func (tx *Tx) create() error {
	server, lineage := newGUID(), newGUID()
	_, err := tx.Exec(`INSERT INTO appliance
		(id, server_id, lineage, created, seq, next_revision, clean, backup, config_hash, config_changed)
		VALUES (1, ?, ?, ?, 1, 1, 1, 0, x'', ?)`,
		server[:], lineage[:], millis(tx.Now), millis(tx.Now))
	return err
}
