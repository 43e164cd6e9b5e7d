package store

import (
	"context"
	"errors"
	"fmt"

	"sluice/catalogimport"
	"sluice/wsus/update"
)

// stageStep is how many variants are written in one step: a few milliseconds.
const stageStep = identityBatch

// maxClosure bounds how many pairs of bundle and member one variant may add:
// real bundles have some hundred members and are two deep.
const maxClosure = 20_000

// Why a variant is refused.
var (
	errContradicts = errors.New("the medium holds this revision twice, with different contents")
	errEntangled   = errors.New("its bundles are nested too deeply")
)

// Stage stores a batch, in turns that each are whole: one that was cut short is
// completed when the import is resumed.
func (g *staging) Stage(ctx context.Context, batch []catalogimport.Prepared) (catalogimport.Staged, error) {
	b := stager{g: g}
	for _, p := range batch {
		b.rest = append(b.rest, p.(*prepared))
	}
	if err := g.s.WriteTurns(ctx, fmt.Sprintf("stage import %d", g.id), b.step); err != nil {
		return catalogimport.Staged{}, err
	}
	return b.result, nil
}

// stager writes one batch step by step.
type stager struct {
	g      *staging
	rest   []*prepared
	large  *prepared // its core is being written
	id     int64     // of that variant
	chunk  int       // next of it
	result catalogimport.Staged
}

func (b *stager) step(tx *Tx) (done bool, err error) {
	switch {
	case b.large != nil:
		err = b.writeChunk(tx)
	default:
		err = b.writeVariants(tx)
	}
	return err == nil && b.large == nil && len(b.rest) == 0, err
}

// writeChunk writes the next chunk of a large core and, after the last, marks
// the variant complete.
func (b *stager) writeChunk(tx *Tx) error {
	if b.chunk < len(b.large.chunks) {
		_, err := tx.exec(`INSERT INTO core_chunk (variant_id, n, data) VALUES (?, ?, ?)`,
			b.id, b.chunk, b.large.chunks[b.chunk])
		tx.wrote += len(b.large.chunks[b.chunk])
		b.chunk++
		return err
	}
	_, err := tx.exec(`UPDATE variant SET complete = 1 WHERE id = ?`, b.id)
	b.large = nil
	return err
}

// writeVariants writes the next variants, up to one with a large core.
func (b *stager) writeVariants(tx *Tx) error {
	if len(b.g.refusals) > 0 {
		if err := b.g.flush(tx); err != nil {
			return err
		}
	} else if err := b.g.check(tx); err != nil {
		return err
	}
	n := 0
	for n < min(len(b.rest), stageStep) {
		n++
		if b.rest[n-1].chunks != nil {
			break
		}
	}
	step := b.rest[:n]
	b.rest = b.rest[n:]

	var identities []update.Identity
	for _, p := range step {
		identities = append(append(identities, p.identity), p.members...)
	}
	ids, fresh, err := tx.revisionIDs(identities)
	if err != nil {
		return err
	}
	known, err := tx.variantsOf(b.g, step, ids, fresh)
	if err != nil {
		return err
	}
	for _, p := range step {
		if err := b.writeVariant(tx, p, ids, known); err != nil {
			return fmt.Errorf("%s: %w", p.identity, err)
		}
	}
	return nil
}

func (b *stager) writeVariant(tx *Tx, p *prepared, ids map[update.Identity]update.RevisionID, known variants) error {
	id := ids[p.identity]
	key := variantKey{id, p.isDocument}
	switch known.judge(key, p.hash, b.g) {
	case variantUnchanged:
		b.result.Unchanged++
		return nil
	case variantContradicts:
		return b.refuse(tx, p, errContradicts)
	case variantSeenBefore:
		b.result.New++
		known.note(key, p.hash, b.g)
		_, err := tx.exec(`UPDATE variant SET attempt = ? WHERE revision_id = ? AND is_document = ? AND import_id = ?`,
			b.g.attempt, id, p.isDocument, b.g.id)
		return err
	}
	members := make([]update.RevisionID, len(p.members))
	for i, m := range p.members {
		members[i] = ids[m]
	}
	switch err := tx.extendClosure(b.g.id, id, members); {
	case errors.Is(err, errEntangled):
		return b.refuse(tx, p, errEntangled)
	case err != nil:
		return err
	}
	row, err := tx.insertVariant(b.g, id, p)
	if err != nil {
		return err
	}
	known.note(key, p.hash, b.g)
	b.result.New++
	if p.chunks != nil {
		b.large, b.id, b.chunk = p, row, 0
	}
	return nil
}

func (b *stager) refuse(tx *Tx, p *prepared, reason error) error {
	r := catalogimport.Refusal{Item: p.item, Reason: reason.Error()}
	b.result.Refused = append(b.result.Refused, r)
	b.g.refusals = append(b.g.refusals, r)
	return b.g.flush(tx)
}

func (tx *Tx) insertVariant(g *staging, id update.RevisionID, p *prepared) (int64, error) {
	var eula []byte
	if !p.eulaID.IsZero() {
		eula = p.eulaID[:]
	}
	r, err := tx.exec(`INSERT INTO variant (revision_id, is_document, import_id, attempt, complete, hash, type,
		category, flags, created, severity, language, eula_id, title, description, kb, relations, wire_len, xpress_len)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, p.isDocument, g.id, g.attempt, p.chunks == nil, p.hash[:], p.typ,
		string(p.category), p.flags, p.created, p.severity, p.language, eula, p.title, p.description, p.kb,
		p.relations, p.wireLen, p.xpressLen)
	if err != nil {
		return 0, err
	}
	row, err := r.LastInsertId()
	if err != nil {
		return 0, err
	}
	if _, err := tx.exec(`INSERT INTO body (variant_id, document, core, extended, localized, eula) VALUES (?, ?, ?, ?, ?, ?)`,
		row, p.document, p.core, p.extended, p.localized, p.eula); err != nil {
		return 0, err
	}
	if _, err := tx.exec(`INSERT INTO search (rowid, words) VALUES (?, ?)`, row, p.searchWords); err != nil {
		return 0, err
	}
	for _, c := range p.categories {
		if _, err := tx.exec(`INSERT INTO variant_category (category, variant_id) VALUES (?, ?)`, c[:], row); err != nil {
			return 0, err
		}
	}
	for n, f := range p.files {
		var sum []byte
		if !f.SHA256.IsZero() {
			sum = f.SHA256[:]
		}
		if _, err := tx.exec(`INSERT INTO variant_file
			(variant_id, n, digest, sha256, name, size, modified, patching, language, url)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, row, n, f.Digest[:], sum, f.Name, f.Size,
			millis(f.Modified), f.PatchingType, f.Language, f.URL); err != nil {
			return 0, err
		}
	}
	tx.wrote += len(p.document) + len(p.core) + len(p.extended) + len(p.localized) + len(p.eula)
	return row, nil
}
