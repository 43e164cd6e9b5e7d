package updatecsp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/updatecsp"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, s := range updatecsp.Settings() {
		e := s.Explain()
		if e.Allowed == "" || e.Since == "" || len(e.Builds) == 0 || len(e.Editions) == 0 || e.Conflict == "" || len(e.Doors) != 3 {
			t.Errorf("%s: %+v", s.Name, e)
		}
		text := e.String()
		for _, part := range append([]string{s.Name, s.Meaning, s.URI(), s.Allowed()}, s.Caveats...) {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not in\n%s", s.Name, part, text)
			}
		}
		if strings.Contains(text, "Home,") || strings.Contains(strings.Join(e.Editions, " "), "Server") {
			t.Errorf("%s: editions %v", s.Name, e.Editions)
		}
	}
}

func TestExplainRegistry(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"UpdateServiceUrl": {
			`HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\WUServer REG_SZ = {value}`,
			`HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\WUStatusServer REG_SZ = {value}`,
			`HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU\UseWUServer REG_DWORD = 1`,
		},
		"AllowUpdateService": {
			`0: HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\DoNotConnectToWindowsUpdateInternetLocations REG_DWORD = 1`,
			`1: HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\DoNotConnectToWindowsUpdateInternetLocations REG_DWORD = 0`,
		},
		"DODownloadMode":        {`HKLM\SOFTWARE\Policies\Microsoft\Windows\DeliveryOptimization\DODownloadMode REG_DWORD = {value}`},
		"RequireUpdateApproval": nil,
	} {
		s, _ := updatecsp.Find(name)
		if diff := cmp.Diff(want, s.Explain().Registry); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestExplainPreset(t *testing.T) {
	t.Parallel()
	s, _ := updatecsp.Find("AllowNonMicrosoftSignedUpdate")
	if e := s.Explain(); len(e.Presets) != 1 || !strings.Contains(e.Presets[0], "airgap sets 0") {
		t.Errorf("presets: %v", e.Presets)
	}
}
