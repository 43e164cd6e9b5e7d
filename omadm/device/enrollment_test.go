package device_test

import (
	"testing"

	"sluice/omadm/device"
)

func TestSameID(t *testing.T) {
	t.Parallel()
	const id device.ID = "A1B2C3D4E5F60718293A4B5C6D7E8F90"
	for _, tt := range []struct {
		other device.ID
		want  bool
	}{
		{id, true},
		{"a1b2c3d4e5f60718293a4b5c6d7e8f90", true},
		{" A1B2C3D4-E5F6-0718-293A-4B5C6D7E8F90\n", true},
		{"{A1B2C3D4-E5F6-0718-293A-4B5C6D7E8F90}", true},
		{"urn:uuid:a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90", true},
		{"URN:UUID:{A1B2C3D4-E5F6-0718-293A-4B5C6D7E8F90}", true},
		{"A1B2C3D4E5F60718293A4B5C6D7E8F91", false},
		{"A1B2C3D4E5F60718293A4B5C6D7E8F9", false},
		{"IMEI:A1B2C3D4E5F60718293A4B5C6D7E8F90", false},
		{"", false},
	} {
		if got := id.Same(tt.other); got != tt.want {
			t.Errorf("%q is the same as %q: %v, want %v", tt.other, id, got, tt.want)
		}
	}
}
