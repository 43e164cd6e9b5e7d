package store

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"sluice/wsus/update"
)

// variantKey names what can be served of a revision.
type variantKey struct {
	id         update.RevisionID
	isDocument bool
}

// variant is what is stored already under a key.
type variant struct {
	hash    [sha256.Size]byte
	mine    bool  // of the import that is staging
	attempt int64 // of that import
	trust   int   // of the import that is applied
}

// variants are those that a step of staging compares with.
type variants map[variantKey][]variant

// variantVerdict says what is to be done with a variant that comes in.
type variantVerdict int

const (
	variantNew         variantVerdict = iota
	variantUnchanged                  // applied, or staged a moment ago
	variantSeenBefore                 // staged by an earlier attempt of this import
	variantContradicts                // staged by this import with another content
)

const variantsQuery = `SELECT v.revision_id, v.is_document, v.hash, v.attempt, i.id = ?, i.provenance
	FROM json_each(?) j CROSS JOIN variant v ON v.revision_id = j.value JOIN import i ON i.id = v.import_id
	WHERE i.id = ?1 OR i.state = 'applied'`

// variantsOf reads the variants of the revisions of a step, without those that
// have got their RevisionID just now.
func (tx *Tx) variantsOf(g *staging, step []*prepared, ids map[update.Identity]update.RevisionID, fresh map[update.RevisionID]bool) (variants, error) {
	var old []update.RevisionID
	for _, p := range step {
		if id := ids[p.identity]; !fresh[id] {
			old = append(old, id)
		}
	}
	slices.Sort(old)
	old = slices.Compact(old)
	known := variants{}
	if len(old) == 0 {
		return known, nil
	}
	rows, err := tx.query(variantsQuery, g.id, jsonList(old))
	return known, each(rows, err, func(scan func(...any) error) error {
		var (
			key        variantKey
			hash       []byte
			v          variant
			provenance update.Provenance
		)
		err := scan(&key.id, &key.isDocument, &hash, &v.attempt, &v.mine, &provenance)
		copy(v.hash[:], hash)
		v.trust = trust(provenance)
		known[key] = append(known[key], v)
		return err
	})
}

// judge compares a variant that comes in with what is stored. One that is
// stored on the word of a lesser authority is stored again on a better one's.
func (k variants) judge(key variantKey, hash [sha256.Size]byte, g *staging) variantVerdict {
	verdict := variantNew
	for _, v := range k[key] {
		switch {
		case v.mine && v.hash != hash:
			return variantContradicts
		case v.mine && v.attempt < g.attempt:
			return variantSeenBefore
		case v.hash == hash && (v.mine || v.trust >= g.trust):
			verdict = variantUnchanged
		}
	}
	return verdict
}

// note remembers that this attempt has seen a variant.
func (k variants) note(key variantKey, hash [sha256.Size]byte, g *staging) {
	for i := range k[key] {
		if k[key][i].mine {
			k[key][i].attempt = g.attempt
			return
		}
	}
	k[key] = append(k[key], variant{hash: hash, mine: true, attempt: g.attempt})
}

// trust orders provenances; a greater number vouches for more.
func trust(p update.Provenance) int {
	switch p {
	case update.MicrosoftSigned:
		return 3
	case update.Transfer:
		return 2
	case update.Upstream:
		return 1
	default:
		return 0
	}
}

// jsonList writes numbers for json_each, which joins a list with a table in a
// statement whose text does not depend on its length.
func jsonList[T ~int32 | ~int64](list []T) string {
	b, err := json.Marshal(list)
	if err != nil { // never, of numbers
		return "[]"
	}
	return string(b)
}
