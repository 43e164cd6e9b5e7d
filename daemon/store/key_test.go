package store_test

import (
	"testing"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
)

// TestRotateKeyBy wants the key and the entry, or neither.
func TestRotateKeyBy(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	k, err := s.RotateKeyBy(t.Context(), store.Entry{Who: "tester", Action: "key.rotate", Subject: "ca"}, "ca", []byte("new"))
	if err != nil || string(k.Secret) != "new" {
		t.Fatalf("RotateKeyBy = %v, %v", k, err)
	}
	if _, err := s.RotateKeyBy(t.Context(), store.Entry{Who: "tester", Action: "key.rotate", Detail: func() {}}, "ca", []byte("lost")); err == nil {
		t.Error("RotateKeyBy succeeded without an entry")
	}
	keys, err := s.Keys(t.Context(), "ca")
	if err != nil || len(keys) != 1 || keys[0].ID != k.ID || !keys[0].Retired.IsZero() {
		t.Errorf("Keys = %v, %v, want the one that was audited", keys, err)
	}
	entries, err := s.AuditEntries(t.Context(), store.AuditFilter{Action: "key.rotate"})
	if err != nil || len(entries) != 1 {
		t.Errorf("audited: %v, %v", entries, err)
	}
}
