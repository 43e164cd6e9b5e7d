package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/updatecsp"
	"sluice/wsus/update"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	changed, cancel := s.Subscribe(store.PolicyChanged)
	defer cancel()
	want := func(list ...updatecsp.Assignment) {
		t.Helper()
		got, err := s.PolicyAssignments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	told := func(what string) {
		t.Helper()
		select {
		case <-changed:
		default:
			t.Errorf("%s wakes nobody", what)
		}
	}
	all := updatecsp.Assignment{Group: update.AllComputers, Name: "All Computers", Preset: "airgap", Values: map[string]string{}}
	want(all)
	g, err := s.CreateGroup(t.Context(), anna, "Ship", update.AllComputers)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetPolicies(t.Context(), anna, g.ID, map[string]string{"DetectionFrequency": "4", "ActiveHoursStart": "6"}); err != nil {
		t.Fatal(err)
	}
	told("setting")
	ship := updatecsp.Assignment{Group: g.ID, Name: "Ship", Depth: 1, Values: map[string]string{"DetectionFrequency": "4", "ActiveHoursStart": "6"}}
	want(all, ship)
	if err := s.UnsetPolicy(t.Context(), anna, g.ID, "ActiveHoursStart", false); err != nil {
		t.Fatal(err)
	}
	if err := s.UnsetPolicy(t.Context(), anna, g.ID, "DetectionFrequency", true); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPreset(t.Context(), anna, update.AllComputers, ""); err != nil {
		t.Fatal(err)
	}
	told("unsetting")
	ship.Values, ship.Without = map[string]string{}, []string{"DetectionFrequency"}
	want(ship)
	if list, err := s.GroupPolicies(t.Context()); err != nil || len(list) != 1 || list[0].Values[0].By != "anna" || list[0].Values[0].Value != nil {
		t.Errorf("policies %+v, %v", list, err)
	}
	must(t)(s.ChangeGroup(t.Context(), anna, g.ID, "Ships", update.ID{}))
	told("renaming a group")
	must(t)(s.DeleteGroup(t.Context(), anna, g.ID))
	told("deleting a group")
	if got, err := s.PolicyAssignments(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("policies of a deleted group: %+v, %v", got, err)
	}
	for name, err := range map[string]error{
		"set": s.SetPolicies(t.Context(), anna, g.ID, map[string]string{"a": "b"}), "unset": s.UnsetPolicy(t.Context(), anna, g.ID, "a", true),
		"preset": s.SetPreset(t.Context(), anna, g.ID, "airgap"),
	} {
		if !errors.Is(err, fleet.ErrNoGroup) {
			t.Errorf("%s on no group: %v", name, err)
		}
	}
	if err := s.UnsetPolicy(t.Context(), anna, update.AllComputers, "a", false); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unsetting what is not set: %v", err)
	}
	if entries, err := s.AuditEntries(t.Context(), store.AuditFilter{Action: "policy.set"}); err != nil || len(entries) != 1 || entries[0].Subject != "Ship" {
		t.Errorf("audit %+v, %v", entries, err)
	}
}
