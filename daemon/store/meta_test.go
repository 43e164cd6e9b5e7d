package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	draws := 0
	draw := func() ([]byte, error) { draws++; return fmt.Append(nil, "secret", draws), nil }
	first, err := s.EnsureKey(t.Context(), "cookie", draw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.EnsureKey(t.Context(), "cookie", draw)
	if err != nil || draws != 1 || again.ID != first.ID || string(again.Secret) != "secret1" {
		t.Errorf("EnsureKey again = %v %q, %v after %d draws, want the same key", again, again.Secret, err, draws)
	}
	second, err := s.RotateKey(t.Context(), "cookie", []byte("secret2"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys(t.Context(), "cookie")
	if err != nil || len(keys) != 2 || keys[0].ID != second.ID || !keys[0].Retired.IsZero() || keys[1].Retired.IsZero() {
		t.Errorf("keys after rotation: %+v, %v, want the new one and the retired one", keys, err)
	}
	if other, err := s.Keys(t.Context(), "ca"); err != nil || len(other) != 0 {
		t.Errorf("keys of another purpose: %v, %v, want none", other, err)
	}
	if text := fmt.Sprint(keys[0].LogValue()); strings.Contains(text, "secret") {
		t.Errorf("the log shows %s", text)
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	if err := s.Audit(t.Context(), store.Entry{Who: "anna", Via: "cli", Action: "update.approve", Subject: "x", Detail: map[string]int{"n": 1}}); err != nil {
		t.Fatal(err)
	}
	err := s.Write(t.Context(), "two", func(tx *store.Tx) error {
		return errors.Join(
			tx.AuditInTx(store.Entry{Who: "bert", Via: "api", Action: "update.decline", Subject: "y", Outcome: store.Refused}),
			tx.AuditInTx(store.Entry{Who: "bert", Via: "api", Action: "update.approve", Subject: "y", Detail: strings.Repeat("z", 100_000)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	all := []store.Entry{
		{Who: "bert", Via: "api", Action: "update.approve", Subject: "y", Detail: json.RawMessage(`{"omitted_bytes":100002}`), Outcome: store.Done},
		{Who: "bert", Via: "api", Action: "update.decline", Subject: "y", Detail: json.RawMessage(`{}`), Outcome: store.Refused},
		{Who: "anna", Via: "cli", Action: "update.approve", Subject: "x", Detail: json.RawMessage(`{"n":1}`), Outcome: store.Done},
	}
	for _, tt := range []struct {
		name   string
		filter store.AuditFilter
		want   []store.Entry
	}{
		{"all", store.AuditFilter{}, all},
		{"an action", store.AuditFilter{Action: "update.approve"}, []store.Entry{all[0], all[2]}},
		{"a subject", store.AuditFilter{Subject: "y"}, all[:2]},
		{"first page", store.AuditFilter{Limit: 1}, all[:1]},
		{"next page", store.AuditFilter{Limit: 1, Before: 3}, all[1:2]},
	} {
		got, err := s.AuditEntries(t.Context(), tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(store.Entry{}, "ID", "Time")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, query := range []string{`UPDATE audit SET who = 'x'`, `DELETE FROM audit`} {
		err := s.Write(t.Context(), "tamper", func(tx *store.Tx) error {
			_, err := tx.Exec(query)
			return err
		})
		if !errors.Is(err, store.ErrConstraint) {
			t.Errorf("%s: %v, want ErrConstraint", query, err)
		}
	}
}

func TestLastChangeMovesWithTheHash(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	o := storetest.Options(t, t.TempDir())
	o.Now = func() time.Time { return now }
	s := storetest.Open(t, o)
	for _, tt := range []struct {
		day  int
		hash byte
		want int
	}{{2, 'a', 2}, {3, 'a', 2}, {4, 'b', 4}, {5, 'b', 4}, {6, 'a', 6}} {
		now = time.Date(2026, 11, tt.day, 0, 0, 0, 0, time.UTC)
		got, err := s.LastChange(t.Context(), [32]byte{tt.hash})
		if err != nil || got.Day() != tt.want {
			t.Errorf("day %d, hash %c: changed %v, %v, want day %d", tt.day, tt.hash, got, err, tt.want)
		}
	}
}
