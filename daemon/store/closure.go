package store

import "sluice/wsus/update"

const extendClosureQuery = `WITH
	above (id) AS (SELECT ?1 UNION SELECT root FROM closure WHERE member = ?1),
	direct (id) AS (SELECT value FROM json_each(?2)),
	below (id) AS (SELECT id FROM direct UNION
		SELECT c.member FROM direct CROSS JOIN closure c ON c.root = direct.id)
	INSERT INTO closure (root, member, import_id)
	SELECT above.id, below.id, ?3 FROM above, below WHERE above.id <> below.id
	ON CONFLICT DO NOTHING`

// extendClosure adds the members of a bundle to what it and everything above
// it needs. Both directions are kept: a member that arrives later with members
// of its own extends the bundles above it, because they are rows by then. The
// error is errEntangled, before anything is written, where that would be too much.
func (tx *Tx) extendClosure(importID int64, root update.RevisionID, members []update.RevisionID) error {
	if len(members) == 0 {
		return nil
	}
	var above, below int64
	if err := tx.get([]any{&above, &below}, `SELECT
		1 + (SELECT count(*) FROM closure WHERE member = ?1),
		(SELECT count(*) FROM json_each(?2)) +
		(SELECT count(*) FROM json_each(?2) j CROSS JOIN closure c ON c.root = j.value)`,
		root, jsonList(members)); err != nil {
		return err
	}
	if above*below > maxClosure {
		return errEntangled
	}
	_, err := tx.exec(extendClosureQuery, root, jsonList(members), importID)
	return err
}
