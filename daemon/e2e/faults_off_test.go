//go:build !faults

package e2e_test

// How often work is killed, how many copies of each medium are damaged in each
// way, and whether tests wait for what is slow to time out.
const (
	kills   = 1
	damages = 5
	patient = false
)
