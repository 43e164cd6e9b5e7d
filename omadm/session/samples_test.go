package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
	"sluice/wsus/update/samples"
)

// recorded is a message that was recorded of a device, or made after one, and
// what it is to be answered by a device's session that has come as far.
type recorded struct {
	name   string
	device string
	// before is how many messages the session had before; the last of them is
	// answered with ask.
	before  int
	session string
	first   int // CmdID of what was asked, 5 where 0
	ask     []device.Command
	want    []string
	calls   []string // after those of the messages before
}

var recordings = []recorded{
	{
		name: "win10-19043-package1-nocred", device: "B5B954E81FBCB94EB79BD08BE625F4EE",
		want: []string{"1 Status 1/0 SyncHdr 200", "2 Status 1/2 Alert 200", "3 Status 1/3 Alert 200", "4 Status 1/4 Replace 200", "Final"},
		calls: []string{
			"open id-B5B954E81FBCB94EB79BD08BE625F4EE",
			`  item ./DevInfo/DevId chr "B5B954E81FBCB94EB79BD08BE625F4EE"`, `  item ./DevInfo/Man chr "VMware, Inc."`,
			`  item ./DevInfo/Mod chr "VMware7,1"`, `  item ./DevInfo/DmV chr "1.3"`, `  item ./DevInfo/Lang chr "en-US"`,
			`  alert 1224 com.microsoft/MDM/LoginStatus [chr com.microsoft/MDM/LoginStatus "user"]`,
			"next", "close complete=true",
		},
	}, {
		name: "win10-19043-unenroll-1226", device: "B5B954E81FBCB94EB79BD08BE625F4EE",
		want: []string{"1 Status 1/0 SyncHdr 200", "2 Status 1/2 Alert 200", "3 Status 1/3 Alert 200", "4 Status 1/4 Alert 200", "5 Status 1/5 Replace 200", "Final"},
		calls: []string{
			"open id-B5B954E81FBCB94EB79BD08BE625F4EE",
			`  item ./DevInfo/DevId chr "B5B954E81FBCB94EB79BD08BE625F4EE"`, `  item ./DevInfo/Man chr "VMware, Inc."`,
			`  item ./DevInfo/Mod chr "VMware7,1"`, `  item ./DevInfo/DmV chr "1.3"`, `  item ./DevInfo/Lang chr "en-US"`,
			`  alert 1224 com.microsoft/MDM/LoginStatus [chr com.microsoft/MDM/LoginStatus "user"]`,
			`  alert 1226 com.microsoft:mdm.unenrollment.userrequest [int com.microsoft:mdm.unenrollment.userrequest "1"]`,
			"close complete=true",
		},
	}, {
		name: "reconstructed-win11-26200-unenroll-1226", device: "0123456789ABCDEF0123456789ABCDEF",
		want: []string{"1 Status 1/0 SyncHdr 200", "2 Status 1/2 Alert 200", "3 Status 1/3 Alert 200", "4 Status 1/4 Alert 200", "5 Status 1/5 Replace 200", "Final"},
		calls: []string{
			"open id-0123456789ABCDEF0123456789ABCDEF",
			`  item ./DevInfo/DevId chr "0123456789ABCDEF0123456789ABCDEF"`, `  item ./DevInfo/Man chr "Example Manufacturer"`,
			`  item ./DevInfo/Mod chr "Conformance Device"`, `  item ./DevInfo/DmV chr "1.3"`, `  item ./DevInfo/Lang chr "en-US"`,
			`  alert 1224 com.microsoft/MDM/LoginStatus [chr com.microsoft/MDM/LoginStatus "user"]`,
			`  alert 1226 com.microsoft:mdm.unenrollment.userrequest [int com.microsoft:mdm.unenrollment.userrequest "1"]`,
			"close complete=true",
		},
	}, {
		name: "reconstructed-win11-26200-package1-digest", device: "0123456789ABCDEF0123456789ABCDEF",
		want: []string{"1 Status 2/0 SyncHdr 212", "2 Status 2/2 Alert 200", "3 Status 2/3 Alert 200", "4 Status 2/4 Replace 200", "Final"},
		calls: []string{
			"open id-0123456789ABCDEF0123456789ABCDEF",
			`  item ./DevInfo/DevId chr "0123456789ABCDEF0123456789ABCDEF"`, `  item ./DevInfo/Man chr "Example Manufacturer"`,
			`  item ./DevInfo/Mod chr "Conformance Device"`, `  item ./DevInfo/DmV chr "1.3"`, `  item ./DevInfo/Lang chr "en-US"`,
			`  alert 1224 com.microsoft/MDM/LoginStatus [chr com.microsoft/MDM/LoginStatus "user"]`,
			"next", "close complete=true",
		},
	}, {
		name: "reconstructed-win-error-then-credentials", device: "0123456789ABCDEF0123456789ABCDEF",
		want: []string{"1 Status 2/0 SyncHdr 212", "2 Status 2/2 Alert 200", "3 Status 2/3 Alert 200", "4 Status 2/4 Replace 200", "Final"},
		calls: []string{
			"open id-0123456789ABCDEF0123456789ABCDEF",
			`  item ./DevInfo/DevId chr "0123456789ABCDEF0123456789ABCDEF"`, `  item ./DevInfo/Man chr "Example Manufacturer"`,
			`  item ./DevInfo/Mod chr "Conformance Device"`, `  item ./DevInfo/DmV chr "1.3"`, `  item ./DevInfo/Lang chr "en-US"`,
			`  item ./Vendor/MSFT/DMClient/HWDevID chr "0011223300112233001122330011223300112233001122330011223300112233"`,
			`  alert 1224 com.microsoft/MDM/LoginStatus [chr com.microsoft/MDM/LoginStatus "user"]`,
			"next", "close complete=true",
		},
	}, {
		name: "reconstructed-win11-26200-results-single", device: "0123456789ABCDEF0123456789ABCDEF",
		before: 2, session: "3", ask: []device.Command{{Verb: device.Get, URI: "./DevInfo/Man"}},
		want:  []string{"1 Status 3/0 SyncHdr 212", "Final"},
		calls: []string{"next", `  Get ./DevInfo/Man -> 200 [./DevInfo/Man chr "Example Manufacturer"]`, "close complete=true"},
	}, {
		name: "reconstructed-win11-26200-results-multi-item-get", device: "0123456789ABCDEF0123456789ABCDEF",
		before: 2, session: "5", ask: []device.Command{{Verb: device.Get, URI: "./DevDetail/SwV"}},
		want: []string{"1 Status 3/0 SyncHdr 212", "Final"},
		calls: []string{"next",
			`  Get ./DevDetail/SwV -> 200 [./DevDetail/SwV chr "10.0.26200.9278"] [./DevDetail/LrgObj bool "false"] [./DevDetail/URI/MaxSegLen int "0"]`,
			"close complete=true"},
	}, {
		name: "reconstructed-win11-26200-session-abort-1223", device: "0123456789ABCDEF0123456789ABCDEF",
		before: 3, session: "4", ask: []device.Command{{Verb: device.Get, URI: "./A"}},
		want:  []string{"1 Status 4/0 SyncHdr 212", "2 Status 4/2 Alert 200", "Final"},
		calls: []string{"close complete=false", "  Get ./A -> 0"},
	}, {
		name: "msmdm-1-client-init", device: "{unique device id}",
		want: []string{"1 Status 1/0 SyncHdr 200", "2 Status 1/2 Alert 200", "3 Status 1/3 Replace 200", "Final"},
		calls: []string{
			"open id-{unique device id}",
			`  item ./DevInfo/DevId chr "{unique device id}"`, `  item ./DevInfo/Man chr "Microsoft Corporation"`,
			`  item ./DevInfo/Mod chr "{operating system description}"`, `  item ./DevInfo/DmV chr "1.3"`, `  item ./DevInfo/Lang chr "en-US"`,
			`  alert 1224 com.microsoft/MDM/LoginStatus [chr com.microsoft/MDM/LoginStatus "user"]`,
			"next", "close complete=true",
		},
	}, {
		name: "msmdm-3-client-results", device: "{unique device id}",
		before: 1, session: "1", first: 4,
		ask:  []device.Command{{Verb: device.Get, URI: "./DevDetail/SwV"}, {Verb: device.Get, URI: "./DevDetail/HwV"}},
		want: []string{"1 Status 2/0 SyncHdr 200", "Final"},
		calls: []string{"next",
			`  Get ./DevDetail/SwV -> 200 [./DevDetail/SwV chr "[software version returned here]"]`,
			`  Get ./DevDetail/HwV -> 200 [./DevDetail/HwV chr "[hardware version returned here]"]`,
			"close complete=true"},
	}, {
		// The device works on what it was told, and the session stays open.
		name: "msmde2-keepalive-requestpending", device: "{unique device ID}",
		before: 1, session: "10", ask: []device.Command{{Verb: device.Get, URI: "./A"}},
		want: []string{"1 Status 2/0 SyncHdr 200", "2 Status 2/2 Alert 200", "Final"},
	},
}

// TestRecordings posts the recorded messages as they are, and as WBXML that
// another implementation wrote.
func TestRecordings(t *testing.T) {
	for _, rec := range recordings {
		for _, form := range []struct {
			path string
			enc  syncml.Encoding
		}{
			{"omadm/syncml/" + rec.name + ".xml", syncml.XML},
			{"omadm/wbxml/from-xml/" + rec.name + ".wbxml", syncml.WBXML},
		} {
			t.Run(rec.name+form.path[strings.LastIndex(form.path, "."):], func(t *testing.T) {
				body := samples.Read(t, form.path)
				w, env := newWorld(t, session.Limits{}), envelope{certificate: rec.device, encoding: form.enc}
				w.enroll(rec.device)
				lead(t, w, env, &rec)
				m := w.sendRaw(env, body)
				if diff := cmp.Diff(rec.want, lines(m)); diff != "" {
					t.Errorf("answer: -want +got\n%s", diff)
				}
				if diff := cmp.Diff(rec.calls, w.script.calls); diff != "" {
					t.Errorf("dialogue: -want +got\n%s", diff)
				}
				if len(w.refused) > 0 {
					t.Errorf("refused %v", w.refused)
				}
			})
		}
	}
}

// lead brings a session as far as the recording needs. What is asked last has the
// CmdIDs from 5 up, or from first, which the recording answers: it comes after the
// Status of the SyncHdr and those of as many alerts as it takes.
func lead(t *testing.T, w *world, env envelope, rec *recorded) {
	for id := 1; id <= rec.before; id++ {
		body, ask := []string{"1 Alert 1201"}, []device.Command{{Verb: device.Get, URI: "./Before"}}
		if id == rec.before {
			ask = rec.ask
			first := rec.first
			if first == 0 {
				first = 5
			}
			for n := 2; n <= first-2; n++ {
				body = append(body, fmt.Sprintf("%d Alert 1222", n))
			}
		}
		if id > 1 {
			body[0] = "1 Alert 1222"
		}
		w.script.say = append(w.script.say, ask)
		w.send(env, message(t, rec.device, rec.session, id, append(body, "Final")...))
	}
	w.script.calls = nil
}

// The package of another client, with MD5 credentials of its first nonce.
func TestOtherClient(t *testing.T) {
	body := samples.Read(t, "omadm/wbxml/libdmclient/package1.wbxml")
	w := newWorld(t, session.Limits{})
	w.enroll("DMCtest")
	e, s := w.fleet["DMCtest"], w.secrets["DMCtest"]
	e.Created = start
	s.ClientA1, s.ClientNonce = a1("funambol", "funambol"), []byte("abcd")
	w.fleet["DMCtest"], w.secrets["DMCtest"] = e, s
	m := w.sendRaw(envelope{encoding: syncml.WBXML}, body)
	want := []string{"1 Status 1/0 SyncHdr 200 chal=syncml:auth-md5", "2 Status 1/1 Alert 200", "3 Status 1/2 Replace 200", "Final"}
	if diff := cmp.Diff(want, lines(m)); diff != "" {
		t.Errorf("answer: -want +got\n%s", diff)
	}
}
