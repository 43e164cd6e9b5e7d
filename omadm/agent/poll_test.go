package agent_test

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/agent"
	"sluice/omadm/device"
	"sluice/omadm/syncml"
	"sluice/wsus/update/samples"
)

const config = "./Device/Vendor/MSFT/Policy/Config/"

// TestPackageOne compares the first message with the captured ones.
func TestPackageOne(t *testing.T) {
	t.Parallel()
	m := agent.Windows10Pro("pc.example")
	m.Version = agent.Version{10, 0, 19043, 2364}
	m.DeviceID = "B5B954E81FBCB94EB79BD08BE625F4EE"
	for _, tt := range []struct {
		name, file string
		do         func(*agent.Agent) error
	}{
		{"poll", "win10-19043-package1-nocred.xml", func(a *agent.Agent) error {
			_, err := a.Poll(context.Background(), nil)
			return err
		}},
		{"unenrollment", "win10-19043-unenroll-1226.xml", func(a *agent.Agent) error {
			_, err := a.Unenroll(context.Background())
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			a := f.enrolled(m)
			if tt.name == "unenrollment" {
				a.State().Sessions++
			}
			if err := tt.do(a); err != nil {
				t.Fatal(err)
			}
			last := f.requests[len(f.requests)-1]
			want := samples.Read(t, "omadm/syncml/"+tt.file)
			if diff := cmp.Diff(normal(shape(t, want)), normal(shape(t, last.Request))); diff != "" {
				t.Errorf("structure (-captured +agent):\n%s", diff)
			}
			got, err := syncml.DecodeXML(last.Request)
			if err != nil {
				t.Fatal(err)
			}
			captured, err := syncml.DecodeXML(want)
			if err != nil {
				t.Fatal(err)
			}
			captured.Header.Target.URI = got.Header.Target.URI
			if diff := cmp.Diff(captured, got); diff != "" {
				t.Errorf("message (-captured +agent):\n%s", diff)
			}
			if h := last.Header; h["User-Agent"][0] != "MSFT OMA DM Client/1.2.0.1" || !strings.HasSuffix(last.URL, "?mode=Maintenance&Platform=WoA") {
				t.Errorf("header %v, address %s", h, last.URL)
			}
		})
	}
}

// normal lets Format and Type of a Meta stand in either order: MetInf has none.
func normal(list []string) []string {
	for i := 1; i < len(list); i++ {
		if strings.HasSuffix(list[i], "metinf}Type") && strings.HasSuffix(list[i-1], "metinf}Format") {
			list[i-1], list[i] = list[i], list[i-1]
		}
	}
	return list
}

// TestCommands is a table of what the server says and the device answers.
func TestCommands(t *testing.T) {
	t.Parallel()
	pro := agent.Windows10Pro("pc.example")
	multi := get("./DevDetail/SwV")
	multi.Items = append(multi.Items, get("./DevDetail/LrgObj").Items[0], get("./Vendor/MSFT/DMClient/Provider/fake/Push/ChannelURI").Items[0])
	noID := get("./DevDetail/SwV")
	noID.CmdID = "-"
	for _, tt := range []struct {
		name    string
		machine agent.Machine
		say     []syncml.Command
		want    []string
	}{
		{"get", pro, []syncml.Command{get("./DevDetail/SwV"), get("./DevInfo/Man")},
			[]string{"Get 200", "= ./DevDetail/SwV chr 10.0.19045.5487", "Get 200", "= ./DevInfo/Man chr VMware, Inc."}},
		{"several items", pro, []syncml.Command{multi}, []string{
			"Get 200 ./DevDetail/SwV", "Get 200 ./DevDetail/LrgObj", "Get 404 ./Vendor/MSFT/DMClient/Provider/fake/Push/ChannelURI",
			"= ./DevDetail/SwV chr 10.0.19045.5487", "= ./DevDetail/LrgObj bool false",
		}},
		{"inner node", pro, []syncml.Command{get("./DevDetail/URI"), get("./Vendor/MSFT/DMClient/Provider")}, []string{
			"Get 200", "= ./DevDetail/URI node MaxDepth/MaxTotLen/MaxSegLen", "Get 200", "= ./Vendor/MSFT/DMClient/Provider node fake",
		}},
		{"structure", pro, []syncml.Command{get("./DevDetail/URI?list=StructData"), get("./DevDetail/URI?list=Struct"), get("./DevDetail/URI?list=All")}, []string{
			"Get 200", "= ./DevDetail/URI node", "= ./DevDetail/URI/MaxDepth int 0", "= ./DevDetail/URI/MaxTotLen int 0", "= ./DevDetail/URI/MaxSegLen int 0",
			"Get 200", "= ./DevDetail/URI node", "= ./DevDetail/URI/MaxDepth int", "= ./DevDetail/URI/MaxTotLen int", "= ./DevDetail/URI/MaxSegLen int",
			"Get 406",
		}},
		{"places", pro, []syncml.Command{
			get("DevDetail/SwV"), get("./DevDetail//SwV"), get("./DevDetail/../SwV"), get("./DevDetail/No"), get("./ DevDetail/SwV"),
			get("./Device/Vendor/MSFT/DMClient/HWDevID"), get("./User/Vendor/MSFT/Policy/Config/Update/ActiveHoursEnd"), get("./DevDetail/%zz"),
		}, []string{
			"Get 404", "Get 400", "Get 400", "Get 404", "Get 400",
			"Get 200", "= ./Device/Vendor/MSFT/DMClient/HWDevID chr " + pro.HardwareID, "Get 404", "Get 400",
		}},
		{"verbs", pro, []syncml.Command{
			cmd(syncml.Replace, "./DevDetail/SwV", "chr", "x"), cmd(syncml.Exec, "./DevDetail/SwV", "", ""), cmd(syncml.Delete, "./DevInfo", "", ""),
			get("./Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RenewNow"), {Kind: syncml.Copy, Items: get("./DevInfo").Items}, {Kind: syncml.Get},
		}, []string{"Replace 405", "Exec 405", "Delete 405", "Get 405", "Copy 406", "Get 400"}},
		{"without an id", pro, []syncml.Command{noID, get("./DevInfo/DmV")}, []string{"Get 400", "Get 200", "= ./DevInfo/DmV chr 1.3"}},
		{"alert to the user", pro, []syncml.Command{{Kind: syncml.Alert, Data: "1100"}, get("./DevInfo/DmV")}, []string{"Alert 406", "Get 200", "= ./DevInfo/DmV chr 1.3"}},
		{"policy", pro, []syncml.Command{
			get(config + "Update"),
			cmd(syncml.Replace, config+"Update/UpdateServiceUrl", "chr", "http://wsus.example:8530"),
			cmd(syncml.Add, config+"Update/UpdateServiceUrl", "chr", "http://other.example:8530"),
			cmd(syncml.Add, config+"Update/DetectionFrequency", "int", "22"),
			cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "23"),
			cmd(syncml.Replace, config+"Update/DetectionFrequency", "", "4"),
			cmd(syncml.Replace, config+"Update/AllowUpdateService", "int", "0"),
			cmd(syncml.Replace, config+"Update/NoSuchPolicy", "int", "0"),
			cmd(syncml.Replace, config+"Update/AlwaysAutoRebootAtScheduledTimeMinutes", "int", "15"),
			get(config + "Update"), get("./Vendor/MSFT/Policy/Result/Update/DetectionFrequency"),
			cmd(syncml.Replace, "./Vendor/MSFT/Policy/Result/Update/DetectionFrequency", "int", "1"),
			cmd(syncml.Delete, config+"Update/DetectionFrequency", "", ""), cmd(syncml.Delete, config+"Update/DetectionFrequency", "", ""),
			get(config + "Update/DetectionFrequency"),
		}, []string{
			"Get 404", "Replace 200", "Add 418", "Add 200", "Replace 500", "Replace 415", "Replace 200", "Replace 404", "Replace 404",
			"Get 200", "= " + config + "Update node AllowUpdateService/DetectionFrequency/UpdateServiceUrl",
			"Get 200", "= ./Vendor/MSFT/Policy/Result/Update/DetectionFrequency int 22", "Replace 405", "Delete 200", "Delete 404", "Get 404",
		}},
		{"policy on Home", agent.WindowsHome("home.example"), []syncml.Command{cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "22")}, []string{"Replace 405"}},
		{"policy on 1507", agent.Windows10RTM("old.example"), []syncml.Command{
			cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "22"), cmd(syncml.Replace, config+"Update/UpdateServiceUrl", "chr", "http://w:8530"),
		}, []string{"Replace 404", "Replace 200"}},
		{"ranges by build", agent.WindowsLTSC("ltsc.example"), []syncml.Command{
			cmd(syncml.Replace, config+"Update/BranchReadinessLevel", "int", "32"), cmd(syncml.Replace, config+"Update/BranchReadinessLevel", "int", "64"),
			cmd(syncml.Replace, config+"DeliveryOptimization/DODownloadMode", "int", "100"),
		}, []string{"Replace 200", "Replace 500", "Replace 200"}},
		{"account", pro, []syncml.Command{
			get("./Vendor/MSFT/DMClient/Provider/fake/EntDMID"), cmd(syncml.Replace, "./Vendor/MSFT/DMClient/Provider/fake/Poll/NumberOfFirstRetries", "int", "5"),
			cmd(syncml.Replace, "./Vendor/MSFT/DMClient/Provider/fake/Poll/PollOnLogin", "bool", "yes"),
			get("./Vendor/MSFT/DMClient/Provider/fake/Poll/NumberOfFirstRetries"), get("./Vendor/MSFT/DMClient/Provider/other/EntDMID"),
		}, []string{
			"Get 200", "= ./Vendor/MSFT/DMClient/Provider/fake/EntDMID chr 6f0f5b1e-27a4-4f0e-9d28-3fd27d1cf1b4", "Replace 200", "Replace 500",
			"Get 200", "= ./Vendor/MSFT/DMClient/Provider/fake/Poll/NumberOfFirstRetries int 5", "Get 404",
		}},
		{"sequence", pro, []syncml.Command{{Kind: syncml.Sequence, Commands: []syncml.Command{get("./DevInfo/DmV"), get("./DevInfo/No")}}},
			[]string{"Sequence 500", "Get 200", "= ./DevInfo/DmV chr 1.3", "Get 404"}},
		{"atomic", pro, []syncml.Command{{Kind: syncml.Atomic, Commands: []syncml.Command{
			cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "4"), cmd(syncml.Replace, config+"Update/AllowUpdateService", "int", "0"),
		}}, get(config + "Update")}, []string{"Atomic 200", "Replace 200", "Replace 200", "Get 200", "= " + config + "Update node AllowUpdateService/DetectionFrequency"}},
		{"atomic that fails", pro, []syncml.Command{{Kind: syncml.Atomic, Commands: []syncml.Command{
			cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "4"), cmd(syncml.Replace, config+"Update/AllowUpdateService", "int", "7"),
			cmd(syncml.Replace, config+"Update/AllowMUUpdateService", "int", "0"),
		}}, get(config + "Update")}, []string{"Atomic 507", "Replace 216", "Replace 500", "Replace 215", "Get 404"}},
		{"get in atomic", pro, []syncml.Command{{Kind: syncml.Atomic, Commands: []syncml.Command{get("./DevInfo/DmV")}}}, []string{"Atomic 507", "Get 500"}},
		{"atomic in atomic", pro, []syncml.Command{{Kind: syncml.Atomic, Commands: []syncml.Command{{Kind: syncml.Atomic, Commands: []syncml.Command{cmd(syncml.Delete, "./DevInfo", "", "")}}}}},
			[]string{"Atomic 507", "Atomic 500"}},
		{"add and replace in atomic", pro, []syncml.Command{{Kind: syncml.Atomic, Commands: []syncml.Command{
			cmd(syncml.Add, config+"Update/DetectionFrequency", "int", "4"), cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "5"),
		}}}, []string{"Atomic 507", "Add 216", "Replace 500"}},
		{"Defender", pro, []syncml.Command{get("./Vendor/MSFT/Defender/Health/SignatureVersion"), get("./Vendor/MSFT/DeviceStatus/Antivirus/SignatureStatus"), get("./Vendor/MSFT/DeviceStatus/OS/Edition")}, []string{
			"Get 200", "= ./Vendor/MSFT/Defender/Health/SignatureVersion chr 1.427.111.0",
			"Get 200", "= ./Vendor/MSFT/DeviceStatus/Antivirus/SignatureStatus int 0", "Get 200", "= ./Vendor/MSFT/DeviceStatus/OS/Edition chr Windows 10 Pro",
		}},
		{"certificate store", pro, []syncml.Command{get("./Vendor/MSFT/CertificateStore/My/WSTEP/Renew/RenewPeriod"), get("./Vendor/MSFT/CertificateStore/ROOT/System/00")}, []string{
			"Get 200", "= ./Vendor/MSFT/CertificateStore/My/WSTEP/Renew/RenewPeriod int 60", "Get 404",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.say = [][]syncml.Command{tt.say}
			a := f.enrolled(tt.machine)
			s, err := a.Poll(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, f.answers()); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if s.Messages != 2 {
				t.Errorf("%d messages", s.Messages)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.say = [][]syncml.Command{{
		cmd(syncml.Replace, config+"Update/UpdateServiceUrl", "chr", "http://wsus.example:8530"),
		cmd(syncml.Replace, config+"Update/UpdateServiceUrlAlternate", "chr", "http://files.example"),
	}, {cmd(syncml.Replace, config+"Update/RequireUpdateApproval", "int", "1")}}
	a := f.enrolled(agent.Windows11Enterprise("pc.example"))
	s, err := a.Poll(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Messages != 3 || len(s.Commands) != 3 || s.Commands[2].Status != device.OK {
		t.Errorf("session is %+v", s)
	}
	want := map[string]string{
		"Update/UpdateServiceUrl": "http://wsus.example:8530", "Update/UpdateServiceUrlAlternate": "http://files.example",
		"Update/RequireUpdateApproval": "1",
	}
	if diff := cmp.Diff(want, a.Policies()); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	if server, files := a.UpdateServer(); server != "http://wsus.example:8530" || files != "http://files.example" || !a.ApprovalRequired() {
		t.Errorf("update server %q, %q", server, files)
	}
	if v, ok := a.Policy("Update", "RequireUpdateApproval"); !ok || v != "1" {
		t.Errorf("policy is %q", v)
	}
	if _, err := a.Unenroll(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(a.Policies()) > 0 || a.Enrolled() {
		t.Error("policies or the account stay after the unenrollment")
	}
	var alerts []string
	for name, values := range f.requests[len(f.requests)-1].Header {
		if name == "MDM-GenericAlert" { // as Windows spells it, which is not how Go does
			alerts = values
		}
	}
	if diff := cmp.Diff([]string{"<com.microsoft:mdm.unenrollment.userrequest>"}, alerts); diff != "" {
		t.Errorf("MDM-GenericAlert (-want +got):\n%s", diff)
	}
	_, err = a.Poll(context.Background(), nil)
	if got := agent.HResult(err); got != 0x80180031 {
		t.Errorf("a poll without an account: %v", err)
	}
}

func TestServerUnenrolls(t *testing.T) {
	t.Parallel()
	for _, drop := range []bool{false, true} {
		f := newFake(t)
		f.say = [][]syncml.Command{{cmd(syncml.Exec, "./Vendor/MSFT/DMClient/Provider/fake/Unenroll", "chr", "fake")}}
		a := f.enrolled(agent.Windows10Pro("pc.example"))
		s, err := a.Poll(context.Background(), &agent.Manner{DropLeave: drop})
		if err != nil {
			t.Fatal(err)
		}
		if !s.Unenrolled || a.Enrolled() {
			t.Errorf("dropped %v: session is %+v", drop, s)
		}
		last := f.seen[len(f.seen)-1]
		if got := last.Commands[2]; got.Data != "1226" || got.Items[0].Meta.Type != "com.microsoft:mdm.unenrollment.userrequest" {
			t.Errorf("the last session said %+v", got)
		}
		if want := map[bool]int{false: 3, true: 2}[drop]; s.Messages != want {
			t.Errorf("dropped %v: %d messages, want %d", drop, s.Messages, want)
		}
	}
}

func TestRenew(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl")
	}
	f := newFake(t)
	f.say = [][]syncml.Command{{cmd(syncml.Exec, "./Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RenewNow", "", "")}}
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	old := string(a.State().Account.Certificate)
	if a.RenewalDue() {
		t.Error("a new certificate is to be renewed")
	}
	s, err := a.Poll(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Renewed || string(a.State().Account.Certificate) == old {
		t.Error("the certificate is not a new one")
	}
	f.say, f.sent = [][]syncml.Command{{get("./Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/Status")}}, 0
	f.seen = nil
	if _, err := a.Poll(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if string(f.certs[0].Raw) != string(a.State().Account.Certificate) {
		t.Error("the device shows the old certificate")
	}
	if diff := cmp.Diff([]string{"Get 200", "= ./Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/Status int 2"}, f.answers()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}

	f.document = func(doc string) string { return strings.Replace(doc, "\"User\"", "\"System\"", 1) }
	kept := string(a.State().Account.Certificate)
	_, err = a.Renew(context.Background())
	if got := agent.HResult(err); got != 0x80180023 {
		t.Errorf("a document of the other store: %v", err)
	}
	if r := a.State().Account.Renewal; r.Status != 3 || r.ErrorCode != 0x80180023 || string(a.State().Account.Certificate) != kept {
		t.Errorf("after a failed renewal: %+v", r)
	}
	delete(a.State().Account.DMClient, "EntDMID")
	if _, err = a.Renew(context.Background()); agent.HResult(err) != 0x80180016 {
		t.Errorf("without EntDMID: %v", err)
	}
}

// TestServerMistakes plays a server whose messages Windows does not take.
func TestServerMistakes(t *testing.T) {
	t.Parallel()
	raw := func(from, to string) func(*fake) {
		return func(f *fake) {
			f.raw = func(_ int, b []byte) []byte {
				if !strings.Contains(string(b), from) {
					f.tb.Errorf("%q is not in %s", from, b)
				}
				return []byte(strings.Replace(string(b), from, to, 1))
			}
		}
	}
	for _, tt := range []struct {
		name  string
		spoil func(*fake)
		want  uint32
		text  string
	}{
		{"unescaped text", raw("<Final/>", "<Replace><CmdID>9</CmdID><Item><Data>a & b</Data></Item></Replace><Final/>"), 0x8007000D, ""},
		{"namespace 1.1", raw("SYNCML:SYNCML1.2", "SYNCML:SYNCML1.1"), 0x8007000D, "SYNCML1.1"},
		{"metinf without its namespace", raw("<Final/>", "<Get><CmdID>9</CmdID><Meta><Format>chr</Format></Meta><Item/></Get><Final/>"), 0x8007000D, "metinf"},
		{"order of elements", raw("<MsgRef>1</MsgRef><CmdRef>0</CmdRef>", "<CmdRef>0</CmdRef><MsgRef>1</MsgRef>"), 0x8007000D, "MsgRef"},
		{"session of another", raw("<SessionID>1<", "<SessionID>2<"), 0x8007000D, "SessionID"},
		{"another device", func(f *fake) { f.reply = func(_, out *syncml.Message) { out.Header.Target.URI = "X" } }, 0x8007000D, "Target"},
		{"another server", func(f *fake) { f.reply = func(_, out *syncml.Message) { out.Header.Source.URI = "https://x" } }, 0x8007000D, "Source"},
		{"no Status of the header", func(f *fake) { f.reply = func(_, out *syncml.Message) { out.Commands = out.Commands[1:] } }, 0x8007000D, "Status of the header"},
		{"header refused", func(f *fake) { f.reply = func(_, out *syncml.Message) { out.Commands[0].Data = "500" } }, 0x801901F4, "500"},
		{"content type", func(f *fake) {
			f.http = func(_ int, w http.ResponseWriter) bool { w.Header().Set("Content-Type", "text/html"); return true }
		}, 0x80072F78, "text/html"},
		{"HTTP 503", func(f *fake) {
			f.http = func(_ int, w http.ResponseWriter) bool { w.WriteHeader(http.StatusServiceUnavailable); return true }
		}, 0x801901F7, ""},
		{"never ends", func(f *fake) {
			f.reply = func(_, out *syncml.Message) { out.Commands = append(out.Commands, get("./DevInfo/DmV")) }
		}, 0x800704C7, "more to say"},
		{"challenge without end", func(f *fake) {
			f.reply = func(_, out *syncml.Message) {
				out.Commands[0].Data = "401"
				out.Commands[0].Chal = &syncml.Meta{Format: "b64", Type: "syncml:auth-md5", NextNonce: "bm9uY2U="}
			}
		}, 0x80190191, "credentials"},
		{"challenge for basic", func(f *fake) {
			f.reply = func(_, out *syncml.Message) {
				out.Commands[0].Data = "407"
				out.Commands[0].Chal = &syncml.Meta{Format: "b64", Type: "syncml:auth-basic"}
			}
		}, 0x80190191, "auth-basic"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			tt.spoil(f)
			a := f.enrolled(agent.Windows10Pro("pc.example"))
			_, err := a.Poll(context.Background(), nil)
			if got := agent.HResult(err); got != tt.want || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error is %v, want 0x%08X with %q", err, tt.want, tt.text)
			}
			if !a.State().LastPoll.IsZero() {
				t.Error("the session counts as complete")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.http = func(_ int, w http.ResponseWriter) bool {
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	_, err := f.enrolled(agent.Windows10Pro("pc.example")).Poll(context.Background(), nil)
	var e *agent.Error
	if !errors.As(err, &e) || e.RetryAfter != 90*time.Second || e.HResult != 0x801901AD {
		t.Errorf("error is %v", err)
	}
}
