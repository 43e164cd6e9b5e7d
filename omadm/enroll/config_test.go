package enroll_test

import (
	"strings"
	"testing"
	"time"

	"sluice/omadm/ca"
	"sluice/omadm/enroll"
)

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*enroll.Config)
		want   string // in the error; none where it is good
	}{
		{"defaults", func(*enroll.Config) {}, ""},
		{"port", func(c *enroll.Config) { c.Public = "https://[::1]:8443" }, ""},
		{"no desk", func(c *enroll.Config) { c.Desk = nil }, "no desk"},
		{"no authority", func(c *enroll.Config) { c.Trust = nil }, "no certificate authority"},
		{"plain HTTP", func(c *enroll.Config) { c.Public = "http://sluice.ship.example" }, "must be https"},
		{"path", func(c *enroll.Config) { c.Public = public + "/x" }, "must be https"},
		{"no URL", func(c *enroll.Config) { c.Public = ":" }, "URL of the appliance"},
		{"short life", func(c *enroll.Config) { c.Life = 42 * 24 * time.Hour }, "live 42 days"},
		{"renewed too early", func(c *enroll.Config) { c.Renewal = enroll.Renewal{Before: 1001, Retry: 4} }, "1 to 1000"},
		{"tried again too late", func(c *enroll.Config) { c.Renewal = enroll.Renewal{Before: 10, Retry: 11} }, "1 to 10"},
		{"schedule", func(c *enroll.Config) { c.Poll = enroll.Poll{OnLogin: true} }, "polls every 0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := enroll.Config{Desk: newDesk(), Trust: func() *ca.Trust { return nil }, Public: public}
			tt.change(&c)
			err := c.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate() = %v, want %q", err, tt.want)
			}
		})
	}
}
