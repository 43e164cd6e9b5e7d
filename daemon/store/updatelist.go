package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Update is an update as lists show it: the highest revision that is served, or
// each of its revisions where the filter asks for them.
type Update struct {
	RevisionID update.RevisionID
	update.Identity
	Type             update.Type
	Category         update.CategoryType
	Title            string // in the default language
	Description      string
	Classification   string    // title; empty where the category is not stored
	ClassificationID update.ID // zero where it is not known
	KBs              []string  // digits
	Severity         string
	Created          time.Time
	EulaID           update.ID // zero where none is to be accepted
	Deployable       bool      // may be approved
	Expired          bool
	Highest          bool // of the revisions of its update
	Document         bool // false where only fragments are stored
	Minted           bool // the packager of its medium made its identity up
	Provenance       update.Provenance
	Import           int64     // that brought what is served
	Files            FileCount // it and the members of its bundles
}

// UpdateFilter chooses updates. Zero fields choose all.
type UpdateFilter struct {
	Query    string // words of the title, or KB numbers; beginnings of words do
	KB       string // digits of one article, all of them
	Types    []update.Type
	IDs      []update.ID
	Category update.ID // that it belongs to: a product, a classification
	// Revisions lists every served revision instead of the highest of each update.
	Revisions bool
	After     UpdateCursor
	Limit     int // at most 1,000; 100 where zero
}

// UpdateCursor is where a page ends; the zero cursor is before the first.
type UpdateCursor struct {
	created int64
	variant int64
}

// IsZero reports whether c is the beginning, or, as what a page returned, that
// there are no more.
func (c UpdateCursor) IsZero() bool { return c == UpdateCursor{} }

// isServed keeps, of the variants v of a revision, the one that is served.
const isServed = `v.id = (
		SELECT w.id FROM variant w JOIN import i ON i.id = w.import_id
		WHERE w.revision_id = v.revision_id AND i.state = 'applied'
		ORDER BY w.is_document DESC, w.import_id DESC LIMIT 1)`

// isHighest holds for a revision r that is the highest served one of its update.
const isHighest = `NOT EXISTS (
		SELECT 1 FROM revision h CROSS JOIN variant w ON w.revision_id = h.id JOIN import i ON i.id = w.import_id
		WHERE h.update_id = r.update_id AND h.number > r.number AND i.state = 'applied')`

// Updates returns a page of updates, the newest first, and where the next one
// begins.
func (s *Store) Updates(ctx context.Context, f UpdateFilter) ([]Update, UpdateCursor, error) {
	query, args, ok := f.sql()
	if !ok {
		return nil, UpdateCursor{}, nil
	}
	var (
		list []Update
		next UpdateCursor
	)
	err := s.read(ctx, "list updates", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		var variants []int64
		var last UpdateCursor
		err = each(rows, err, func(scan func(...any) error) error {
			u, at, err := scanUpdate(scan)
			list, variants, last = append(list, u), append(variants, at.variant), at
			return err
		})
		if err != nil {
			return err
		}
		if len(list) == pageLimit(f.Limit) {
			next = last
		}
		return completeUpdates(ctx, tx, list, variants)
	})
	return list, next, err
}

// sql returns the query; false where nothing can match.
func (f *UpdateFilter) sql() (query string, args []any, ok bool) {
	var b strings.Builder
	b.WriteString(`SELECT v.id, v.created, v.revision_id, r.update_id, r.number, v.type, v.category, v.title, v.description,
		v.kb, v.severity, v.eula_id, v.flags, v.is_document, i.provenance, i.id, ` + isHighest + `
		FROM variant v JOIN revision r ON r.id = v.revision_id JOIN import i ON i.id = v.import_id
		WHERE ` + isServed)
	if !f.Revisions {
		b.WriteString(" AND " + isHighest)
	}
	where := func(condition string, arg any) {
		b.WriteString(" AND " + condition)
		args = append(args, arg)
	}
	if f.Query != "" {
		words := searchQuery(f.Query)
		if words == "" {
			return "", nil, false
		}
		where(`v.id IN (SELECT rowid FROM search WHERE search MATCH ?)`, words)
	}
	if f.KB != "" {
		where(`v.id IN (SELECT rowid FROM search WHERE search MATCH ?)`, `"`+strings.ReplaceAll(f.KB, `"`, "")+`"`)
	}
	if f.Types != nil {
		types := make([]int32, len(f.Types))
		for i, t := range f.Types {
			types[i] = int32(t)
		}
		where(`v.type IN (SELECT value FROM json_each(?))`, jsonList(types))
	}
	if f.IDs != nil {
		where(`r.update_id IN (SELECT unhex(value) FROM json_each(?))`, jsonIDs(f.IDs))
	}
	if !f.Category.IsZero() {
		where(`v.id IN (SELECT variant_id FROM variant_category WHERE category = ?)`, f.Category[:])
	}
	if !f.After.IsZero() {
		where(`(v.created, v.id) < (?, `, f.After.created)
		b.WriteString(`?)`)
		args = append(args, f.After.variant)
	}
	b.WriteString(` ORDER BY v.created DESC, v.id DESC LIMIT ?`)
	return b.String(), append(args, pageLimit(f.Limit)), true
}

func scanUpdate(scan func(...any) error) (Update, UpdateCursor, error) {
	var (
		u     Update
		at    UpdateCursor
		kb    string
		flags variantFlags
	)
	err := scan(&at.variant, &at.created, &u.RevisionID, guid{&u.ID}, &u.Number, &u.Type, &u.Category, &u.Title, &u.Description,
		&kb, &u.Severity, guid{&u.EulaID}, &flags, &u.Document, &u.Provenance, &u.Import, &u.Highest)
	u.KBs, u.Created = strings.Fields(kb), fromMillis(at.created)
	u.Deployable, u.Expired = flags&flagDeployable != 0, flags&flagExpired != 0
	u.Minted = flags&flagMinted != 0
	return u, at, err
}

const classificationsQuery = `SELECT c.variant_id, c.category, s.title
	FROM json_each(?) j CROSS JOIN variant_category c ON c.variant_id = j.value
	CROSS JOIN revision r ON r.update_id = c.category CROSS JOIN served s ON s.revision_id = r.id
	WHERE s.category = 'UpdateClassification' ORDER BY r.number`

// completeUpdates adds to a page what takes one query for all of it.
func completeUpdates(ctx context.Context, tx *sql.Tx, list []Update, variants []int64) error {
	byVariant := make(map[int64]*Update, len(list))
	ids := make([]update.RevisionID, len(list))
	for i := range list {
		byVariant[variants[i]], ids[i] = &list[i], list[i].RevisionID
	}
	counts, err := countFiles(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Files = counts[list[i].RevisionID]
	}
	rows, err := tx.QueryContext(ctx, classificationsQuery, jsonList(variants))
	return each(rows, err, func(scan func(...any) error) error {
		var (
			variant int64
			id      update.ID
			title   string
		)
		err := scan(&variant, guid{&id}, &title)
		if u := byVariant[variant]; u != nil {
			u.ClassificationID, u.Classification = id, title
		}
		return err
	})
}

// jsonIDs writes GUIDs for json_each, to be read with unhex.
func jsonIDs(ids []update.ID) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = hex.EncodeToString(id[:])
	}
	b, err := json.Marshal(list)
	if err != nil { // never, of strings
		return "[]"
	}
	return string(b)
}
