package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/daemon/store"
)

func TestCA(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	h := handler(s)
	ask := func(method, path string) (v wire.CA) {
		t.Helper()
		status, body := do(t, h, method, path, "")
		if err := json.Unmarshal([]byte(body), &v); err != nil || status != http.StatusOK {
			t.Fatalf("%s %s = %d %s, %v", method, path, status, body, err)
		}
		return v
	}
	before := ask("GET", "/ca")
	if len(before.Authorities) != 1 || len(before.Roots) != 1 || before.Warnings == nil || before.TLSMode != "own" {
		t.Errorf("GET /ca = %+v", before)
	}
	after := ask("POST", "/ca/rollover")
	if len(after.Authorities) != 2 || after.Authorities[0].SHA256 == before.Authorities[0].SHA256 || after.Authorities[1].SHA256 != before.Authorities[0].SHA256 {
		t.Errorf("POST /ca/rollover = %+v", after)
	}
	for _, tt := range []struct {
		err    error
		status int
		want   string
	}{
		{api.ErrSiteAuthority, http.StatusConflict, "restart sluice"},
		{errors.New("no"), http.StatusInternalServerError, "no"},
	} {
		s.RolloverCA = func(context.Context, store.Entry) error { return tt.err }
		if status, body := do(t, handler(s), "POST", "/ca/rollover", ""); status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("rollover that fails with %v = %d %s", tt.err, status, body)
		}
	}
	entries, err := s.Store.AuditEntries(t.Context(), store.AuditFilter{Action: "ca.rollover"})
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	for _, e := range entries {
		outcomes = append(outcomes, e.Outcome)
	}
	if got := strings.Join(outcomes, " "); got != "failed refused done" {
		t.Errorf("audited, the newest first: %s", got)
	}
}
