package store

import (
	"strings"

	"sluice/wsus/update"
)

// identityBatch is how many identities are looked up at once.
const identityBatch = 64

var identityQuery = `WITH want (update_id, number) AS (VALUES (?, ?)` + strings.Repeat(`, (?, ?)`, identityBatch-1) + `)
	SELECT r.id, r.update_id, r.number FROM want CROSS JOIN revision r
	ON r.update_id = want.update_id AND r.number = want.number`

// revisionIDs returns the RevisionIDs of identities and gives one to each that
// has none: those are in fresh too.
func (tx *Tx) revisionIDs(identities []update.Identity) (ids map[update.Identity]update.RevisionID, fresh map[update.RevisionID]bool, err error) {
	ids = make(map[update.Identity]update.RevisionID, len(identities))
	for rest := identities; len(rest) > 0; {
		batch := rest[:min(len(rest), identityBatch)]
		rest = rest[len(batch):]
		args := make([]any, 2*identityBatch) // the rest of a short batch asks for NULL, which nothing equals
		for i := range batch {
			args[2*i], args[2*i+1] = batch[i].ID[:], batch[i].Number
		}
		rows, err := tx.query(identityQuery, args...)
		err = each(rows, err, func(scan func(...any) error) error {
			var (
				id update.RevisionID
				i  update.Identity
			)
			err := scan(&id, guid{&i.ID}, &i.Number)
			ids[i] = id
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	var missing []update.Identity
	for _, i := range identities {
		if _, ok := ids[i]; !ok {
			ids[i] = 0
			missing = append(missing, i)
		}
	}
	fresh = make(map[update.RevisionID]bool, len(missing))
	if len(missing) == 0 {
		return ids, fresh, nil
	}
	var next update.RevisionID
	if err := tx.get([]any{&next}, `UPDATE appliance SET next_revision = next_revision + ?1
		RETURNING next_revision - ?1`, len(missing)); err != nil {
		return nil, nil, err
	}
	for _, i := range missing {
		if _, err := tx.exec(`INSERT INTO revision (id, update_id, number) VALUES (?, ?, ?)`, next, i.ID[:], i.Number); err != nil {
			return nil, nil, err
		}
		ids[i], fresh[next] = next, true
		next++
	}
	return ids, fresh, nil
}
