package updatecsp

import (
	"cmp"
	"slices"
	"strings"
)

// near returns up to three settings whose names are like name: some letters away
// from it, or with it inside.
func near(name string) []string {
	want := strings.ToLower(strings.TrimSpace(name))
	if len(want) < 3 || len(want) > 80 {
		return nil
	}
	type candidate struct {
		name string
		far  int
	}
	var found []candidate
	for _, s := range known().ordered {
		have := strings.ToLower(s.Name)
		far := distance(want, have)
		if strings.Contains(have, want) || strings.Contains(want, have) {
			far = min(far, len(want)/4)
		}
		if far <= max(2, len(want)/4) {
			found = append(found, candidate{s.Name, far})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.far, b.far) })
	var names []string
	for _, c := range found[:min(3, len(found))] {
		names = append(names, c.name)
	}
	return names
}

// distance counts the letters to be put in, taken out or changed between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
