package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	"sluice/wsus/catalog"
	"sluice/wsus/soap/xpress"
	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// Document returns the full document of the served variant of a revision, as it
// came in. The error wraps [ErrNotFound] also where only fragments are stored.
func (s *Store) Document(ctx context.Context, id update.RevisionID) ([]byte, error) {
	var packed []byte
	err := s.read(ctx, fmt.Sprintf("document of revision %d", id), func(ctx context.Context, tx *sql.Tx) error {
		return missing(tx.QueryRowContext(ctx, `SELECT b.document FROM served v JOIN body b ON b.variant_id = v.id
			WHERE v.revision_id = ? AND v.is_document = 1`, id).Scan(&packed))
	})
	if err != nil {
		return nil, err
	}
	return s.codec.unpack(packed)
}

// Fragments returns all fragments of the served variant of a revision.
func (s *Store) Fragments(ctx context.Context, id update.RevisionID) (*update.Fragments, error) {
	name := fmt.Sprintf("fragments of revision %d", id)
	var f update.Fragments
	var wire []byte
	err := s.read(ctx, name, func(ctx context.Context, tx *sql.Tx) error {
		var core, extended, localized, eula []byte
		var wireLen int64
		err := tx.QueryRowContext(ctx, `SELECT b.core, b.extended, b.localized, b.eula, v.wire_len
			FROM served v JOIN body b ON b.variant_id = v.id WHERE v.revision_id = ?`, id).
			Scan(&core, &extended, &localized, &eula, &wireLen)
		if err != nil {
			return missing(err)
		}
		if f.Core, err = s.codec.unpack(core); err != nil {
			return err
		}
		if f.Extended, err = s.codec.unpack(extended); err != nil {
			return err
		}
		if f.Localized, err = s.codec.unpackLocalized(localized); err != nil {
			return err
		}
		if f.Eula, err = s.codec.unpackLocalized(eula); err != nil || core != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT c.data FROM served v JOIN core_chunk c ON c.variant_id = v.id
			WHERE v.revision_id = ? ORDER BY c.n`, id)
		return each(rows, err, func(scan func(...any) error) error {
			var chunk []byte
			if err := scan(&chunk); err != nil {
				return err
			}
			if wire, err = xpress.Decode(wire, chunk, int(wireLen)-len(wire)); err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if wire != nil {
		f.Core = xmllimit.AppendUnescaped(make([]byte, 0, len(wire)), wire)
	}
	return &f, nil
}

// A [catalog.CoreID] is the id of a variant. Those that were applied stay as they
// are for good, also when another one is served in their place.
const coresQuery = `SELECT j.key, b.core FROM json_each(?) j CROSS JOIN body b ON b.variant_id = j.value`

// Cores returns small core fragments, see clientsync.Bodies. The error wraps
// [ErrNotFound] where one is not there or is large.
func (s *Store) Cores(ctx context.Context, ids []catalog.CoreID) ([][]byte, error) {
	cores := make([][]byte, len(ids))
	err := s.read(ctx, "cores", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, coresQuery, jsonList(ids))
		return each(rows, err, func(scan func(...any) error) error {
			var (
				n    int
				core sql.RawBytes
			)
			err := scan(&n, &core)
			if err != nil {
				return err
			}
			cores[n], err = s.codec.unpack(core)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	for i, core := range cores {
		if core == nil {
			return nil, fmt.Errorf("core %d: %w", ids[i], ErrNotFound)
		}
	}
	return cores, nil
}

const chunkQuery = `SELECT v.xpress_len > 0, c.data FROM variant v
	LEFT JOIN core_chunk c ON c.variant_id = v.id AND c.n = ? WHERE v.id = ?`

// CoreChunk returns a chunk of a large core, see clientsync.Bodies.
func (s *Store) CoreChunk(ctx context.Context, id catalog.CoreID, n int) ([]byte, error) {
	var chunk []byte
	err := s.read(ctx, fmt.Sprintf("core %d", id), func(ctx context.Context, tx *sql.Tx) error {
		var large bool
		err := tx.QueryRowContext(ctx, chunkQuery, n, id).Scan(&large, &chunk)
		switch {
		case err != nil || !large:
			return ErrNotFound
		case chunk == nil:
			return io.EOF
		}
		return nil
	})
	return chunk, err
}
