package session_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
)

var package1 = []string{`2 Alert 1201`, `3 Replace ./DevInfo/DevId "D1"`, `Final`}

// withMD5 puts credentials into a message.
func withMD5(m *syncml.Message, name, secret, nonce string) *syncml.Message {
	m.Header.Source.Name = name
	m.Header.Cred = &syncml.Cred{Format: "b64", Type: "syncml:auth-md5", Data: digest(name, secret, nonce)}
	return m
}

func withBasic(m *syncml.Message, login string) *syncml.Message {
	m.Header.Cred = &syncml.Cred{Format: "b64", Type: "syncml:auth-basic", Data: base64.StdEncoding.EncodeToString([]byte(login))}
	return m
}

// header returns the Status of the SyncHdr in an answer, and the nonce given.
func header(t *testing.T, m *syncml.Message) (status, nonce string) {
	t.Helper()
	c := m.Commands[0]
	if c.Chal == nil {
		return c.Data, ""
	}
	if c.Chal.Type != "syncml:auth-md5" || c.Chal.Format != "b64" {
		t.Errorf("Chal %+v", c.Chal)
	}
	n, err := base64.StdEncoding.DecodeString(c.Chal.NextNonce)
	if err != nil || len(n) < 16 {
		t.Errorf("NextNonce %q: %v", c.Chal.NextNonce, err)
	}
	return c.Data, string(n)
}

// wantRefused checks that an answer refuses a message and says nothing else, and
// that the appliance heard why.
func wantRefused(t *testing.T, w *world, m *syncml.Message, status string, reason session.Reason) {
	t.Helper()
	if got, _ := header(t, m); got != status || len(m.Commands) != 1 || !m.Final {
		t.Errorf("answer %q, want Status %s alone", lines(m), status)
	}
	var got session.Reason
	if len(w.refused) > 0 {
		got = w.refused[len(w.refused)-1].Reason
	}
	if got != reason {
		t.Errorf("reason %q, want %q", got, reason)
	}
}

func TestDigest(t *testing.T) {
	w := newWorld(t, session.Limits{})
	w.script.say = [][]device.Command{{{Verb: device.Get, URI: "./A"}}}
	none := envelope{}

	m := w.send(none, message(t, "D1", "1", 1, package1...))
	wantRefused(t, w, m, "407", "")
	_, nonce := header(t, m)
	if w.script.calls != nil || nonce == "" {
		t.Fatalf("nonce %q, calls %q", nonce, w.script.calls)
	}

	second := withMD5(message(t, "D1", "1", 2, append([]string{"1 Status 1/0 SyncHdr 200"}, package1...)...), "user-D1", "secret", nonce)
	m = w.send(none, second)
	status, next := header(t, m)
	if want := []string{`1 Status 2/0 SyncHdr 200 chal=syncml:auth-md5`, `2 Status 2/2 Alert 200`, `3 Status 2/3 Replace 200`, `4 Get ./A`, `Final`}; !cmp.Equal(lines(m), want) || next == nonce {
		t.Fatalf("status %s, nonce again %t, answer %s", status, next == nonce, cmp.Diff(want, lines(m)))
	}
	if again := w.send(none, second); !cmp.Equal(again, m) {
		t.Errorf("the message once more: %s", cmp.Diff(m, again))
	}

	// Without credentials and with used ones the session stays as it is.
	third := []string{`1 Status 2/0 SyncHdr 200`, `2 Status 2/4 Get 404`, `Final`}
	wantRefused(t, w, w.send(none, message(t, "D1", "1", 3, third...)), "407", "")
	m = w.send(none, withMD5(message(t, "D1", "1", 3, third...), "user-D1", "secret", nonce))
	wantRefused(t, w, m, "401", session.BadCredentials)
	m = w.send(none, withMD5(message(t, "D1", "1", 5, third...), "user-D1", "secret", next))
	if want := []string{`1 Status 5/0 SyncHdr 200 chal=syncml:auth-md5`, `Final`}; !cmp.Equal(lines(m), want) {
		t.Errorf("end of the session: %s", cmp.Diff(want, lines(m)))
	}
	if len(w.ended) != 1 || !w.ended[0].Complete || w.ended[0].Messages != 2 || w.ended[0].Commands != 1 {
		t.Errorf("ended %+v", w.ended)
	}
}

func TestNonceAges(t *testing.T) {
	for _, tt := range []struct {
		name   string
		wait   time.Duration
		status string
	}{
		{"at once", 0, "200"},
		{"the one before", 2*time.Minute + 30*time.Second, "200"},
		{"too old", 5 * time.Minute, "401"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, session.Limits{})
			_, nonce := header(t, w.send(envelope{}, message(t, "D1", "1", 1, package1...)))
			w.pass(tt.wait)
			if _, newer := header(t, w.send(envelope{}, message(t, "D1", "2", 1, package1...))); tt.wait > 0 && newer == nonce {
				t.Error("no new nonce")
			}
			m := w.send(envelope{}, withMD5(message(t, "D1", "1", 2, package1...), "user-D1", "secret", nonce))
			if got, _ := header(t, m); got != tt.status {
				t.Errorf("status %s, want %s", got, tt.status)
			}
			// Another process does not know it.
			w.restart()
			m = w.send(envelope{}, withMD5(message(t, "D1", "1", 3, package1...), "user-D1", "secret", nonce))
			wantRefused(t, w, m, "401", session.BadCredentials)
		})
	}
}

// The vectors were made with an independent client, whose nonce is that of its
// account: it counts once, and only soon after the enrollment.
func TestFirstNonce(t *testing.T) {
	for _, tt := range []struct{ name, secret, nonce, data string }{
		{"funambol", "funambol", "abcd", "qc1Pn76nCPjKO4kdtlAfSg=="},
		{"devname", "s3cret", "c2x1aWNlbm9uY2UwMDAx", "0RCQmw/mRWdaxrJXYqu9DA=="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, session.Limits{})
			w.enroll(tt.name)
			e, s := w.fleet[tt.name], w.secrets[tt.name]
			e.Created = start.Add(-4 * time.Minute)
			s.ClientName, s.ClientA1, s.ClientNonce = tt.name, a1(tt.name, tt.secret), []byte(tt.nonce)
			w.fleet[tt.name], w.secrets[tt.name] = e, s
			if got := digest(tt.name, tt.secret, tt.nonce); got != tt.data {
				t.Errorf("digest %s, want %s", got, tt.data)
			}
			m := message(t, tt.name, "1", 1, package1...)
			m.Header.Cred = &syncml.Cred{Format: "b64", Type: "syncml:auth-md5", Data: tt.data} // no LocName: the device's own name
			answer := w.send(envelope{}, m)
			if got, next := header(t, answer); got != "200" || next == "" {
				t.Errorf("answer %q", lines(answer))
			}
			m.Header.SessionID = "2"
			wantRefused(t, w, w.send(envelope{}, m), "401", session.BadCredentials)
			w.restart()
			w.pass(2 * time.Minute)
			wantRefused(t, w, w.send(envelope{}, m), "401", session.BadCredentials)
		})
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name      string
		env       envelope
		change    func(w *world, m *syncml.Message)
		status    string
		challenge bool
		reason    session.Reason
	}{
		{"certificate expired", envelope{certificate: "expired"}, nil, "401", false, session.BadCertificate},
		{"certificate of nobody", envelope{certificate: "D9"}, nil, "401", false, session.NotEnrolled},
		{"certificate revoked", envelope{certificate: "revoked"}, nil, "401", false, session.RevokedIdentity},
		{"enrollment ended", envelope{certificate: "ended"}, nil, "401", false, session.EnrollmentOver},
		{"certificate of another device", envelope{certificate: "D2"}, nil, "401", false, session.ForeignDevice},
		{"credentials beside an expired certificate", envelope{certificate: "expired"}, func(_ *world, m *syncml.Message) {
			withMD5(m, "user-D1", "secret", "x")
		}, "401", false, session.BadCertificate},
		{"store down", envelope{certificate: "D1"}, func(w *world, _ *syncml.Message) { w.lookup = errors.New("down") }, "500", false, ""},
		{"store down by name", envelope{}, func(w *world, m *syncml.Message) {
			w.lookup = errors.New("down")
			withMD5(m, "user-D1", "secret", "x")
		}, "500", false, ""},
		{"name of nobody", envelope{}, func(_ *world, m *syncml.Message) { withMD5(m, "user-D9", "secret", "x") }, "401", true, session.BadCredentials},
		{"wrong nonce", envelope{}, func(_ *world, m *syncml.Message) { withMD5(m, "user-D1", "secret", "x") }, "401", true, session.BadCredentials},
		{"first nonce long after", envelope{}, func(_ *world, m *syncml.Message) { withMD5(m, "user-D1", "secret", "first nonce") }, "401", true, session.BadCredentials},
		{"credentials of another device", envelope{tls: true}, func(_ *world, m *syncml.Message) { withBasic(m, "user-D2:secret") }, "401", false, session.ForeignDevice},
		{"basic without TLS", envelope{}, func(_ *world, m *syncml.Message) { withBasic(m, "user-D1:secret") }, "401", true, session.BadCredentials},
		{"basic, wrong secret", envelope{tls: true}, func(_ *world, m *syncml.Message) { withBasic(m, "user-D1:secrets") }, "401", true, session.BadCredentials},
		{"basic, no base64", envelope{tls: true}, func(_ *world, m *syncml.Message) { withBasic(m, "").Header.Cred.Data = "user-D1:secret" }, "401", true, session.BadCredentials},
		{"another kind", envelope{}, func(_ *world, m *syncml.Message) {
			withMD5(m, "user-D1", "secret", "x").Header.Cred.Type = "syncml:auth-MAC"
		}, "401", true, session.BadCredentials},
		{"no secret kept", envelope{tls: true}, func(w *world, m *syncml.Message) {
			w.secrets["D1"] = session.Secrets{}
			withMD5(m, "user-D1", "", "").Header.Cred.Data = ""
		}, "401", true, session.BadCredentials},
		{"no Source", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.Source.URI = "" }, "400", false, session.Malformed},
		{"no Target", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.Target.URI = "" }, "400", false, session.Malformed},
		{"no SessionID", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.SessionID = "" }, "400", false, session.Malformed},
		{"endless SessionID", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.SessionID = strings.Repeat("1", 65) }, "400", false, session.Malformed},
		{"MsgID 0", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.MsgID = "0" }, "400", false, session.Malformed},
		{"MsgID no number", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.MsgID = "one" }, "400", false, session.Malformed},
		{"MsgID too large", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.MsgID = "99999999999999999999" }, "400", false, session.Malformed},
		{"other DTD", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.VerDTD = "1.3" }, "505", false, session.WrongVersion},
		{"other protocol", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Header.VerProto = "DM/1.3" }, "513", false, session.WrongVersion},
		{"no CmdID", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Commands[1].CmdID = "" }, "400", false, session.Malformed},
		{"CmdID 0", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Commands[1].CmdID = "0" }, "400", false, session.Malformed},
		{"CmdID twice", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) { m.Commands[1].CmdID = "2" }, "400", false, session.Malformed},
		{"too many commands", envelope{certificate: "D1"}, func(_ *world, m *syncml.Message) {
			m.Commands = slices.Repeat(m.Commands[:1], 1001)
			for i := range m.Commands {
				m.Commands[i].CmdID = strings.Repeat("1", i%60+1) + string(rune('a'+i/60))
			}
		}, "413", false, session.TooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, session.Limits{})
			w.enroll("D2")
			m := message(t, "D1", "1", 1, package1...)
			if tt.change != nil {
				tt.change(w, m)
			}
			answer := w.send(tt.env, m)
			wantRefused(t, w, answer, tt.status, tt.reason)
			if _, nonce := header(t, answer); (nonce != "") != tt.challenge {
				t.Errorf("challenge %t, want %t", nonce != "", tt.challenge)
			}
			if len(w.script.calls) > 0 || len(w.ended) > 0 {
				t.Errorf("calls %q, ended %v", w.script.calls, w.ended)
			}
		})
	}
}

func TestBasic(t *testing.T) {
	w := newWorld(t, session.Limits{})
	m := w.send(envelope{tls: true}, withBasic(message(t, "D1", "1", 1, package1...), "user-D1:secret"))
	if got, nonce := header(t, m); got != "200" || nonce != "" || len(w.ended) != 1 {
		t.Errorf("answer %q, ended %v", lines(m), w.ended)
	}
}

// A certificate counts whatever Cred says, and the device is told that it need
// not send any.
func TestCredBesideCertificate(t *testing.T) {
	w := newWorld(t, session.Limits{})
	m := w.send(envelope{certificate: "D1"}, withMD5(message(t, "D1", "1", 1, package1...), "user-D1", "wrong", "x"))
	if got, nonce := header(t, m); got != "212" || nonce != "" || len(w.refused) > 0 {
		t.Errorf("answer %q, refused %v", lines(m), w.refused)
	}
}
