package fleet_test

import (
	"testing"
	"time"

	"sluice/daemon/fleet"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	claim := &fleet.Claim{ClientID: "a", Name: "pc1.ship"}
	known := func(mod func(*fleet.Known)) *fleet.Known {
		k := &fleet.Known{Device: 7, ClientID: "a", Name: "PC1.ship", LastSeen: now.Add(-time.Hour)}
		if mod != nil {
			mod(k)
		}
		return k
	}
	for _, tt := range []struct {
		name         string
		byID, byName *fleet.Known
		want         fleet.Verdict
	}{
		{"never seen", nil, nil, fleet.Verdict{}},
		{"as before", known(nil), known(nil), fleet.Verdict{Device: 7}},
		{"another name", known(func(k *fleet.Known) { k.Name = "pc2" }), nil, fleet.Verdict{Device: 7, Rename: true}},
		{"an id it had before", known(func(k *fleet.Known) { k.ClientID = "b" }), nil, fleet.Verdict{Device: 7, Identify: true}},
		{"an id that another device left", known(func(k *fleet.Known) { k.ClientID, k.Name = "b", "pc2" }), nil, fleet.Verdict{}},
		{"an id that another device left, with a name known", known(func(k *fleet.Known) { k.ClientID, k.Name = "b", "pc2" }),
			&fleet.Known{Device: 8, ClientID: "c", Name: "pc1.ship", LastSeen: now}, fleet.Verdict{Device: 8, Identify: true}},
		{"an id that an enrolled device left", known(func(k *fleet.Known) { k.Enrolled, k.ClientID, k.Name = true, "b", "pc2" }), nil, fleet.Verdict{}},
		{"an enrolled device by an id that it left", known(func(k *fleet.Known) { k.Enrolled, k.ClientID = true, "b" }), nil, fleet.Verdict{Device: 7, Impostor: true}},
		{"new id, same name", nil, known(func(k *fleet.Known) { k.ClientID = "b" }), fleet.Verdict{Device: 7, Identify: true}},
		{"new id, same name, long ago", nil, known(func(k *fleet.Known) { k.LastSeen = now.AddDate(0, 0, -31) }), fleet.Verdict{}},
		{"name of an enrolled device", nil, known(func(k *fleet.Known) { k.Enrolled = true }), fleet.Verdict{Impostor: true}},
		{"enrolled device under another name", known(func(k *fleet.Known) { k.Enrolled, k.Name = true, "pc2" }), nil, fleet.Verdict{Device: 7, Impostor: true}},
		{"enrolled device without a computer", nil, known(func(k *fleet.Known) { k.Enrolled, k.ClientID = true, "" }), fleet.Verdict{Device: 7, Identify: true}},
		{"enrolled devices of one name", nil, known(func(k *fleet.Known) { k.Enrolled, k.ClientID, k.Shared = true, "", true }), fleet.Verdict{}},
		{"enrolled device whose domain is not known", known(func(k *fleet.Known) { k.Enrolled, k.Name = true, "PC1" }), nil, fleet.Verdict{Device: 7}},
		{"enrolled device in another domain", known(func(k *fleet.Known) { k.Enrolled, k.Name = true, "pc1.shore" }), nil, fleet.Verdict{Device: 7, Impostor: true}},
		{"enrolled device as before", known(func(k *fleet.Known) { k.Enrolled = true }), nil, fleet.Verdict{Device: 7}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fleet.Judge(claim, tt.byID, tt.byName, now); got != tt.want {
				t.Errorf("Judge = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A bare name is not enough to be the computer of an enrolled device.
func TestJudgeBareName(t *testing.T) {
	t.Parallel()
	k := &fleet.Known{Device: 7, Name: "pc1", Enrolled: true}
	if got := fleet.Judge(&fleet.Claim{ClientID: "a", Name: "PC1"}, nil, k, time.Time{}); got != (fleet.Verdict{}) {
		t.Errorf("Judge = %+v, want a device of its own", got)
	}
}
