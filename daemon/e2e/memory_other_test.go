//go:build !linux

package e2e_test

import "testing"

// mostMemory is known on Linux only.
func mostMemory(testing.TB, int) (most int64, known bool) { return 0, false }
