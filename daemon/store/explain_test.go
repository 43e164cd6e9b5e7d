package store

import (
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sluice/wsus/update"
)

// No query that a door, a list or an import asks may read a whole table that
// grows with the catalog.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	listing := func(f UpdateFilter) (string, []any) {
		query, args, _ := f.sql()
		return query, args
	}
	type query struct {
		name string
		sql  string
		args []any
	}
	queries := []query{
		{"cores", coresQuery, []any{"[1]"}},
		{"details", detailsQuery, []any{1}},
		{"core chunk", chunkQuery, []any{0, 1}},
		{"files by digest", filesQuery, []any{"[]"}},
		{"files of a revision", filesOfQuery, []any{"[1]"}},
		{"count of files", countFilesQuery, []any{"[1]"}},
		{"identities", identityQuery, nil},
		{"variants", variantsQuery, []any{1, "[1]"}},
		{"file names of an import", namesQuery, []any{[]byte{1}, 1}},
		{"closure", extendClosureQuery, []any{1, "[1]", 1}},
		{"classifications", classificationsQuery, []any{"[1]"}},
		{"enrollment by certificate", byCertificateQuery, []any{[]byte{1}}},
		{"enrollment by name", byNameQuery, []any{"x"}},
		{"secrets", secretsQuery, []any{[]byte{1}}},
		{"record", recordQuery, []any{[]byte{1}}},
		{"queued orders", queuedQuery, []any{1}},
		{"enrollment of an act", enrollmentRowQuery + `WHERE e.device_id = ? AND e.ended IS NULL`, []any{1}},
		{"namesakes", namesakesQuery, []any{"pc1", 65}},
		{"candidates", candidatesQuery, []any{1}},
		{"same hardware", sameHardwareQuery, []any{1}},
		{"revoked certificates", revokedQuery, []any{1}},
		{"needed", neededQuery, []any{[]byte{}, 100}},
		{"license terms", eulasQuery, []any{[]byte{}, 100}},
		{"license texts", eulaFilesQuery, []any{1}},
	}
	for name, f := range map[string]EnrolledFilter{
		"enrolled devices": {}, "devices that were enrolled": {Ended: true}, "enrolled devices of a group": {DeviceFilter: DeviceFilter{Group: update.ID{1}}},
	} {
		sql, args := f.sql()
		queries = append(queries, query{name, sql, args})
	}
	for name, f := range map[string]UpdateFilter{
		"list": {}, "list by type": {Types: []update.Type{update.Software}}, "next page": {After: UpdateCursor{1, 1}},
		"search": {Query: "x"}, "list by category": {Category: update.ID{1}}, "list by id": {IDs: []update.ID{{1}}},
	} {
		sql, args := listing(f)
		queries = append(queries, query{name, sql, args})
	}
	for _, q := range queries {
		t.Run(q.name, func(t *testing.T) {
			args := q.args
			if q.name == "identities" {
				args = make([]any, 2*identityBatch)
			}
			for _, step := range plan(t, s.readers, q.sql, args) {
				scans := strings.HasPrefix(step, "SCAN")
				for _, small := range []string{"SCAN json_each", "SCAN j ", "SCAN j\n", "SCAN want", "SCAN needed", "SCAN file", "SCAN above", "SCAN below", "SCAN direct",
					"SCAN CONSTANT ROW", "SCAN 64 CONSTANT ROWS", "SCAN v USING INDEX variant_created", "SCAN search VIRTUAL TABLE INDEX", "SCAN (subquery", "SCAN n\n"} {
					scans = scans && !strings.HasPrefix(step+"\n", small)
				}
				if scans || strings.Contains(step, "AUTOMATIC") {
					t.Errorf("reads a whole table: %s", step)
				}
			}
		})
	}
}

func plan(t *testing.T, db *sql.DB, query string, args []any) []string {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, args...)
	var steps []string
	err = each(rows, err, func(scan func(...any) error) error {
		var id, parent, unused int
		var step string
		err := scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return steps
}
