package daemon_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"sluice/daemon/api/wire"
	mdmagent "sluice/omadm/agent"
)

// Devices that enrol at the same time get no more than a credential gives.
func TestEnrolAtOnce(t *testing.T) {
	t.Parallel()
	a := open(t, settings(t))
	addr := start(t, a)
	c := control(t, addr)
	password, most := "correct horse battery", 2
	if _, err := c.CreateEnrollAccount(t.Context(), "anna", wire.PutEnrollAccount{Password: &password, MaxDevices: &most}); err != nil {
		t.Fatal(err)
	}
	transport := trusted(t, c)
	for _, tt := range []struct {
		name       string
		credential mdmagent.Credential
		want       int64
	}{
		{"token", mdmagent.Credential{Name: "x", Token: token(t, c, 1)}, 1},
		{"account", mdmagent.Credential{Name: "anna", Password: password}, int64(most)},
	} {
		var all sync.WaitGroup
		var in atomic.Int64
		for i := range 10 {
			dev := newDevice(t, addr, transport, tt.credential, mdmagent.Windows11Enterprise(fmt.Sprintf("%s%d.ship.example", tt.name, i)))
			all.Go(func() {
				if _, err := dev.Enroll(t.Context()); err == nil {
					in.Add(1)
				}
			})
		}
		all.Wait()
		if in.Load() != tt.want {
			t.Errorf("%s: %d devices enrolled, want %d", tt.name, in.Load(), tt.want)
		}
	}
}
