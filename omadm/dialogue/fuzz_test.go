package dialogue_test

import (
	"maps"
	"slices"
	"testing"

	"sluice/omadm/device"
)

// FuzzAnswers lets a device answer anything: a dialogue ends, what is learned of
// it stays bounded, and the next poll of a device in its right mind puts all right.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"), "10.0.26100.1")
	f.Add([]byte{200, 200, 4, 4, 18, 0, 200, 1, 6}, "{a317dafe-baf4-453f-b232-a7075efae36e}/x/%7b%7d")
	f.Add([]byte{4}, "")
	f.Fuzz(func(t *testing.T, choices []byte, data string) {
		o := full(t)
		n := 0
		o.refuse = func(device.Command) device.Status {
			if len(choices) == 0 {
				return 0
			}
			n++
			b := int(choices[n%len(choices)])
			if b >= 200 {
				return 0
			}
			return device.Status(b%120 + 400)
		}
		for _, path := range slices.Sorted(maps.Keys(o.values)) {
			if n++; len(choices) > 0 && choices[n%len(choices)]%2 == 0 {
				o.values[path] = data
			}
		}
		o.poll()
		for name, s := range o.record.Settings {
			if len(s.Detail) > 256 || len(s.Effective) > 256 {
				t.Errorf("%s: %d and %d bytes", name, len(s.Detail), len(s.Effective))
			}
		}
		if len(o.record.Facts.OSVersion) > 256 {
			t.Errorf("%d bytes of a version", len(o.record.Facts.OSVersion))
		}
		m := full(t)
		o.machine.values, o.machine.inner, o.machine.refuse = m.values, m.inner, nil
		o.record.SyncAsked = true
		o.poll()
		goal(t, o)
	})
}
