//go:build faults

package e2e_test

// See faults_off_test.go.
const (
	kills   = 12
	damages = 50
	patient = true
)
