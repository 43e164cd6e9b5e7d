package reporting

import (
	"strings"
	"testing"
)

func FuzzStatus(f *testing.F) {
	const id = "A2FEF9B0-7951-4C2C-A42B-9E351DD1C1FE"
	f.Add("U="+id+";"+strings.ToLower(id), "V={"+id+"}")
	f.Add("W=;;", "g=x")
	f.Add("h="+id, "U="+id)
	f.Fuzz(func(t *testing.T, a, b string) {
		states, err := parseStatus([]string{a, b})
		if err != nil {
			return
		}
		if most := (len(a) + len(b)) / 36; len(states) > most {
			t.Errorf("%d updates in %d bytes", len(states), len(a)+len(b))
		}
		for id, state := range states {
			if id.IsZero() || state == 0 {
				t.Errorf("%v is %v", id, state)
			}
		}
	})
}
