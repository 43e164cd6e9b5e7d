package fleet_test

import (
	"strings"
	"testing"
	"time"

	"sluice/daemon/fleet"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	m := func(device int64, name string, model ...string) fleet.Machine {
		x := fleet.Machine{Device: device, Name: name}
		if len(model) == 2 {
			x.Manufacturer, x.Model = model[0], model[1]
		}
		return x
	}
	joined := func(x fleet.Machine) fleet.Machine { x.Joined = true; return x }
	for _, tt := range []struct {
		name      string
		m         fleet.Machine
		peers     []fleet.Machine
		computers []fleet.Machine
		want      int64
		reason    string // of the first candidate
	}{
		{"same qualified name", m(1, "PC1.ship.example"), nil, []fleet.Machine{m(2, "pc1.SHIP.example")}, 2, ""},
		{"same qualified name, itself among its peers", m(1, "pc1.ship"), []fleet.Machine{m(1, "pc1.ship")}, []fleet.Machine{m(2, "pc1.ship")}, 2, ""},
		{"same qualified name whatever the model", m(1, "pc1.ship", "Dell", "A"), nil, []fleet.Machine{m(2, "pc1.ship", "HP", "B")}, 2, ""},
		{"qualified name before model", m(1, "pc1.ship", "Dell", "A"), nil, []fleet.Machine{m(2, "pc1", "Dell", "A"), m(3, "pc1.ship", "Dell", "A")}, 3, ""},
		{"bare names prove nothing", m(1, "pc1"), nil, []fleet.Machine{m(2, "PC1")}, 0, "not known of both"},
		{"same short name and model", m(1, "PC1", "Dell Inc.", "Latitude"), nil, []fleet.Machine{m(2, "pc1.ship", "DELL INC.", "latitude ")}, 2, ""},
		{"another model", m(1, "pc1", "Dell", "A"), nil, []fleet.Machine{m(2, "pc1", "Dell", "B")}, 0, "Dell A here, Dell B there"},
		{"another domain, same model", m(1, "pc1.shore", "Dell", "A"), nil, []fleet.Machine{m(2, "pc1.ship", "Dell", "A")}, 0, "another domain"},
		{"two computers of the name", m(1, "pc1.ship"), nil, []fleet.Machine{m(2, "pc1.ship"), m(3, "pc1.ship")}, 0, "2 computers have the name"},
		{"two computers of the name, one of the model", m(1, "pc1.ship", "Dell", "A"), nil, []fleet.Machine{m(2, "pc1.ship", "Dell", "A"), m(3, "pc1.ship", "HP", "B")}, 0, "2 computers"},
		{"two enrolled devices of the name", m(1, "pc1.ship"), []fleet.Machine{m(9, "pc1.ship")}, []fleet.Machine{m(2, "pc1.ship")}, 0, "2 enrolled devices"},
		{"two computers of the model", m(1, "pc1", "Dell", "A"), nil, []fleet.Machine{m(2, "pc1", "Dell", "A"), m(3, "pc1.ship", "Dell", "A")}, 0, "as others have too"},
		{"two enrolled devices of the model", m(1, "pc1", "Dell", "A"), []fleet.Machine{m(9, "pc1", "Dell", "A")}, []fleet.Machine{m(2, "pc1", "Dell", "A")}, 0, "as others have too"},
		{"a computer already", joined(m(1, "pc1.ship")), nil, []fleet.Machine{m(2, "pc1.ship")}, 0, "already"},
		{"no name", m(1, ""), nil, []fleet.Machine{m(2, "", "Dell", "A")}, 0, ""},
		{"no computer", m(1, "pc1.ship"), nil, nil, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := fleet.Match(tt.m, tt.peers, tt.computers)
			if got.Computer != tt.want {
				t.Errorf("Match = %+v, want computer %d", got, tt.want)
			}
			if (len(got.Candidates) > 0) != (tt.reason != "") || tt.reason != "" && !strings.Contains(got.Candidates[0].Reason, tt.reason) {
				t.Errorf("candidates %+v, want %q", got.Candidates, tt.reason)
			}
		})
	}
}

func TestSameHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"pc1", "PC1", true}, {"pc1", "pc1.ship", true}, {"pc1.ship", "PC1.SHIP", true}, {"pc1.ship", "pc1.shore", false},
		{"pc1", "pc2", false}, {"", "", false}, {"pc1.", "pc1.ship", true}, {".ship", "", false},
	} {
		if got := fleet.SameHost(tt.a, tt.b); got != tt.want {
			t.Errorf("SameHost(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestContinues(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		f    fleet.Former
		as   string
		want bool
	}{
		{"ended", fleet.Former{Name: "PC1.ship", Heard: now}, "pc1", true},
		{"quiet for more than a day", fleet.Former{Name: "PC1", Current: true, Heard: now.Add(-25 * time.Hour)}, "pc1", true},
		{"heard of late", fleet.Former{Name: "PC1", Current: true, Heard: now.Add(-2 * time.Hour)}, "pc1", false},
		{"another name", fleet.Former{Name: "PC1", Heard: now.AddDate(-1, 0, 0)}, "pc2", false},
	} {
		if got := tt.f.Continues(tt.as, now); got != tt.want {
			t.Errorf("%s: Continues = %v, want %v", tt.name, got, tt.want)
		}
	}
}
