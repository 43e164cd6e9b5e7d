package enroll_test

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/enroll"
)

func TestDiscoveryNames(t *testing.T) {
	t.Parallel()
	got := enroll.DiscoveryNames([]string{"sluice.ship.example", "wsus.SHIP.example.", "sluice", "10.0.0.1", "::1", "enterpriseenrollment.port.example"})
	want := []string{"EnterpriseEnrollment.ship.example", "EnterpriseEnrollment.port.example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInstructions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		site         enroll.Site
		server, user string
		before       []string // each in one of the lines
		without      []string // in none
	}{
		{
			"all in order", enroll.Site{Public: public, Names: names}, public, "NAME@ship.example",
			[]string{"certutil -addstore Root", "EnterpriseEnrollment.ship.example must lead to the appliance", "Disable MDM Enrollment", "Windows Server cannot be enrolled", "Home", "0x8018000A"},
			[]string{"does not have", "People must type the server"},
		},
		{
			"another port", enroll.Site{Public: public + ":8443", Names: names[:1]}, public + ":8443", "NAME@ship.example",
			[]string{"listens on port 8443", "does not have EnterpriseEnrollment.ship.example"}, nil,
		},
		{
			"port of https", enroll.Site{Public: public + ":443", Names: names}, public, "NAME@ship.example", nil, []string{"listens on port"},
		},
		{
			"no domain", enroll.Site{Public: "https://sluice", Names: []string{"sluice"}}, "https://sluice", "NAME@sluice", nil, []string{"EnterpriseEnrollment"},
		},
		{
			"address", enroll.Site{Public: "https://[fd00::1]:8443"}, "https://[fd00::1]:8443", "NAME@sluice", nil, []string{"EnterpriseEnrollment"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, err := enroll.Instructions(tt.site)
			if err != nil {
				t.Fatal(err)
			}
			if g.Server != tt.server {
				t.Errorf("server %q, want %q", g.Server, tt.server)
			}
			before := strings.Join(g.Before, "\n")
			for _, s := range tt.before {
				if !strings.Contains(before, s) {
					t.Errorf("nothing of %q in\n%s", s, before)
				}
			}
			for _, s := range tt.without {
				if strings.Contains(before, s) {
					t.Errorf("%q in\n%s", s, before)
				}
			}
			checkWays(t, g, tt.server, tt.user)
		})
	}
	if _, err := enroll.Instructions(enroll.Site{Public: "sluice"}); err == nil {
		t.Error("no error for a URL that is none")
	}
}

func checkWays(t *testing.T, g enroll.Guide, server, user string) {
	t.Helper()
	find := func(title string) enroll.Way {
		i := slices.IndexFunc(g.Ways, func(w enroll.Way) bool { return w.Title == title })
		if i < 0 {
			t.Fatalf("no way %q", title)
		}
		if w := g.Ways[i]; w.For == "" || len(w.Steps) == 0 {
			t.Errorf("way %+v has no steps", w)
		}
		return g.Ways[i]
	}
	if steps := strings.Join(find("Settings").Steps, "\n"); !strings.Contains(steps, "type "+server+".") || !strings.Contains(steps, "Enroll only in device management") {
		t.Errorf("steps:\n%s", steps)
	}
	if got, want := find("Link").Text, "ms-device-enrollment:?mode=mdm&username="+user+"&servername="+server; got != want {
		t.Errorf("link %s, want %s", got, want)
	}
	script := find("Script").Text
	if !strings.Contains(script, "RegisterDeviceWithManagement('"+user+"', '"+server+"/EnrollmentServer/Discovery.svc', $token)") {
		t.Errorf("script:\n%s", script)
	}
	var file struct {
		UPN struct {
			UPN        string `xml:"UPN,attr"`
			AuthPolicy string
			Discovery  string `xml:"DiscoveryServiceFullUrl"`
			Secret     string
		} `xml:"Settings>Customizations>Common>Workplace>Enrollments>UPN"`
		Root string `xml:"Settings>Customizations>Common>Certificates>RootCertificates>RootCertificate>CertificatePath"`
	}
	if err := xml.Unmarshal([]byte(find("Provisioning package").Text), &file); err != nil {
		t.Fatal(err)
	}
	if u := file.UPN; u.UPN != user || u.AuthPolicy != "OnPremise" || u.Discovery != server+"/EnrollmentServer/Discovery.svc" || u.Secret != "TOKEN" || file.Root != "sluice.cer" {
		t.Errorf("answer file %+v", file)
	}
}
