package agent_test

import (
	"context"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/agent"
	"sluice/omadm/syncml"
	"sluice/wsus/update/samples"
)

const updateCSP = "./Vendor/MSFT/Update/"

// pollWith has the server say a message and returns the answers.
func pollWith(t *testing.T, f *fake, a *agent.Agent, say ...syncml.Command) ([]string, *agent.Session) {
	t.Helper()
	f.say, f.sent, f.seen = [][]syncml.Command{say}, 0, nil
	s, err := a.Poll(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f.answers(), s
}

// shelf is an update agent with something on it.
func shelf() *agent.UpdateList {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	return &agent.UpdateList{
		Installable:   []agent.Update{{ID: "0a000000-0000-4000-8000-000000000001", Revision: 201, Type: 1}},
		Installed:     []agent.Update{{ID: "0a000000-0000-4000-8000-000000000002", Revision: 202}},
		Failed:        []agent.Update{{ID: "0a000000-0000-4000-8000-000000000003", Revision: 203, HResult: 0x80070643, State: 256}},
		PendingReboot: []agent.Update{{ID: "0a000000-0000-4000-8000-000000000004", Revision: 204, Time: at}},
		LastScan:      at,
	}
}

// TestUpdateCSP reads what the update agent knows.
func TestUpdateCSP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit func(*agent.Config)
		want []string
	}{
		{"Windows 10", func(*agent.Config) {}, []string{
			"= $InstallableUpdates node %7b0a000000-0000-4000-8000-000000000001%7d",
			"= $InstallableUpdates/%7b0a000000-0000-4000-8000-000000000001%7d node",
			"= $InstallableUpdates/%7b0a000000-0000-4000-8000-000000000001%7d/Type int 1",
			"= $InstallableUpdates/%7b0a000000-0000-4000-8000-000000000001%7d/RevisionNumber int 201",
			"= $InstalledUpdates/0a000000-0000-4000-8000-000000000002/RevisionNumber int 202",
			"= $FailedUpdates/%7b0a000000-0000-4000-8000-000000000003%7d node HResult/Status/RevisionNumber",
			"= $FailedUpdates/%7B0A000000-0000-4000-8000-000000000003%7D/HResult int -2147023293",
			"= $PendingRebootUpdates/%7b0a000000-0000-4000-8000-000000000004%7d/InstalledTime time 2026-05-01T12:00:00Z",
			"= $LastSuccessfulScanTime time 2026-05-01T12:00:00Z", "= $DeferUpgrade bool false",
		}},
		{"bare ids on Windows 11", func(c *agent.Config) {
			c.Machine = agent.Windows11Enterprise("pc.example")
			c.Machine.BareUpdateIDs = true
		}, []string{
			"= $InstallableUpdates node 0a000000-0000-4000-8000-000000000001",
			"= $InstallableUpdates/0a000000-0000-4000-8000-000000000001 node",
			"= $InstallableUpdates/0a000000-0000-4000-8000-000000000001/Type int 1",
			"= $InstallableUpdates/0a000000-0000-4000-8000-000000000001/RevisionNumber int 201",
			"= $InstalledUpdates/0a000000-0000-4000-8000-000000000002/RevisionNumber int 202",
			"= $FailedUpdates/%7b0a000000-0000-4000-8000-000000000003%7d node HResult/State/RevisionNumber",
			"= $FailedUpdates/%7B0A000000-0000-4000-8000-000000000003%7D/HResult int -2147023293",
			"= $PendingRebootUpdates/%7b0a000000-0000-4000-8000-000000000004%7d/InstalledTime time 2026-05-01T12:00:00Z",
			"= $LastSuccessfulScanTime time 2026-05-01T12:00:00Z", "= $DeferUpgrade bool false",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			cfg := f.config(agent.Windows10Pro("pc.example"))
			cfg.Updates = shelf()
			tt.edit(&cfg)
			a, err := agent.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Enroll(context.Background()); err != nil {
				t.Fatal(err)
			}
			got, _ := pollWith(t, f, a,
				get(updateCSP+"InstallableUpdates"), get(updateCSP+"InstallableUpdates?list=StructData"),
				get(updateCSP+"InstalledUpdates/0a000000-0000-4000-8000-000000000002/RevisionNumber"),
				get(updateCSP+"FailedUpdates/%7b0a000000-0000-4000-8000-000000000003%7d"),
				get(updateCSP+"FailedUpdates/%7B0A000000-0000-4000-8000-000000000003%7D/HResult"),
				get(updateCSP+"PendingRebootUpdates/%7b0a000000-0000-4000-8000-000000000004%7d/InstalledTime"),
				get(updateCSP+"LastSuccessfulScanTime"), get(updateCSP+"DeferUpgrade"))
			var results []string
			for _, s := range got {
				if strings.HasPrefix(s, "=") {
					results = append(results, strings.Replace(s, updateCSP, "$", 1))
				} else if s != "Get 200" {
					t.Errorf("answer %q", s)
				}
			}
			// The structure begins with the list itself.
			want := append([]string{tt.want[0], "= $InstallableUpdates node"}, tt.want[1:]...)
			if diff := cmp.Diff(want, results); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUpdateCSPRows asks for every row of the fact sheet's table of nodes.
func TestUpdateCSPRows(t *testing.T) {
	t.Parallel()
	file, err := os.Open(samples.Path(t, "../ref/update-csp.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t)
	cfg := f.config(agent.Windows10Pro("pc.example"))
	cfg.Updates = shelf()
	a, err := agent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Enroll(context.Background()); err != nil {
		t.Fatal(err)
	}
	approve := updateCSP + "ApprovedUpdates/%7b0a000000-0000-4000-8000-000000000001%7d"
	pollWith(t, f, a, cmd(syncml.Add, approve, "node", ""))
	ids := map[string]string{"ApprovedUpdates": "1", "InstallableUpdates": "1", "InstalledUpdates": "2", "FailedUpdates": "3", "PendingRebootUpdates": "4"}
	for _, row := range rows[1:] {
		uri, format, access := row[0], row[1], row[2]
		if access == "" {
			continue // a name of later documents, on Windows 11 only
		}
		for list, n := range ids {
			if strings.Contains(uri, list+"/") {
				uri = strings.Replace(uri, "{UpdateID}", "%7b0a000000-0000-4000-8000-00000000000"+n+"%7d", 1)
			}
		}
		c, want := get(uri), "200"
		if access == "Exec" {
			c, want = cmd(syncml.Exec, uri, "", ""), "500" // nothing to roll back
		}
		got, _ := pollWith(t, f, a, c)
		if got[0] != string(c.Kind)+" "+want {
			t.Errorf("%s %s: %q, want %s", c.Kind, uri, got, want)
		}
		if access != "Exec" && !strings.HasPrefix(got[1], "= "+uri+" "+format) {
			t.Errorf("Get %s: %q, want the format %s", uri, got[1], format)
		}
	}
}

func TestApprovals(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	at := updateCSP + "ApprovedUpdates"
	one := at + "/%7b0A000000-0000-4000-8000-000000000001%7d"
	got, _ := pollWith(t, f, a,
		get(at), cmd(syncml.Add, one, "node", ""), cmd(syncml.Add, one, "node", ""), cmd(syncml.Add, at+"/E0789628-CE08-4437-BE74-2495B842F43B", "", ""),
		cmd(syncml.Replace, one, "node", ""), cmd(syncml.Add, at+"/nonsense", "node", ""), cmd(syncml.Add, at+"/%7b0a000000-0000-4000-8000-000000000002%7d", "node", "x"),
		get(one+"/ApprovedTime"))
	want := []string{
		"Get 200", "= " + at + " node", "Add 200", "Add 418", "Add 200", "Replace 405", "Add 404", "Add 415",
		"Get 200", "= " + one + "/ApprovedTime time 2026-05-04T03:02:01Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	ids := []string{"0a000000-0000-4000-8000-000000000001", "e0789628-ce08-4437-be74-2495b842f43b"}
	if diff := cmp.Diff(ids, a.Approved()); diff != "" {
		t.Errorf("approved (-want +got):\n%s", diff)
	}
	got, _ = pollWith(t, f, a, cmd(syncml.Delete, one, "", ""), cmd(syncml.Delete, one, "", ""))
	if diff := cmp.Diff([]string{"Delete 200", "Delete 404"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ids[1:], a.Approved()); diff != "" {
		t.Errorf("approved (-want +got):\n%s", diff)
	}
}

// back is an update agent that can take updates back.
type back struct {
	agent.UpdateList
	took []bool
}

func (b *back) Rollback(feature bool) error { b.took = append(b.took, feature); return nil }

func TestRollback(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config(agent.Windows10Pro("pc.example"))
	updates := &back{}
	cfg.Updates = updates
	a, err := agent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Enroll(context.Background()); err != nil {
		t.Fatal(err)
	}
	at := updateCSP + "Rollback/"
	got, _ := pollWith(t, f, a, cmd(syncml.Exec, at+"FeatureUpdate", "", ""), get(at+"FeatureUpdateStatus"), get(at+"QualityUpdateStatus"))
	want := []string{"Exec 200", "Get 200", "= " + at + "FeatureUpdateStatus chr Succeeded", "Get 200", "= " + at + "QualityUpdateStatus chr"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{true}, updates.took); diff != "" {
		t.Errorf("rollbacks (-want +got):\n%s", diff)
	}
}

// TestPolicyRows sets every policy of the fact sheet on a current machine, at
// both edges and beyond them.
func TestPolicyRows(t *testing.T) {
	t.Parallel()
	for area, name := range map[string]string{"Update": "policy-csp-update.csv", "DeliveryOptimization": "policy-csp-deliveryoptimization.csv"} {
		t.Run(area, func(t *testing.T) {
			t.Parallel()
			file, err := os.Open(samples.Path(t, "../ref/"+name))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			rows, err := csv.NewReader(file).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			column := map[string]int{}
			for i, c := range rows[0] {
				column[c] = i
			}
			f := newFake(t)
			a := f.enrolled(agent.Windows11Enterprise("pc.example"))
			var say []syncml.Command
			var want []string
			add := func(status, uri, format, value string) {
				say = append(say, cmd(syncml.Replace, uri, format, value))
				want = append(want, "Replace "+status+" "+uri+" "+value)
			}
			for _, row := range rows[1:] {
				uri, format, allowed := row[column["uri"]], row[column["format"]], row[column["allowed"]]
				switch row[column["allowed_kind"]] {
				case "range":
					low, high, _ := strings.Cut(allowed, "..")
					most, _ := strconv.ParseInt(high, 10, 64)
					add("200", uri, format, low)
					add("200", uri, format, high)
					add("500", uri, format, strconv.FormatInt(most+1, 10))
				case "enum":
					for _, v := range strings.Split(allowed, "|") {
						v, _, _ = strings.Cut(v, "=")
						status := "200"
						if strings.HasSuffix(uri, "/BranchReadinessLevel") && v == "32" || strings.HasSuffix(uri, "/DODownloadMode") && v == "100" {
							status = "500" // gone with later builds
						}
						add(status, uri, format, v)
					}
					add("500", uri, format, "77")
				default:
					value := "text"
					switch {
					case strings.Contains(uri, "ServiceUrl"):
						value = "https://wsus.example:8531"
					case strings.HasSuffix(uri, "StartTime"):
						value = "2026-05-01"
					}
					add("200", uri, format, value)
				}
				if format == "int" {
					add("415", uri, "chr", "0")
				}
			}
			_, s := pollWith(t, f, a, say...)
			for i, d := range s.Commands {
				if got := fmt.Sprintf("%s %d %s %s", d.Command.Verb, d.Status, d.Command.URI, d.Command.Data); got != want[i] {
					t.Errorf("got %s, want %s", got, want[i])
				}
			}
			if len(s.Commands) != len(want) {
				t.Errorf("%d commands were done, want %d", len(s.Commands), len(want))
			}
		})
	}
}

// TestOriginalError names the cause once the server speaks a later version.
func TestOriginalError(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	wrong := cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "99")
	for _, version := range []string{"", "3.0"} {
		say := []syncml.Command{wrong}
		if version != "" {
			say = append([]syncml.Command{cmd(syncml.Replace, "./Vendor/MSFT/DMClient/Provider/fake/SyncApplicationVersion", "chr", version)}, wrong)
		}
		pollWith(t, f, a, say...)
		m := f.seen[1]
		got := m.Commands[len(m.Commands)-1].OriginalError
		if want := map[string]string{"": "", "3.0": "0x80070057"}[version]; got != want {
			t.Errorf("version %q: original error %q, want %q", version, got, want)
		}
	}
}

func TestCertificateStore(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	_, other := authority(t, "Next Root")
	at := "./Vendor/MSFT/CertificateStore/ROOT/System/" + hash(other.Raw) + "/EncodedCertificate"
	b64 := base64.StdEncoding.EncodeToString(other.Raw)
	got, _ := pollWith(t, f, a,
		cmd(syncml.Replace, at, "b64", b64), cmd(syncml.Add, strings.Replace(at, hash(other.Raw), hash(f.ca.Raw), 1), "b64", b64),
		cmd(syncml.Add, at, "b64", b64[:40]), cmd(syncml.Add, at, "b64", b64))
	if diff := cmp.Diff([]string{"Replace 404", "Add 405", "Add 500", "Add 200"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	got, _ = pollWith(t, f, a, get("./Vendor/MSFT/CertificateStore/Root/System"), get(strings.TrimSuffix(at, "EncodedCertificate")+"IssuedTo"))
	want := []string{
		"Get 200", "= ./Vendor/MSFT/CertificateStore/Root/System node " + hash(f.ca.Raw) + "/" + hash(other.Raw),
		"Get 200", "= " + strings.TrimSuffix(at, "EncodedCertificate") + "IssuedTo chr Next Root",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if n := len(a.State().Account.Roots); n != 2 {
		t.Errorf("%d roots", n)
	}
	got, _ = pollWith(t, f, a, cmd(syncml.Delete, strings.TrimSuffix(at, "/EncodedCertificate"), "", ""))
	if diff := cmp.Diff([]string{"Delete 200"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestReboot(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	got, s := pollWith(t, f, a,
		cmd(syncml.Exec, "./Device/Vendor/MSFT/Reboot/RebootNow", "", ""), cmd(syncml.Add, "./Device/Vendor/MSFT/Reboot/Schedule/Single", "chr", "2026-05-05T22:00:00Z"),
		cmd(syncml.Replace, "./DevDetail/Ext/Microsoft/DNSComputerName", "chr", "PC2"))
	if diff := cmp.Diff([]string{"Exec 200", "Add 200", "Replace 200"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if !s.Restart || a.State().Restarts != 1 {
		t.Errorf("session is %+v", s)
	}
}

func TestUserScope(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	m := agent.Windows10Pro("pc.example")
	m.LoggedIn = false
	a := f.enrolled(m)
	got, _ := pollWith(t, f, a, get("./User/Vendor/MSFT/Policy/Config"))
	if diff := cmp.Diff([]string{"Get 405"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if login := f.seen[0].Commands[1].Items[0].Data; login != "none" {
		t.Errorf("LoginStatus is %q", login)
	}
	if !strings.Contains(f.requests[len(f.requests)-1].URL, "mode=Machine") {
		t.Errorf("address is %s", f.requests[len(f.requests)-1].URL)
	}
}
