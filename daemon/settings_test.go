package daemon_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	mdmagent "sluice/omadm/agent"
	"sluice/omadm/updatecsp"
	"sluice/wsus/update/samples"
)

// edges returns the values to try of a setting: all of an enumeration, both ends
// of a range, and a text that it takes.
func edges(s *updatecsp.Setting) []string {
	switch s.Kind {
	case updatecsp.Enum:
		var values []string
		for _, v := range s.Values {
			values = append(values, v.Value)
		}
		return values
	case updatecsp.Range:
		return []string{strconv.FormatInt(s.Min, 10), strconv.FormatInt(s.Max, 10)}
	}
	for _, text := range []string{"https://wsus.ship.example:8531", "2026-11-24", "24H2", "Windows 11", "cache1.ship.example,10.0.0.9", "b7a6c5d4-0000-4000-8000-000000000001", "%SystemDrive%", `<enabled/><data id="hours" value="5"/>`} {
		if _, err := s.Validate(text); err == nil {
			return []string{text}
		}
	}
	return nil
}

// managedDevice is a device and what it is called.
type managedDevice struct {
	*mdmagent.Agent
	id int64
}

// Every setting is set on a group, goes to devices that know it, and is in effect
// there; on those that do not it is shown as skipped, with the reason. A value
// beside its range reaches nobody.
func TestEverySettingIsDelivered(t *testing.T) {
	if testing.Short() {
		t.Skip("some 1,200 sessions")
	}
	t.Parallel()
	a := open(t, settings(t))
	addr := start(t, a)
	c := control(t, addr)
	if _, err := c.CreateGroup(t.Context(), "Pilot", ""); err != nil {
		t.Fatal(err)
	}
	made, err := c.CreateEnrollToken(t.Context(), wire.CreateEnrollToken{Uses: 4, Groups: []string{"Pilot"}})
	if err != nil {
		t.Fatal(err)
	}
	var devices []managedDevice
	for _, m := range []mdmagent.Machine{
		mdmagent.Windows11Enterprise("new.ship.example"), mdmagent.Windows10Pro("old.ship.example"), mdmagent.WindowsLTSC("plant.ship.example"), mdmagent.Windows10RTM("first.ship.example"),
	} {
		d := newDevice(t, addr, trusted(t, c), mdmagent.Credential{Name: "x@ship.example", Token: made.Secret}, m)
		enrolled(t, d)
		polled(t, d)
		devices = append(devices, managedDevice{d, deviceDetail(t, c, strings.Split(m.DNSName, ".")[0]).ID})
	}
	delivered := make(map[string]bool)
	for _, s := range updatecsp.Settings() {
		values := edges(s)
		if len(values) == 0 {
			t.Errorf("%s: no value to try", s.Name)
		}
		for _, v := range values {
			if deliver(t, c, devices, s, v) {
				delivered[s.Name] = true
			}
		}
		if s.Kind == updatecsp.Range {
			for _, v := range []int64{s.Min - 1, s.Max + 1} {
				if _, err := c.SetPolicies(t.Context(), "Pilot", map[string]string{s.Name: strconv.FormatInt(v, 10)}); err == nil {
					t.Errorf("%s takes %d, which is out of its range", s.Name, v)
				}
			}
		}
	}
	for _, sheet := range []string{"policy-csp-update.csv", "policy-csp-deliveryoptimization.csv"} {
		t.Run(sheet, func(t *testing.T) {
			rows, err := csv.NewReader(strings.NewReader(string(samples.Read(t, filepath.Join("..", "ref", sheet))))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows[1:] {
				if !delivered[row[0]] {
					t.Errorf("%s was delivered to no device", row[0])
				}
			}
		})
	}
}

// companions are the settings without which a value is refused as a contradiction.
func companions(name string) map[string]string {
	switch name {
	case "ProductVersion":
		return map[string]string{"TargetReleaseVersion": "24H2"}
	case "ScheduledInstallEveryWeek":
		return map[string]string{"ScheduledInstallFirstWeek": "1"}
	}
	return map[string]string{}
}

// deliver sets a value, has the devices poll, and reports whether any of them has
// it then.
func deliver(t *testing.T, c *client.Client, devices []managedDevice, s *updatecsp.Setting, value string) (delivered bool) {
	t.Helper()
	set := companions(s.Name)
	set[s.Name] = value
	if _, err := c.SetPolicies(t.Context(), "Pilot", set); err != nil {
		t.Errorf("%s = %s: %v", s.Name, value, err)
		return false
	}
	defer func() {
		delete(set, s.Name)
		for _, name := range append([]string{s.Name}, slices.Collect(maps.Keys(set))...) {
			if err := c.UnsetPolicy(t.Context(), "Pilot", name, false); err != nil {
				t.Error(err)
			}
		}
	}()
	for _, d := range devices {
		polled(t, d.Agent)
		what := fmt.Sprintf("%s = %s on %s", s.Name, value, d.Machine().DNSName)
		p := policyOf(t, c, d.id, s.Name)
		got, has := d.Policy(string(s.Area), s.Name)
		switch {
		case p.State == "applied" && has && got == value:
			delivered = true
		case p.State == "skipped" && p.Reason != "" && (!has || got != value):
		case p.State == "refused" && s.Kind == updatecsp.Enum && got != value: // a value that came later than the setting
		default:
			t.Errorf("%s: shown as %s (%s); the device has %q, %v", what, p.State, p.Reason, got, has)
		}
	}
	return delivered
}

func policyOf(t *testing.T, c *client.Client, device int64, name string) wire.DevicePolicy {
	t.Helper()
	d, err := c.Device(t.Context(), device)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Policies {
		if p.Name == name {
			return p
		}
	}
	return wire.DevicePolicy{State: "not listed"}
}
