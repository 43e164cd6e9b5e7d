package agent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/agent"
	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// TestCredentials is challenged. The md5 credentials are those of another
// program for "device name", "device secret" and the first nonce.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		basic bool
		last  string // what the server answers to good credentials
		creds []bool // messages with credentials
	}{
		{"md5 for the session", false, "212", []bool{false, true, false}},
		{"md5 in every message", false, "200", []bool{false, true, true}},
		{"basic", true, "212", []bool{false, true, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			kind := "syncml:auth-md5"
			if tt.basic {
				kind = "syncml:auth-basic"
				f.document = func(doc string) string {
					at := strings.Index(doc, "APPSRV")
					return doc[:at] + strings.NewReplacer("DIGEST", "BASIC", `<parm name="AAUTHDATA" value="ZGV2aWNlIG5vbmNl"/>`, "").Replace(doc[at:])
				}
			}
			nonces := []string{"bm9uY2UgMQ==", "bm9uY2UgMg==", "bm9uY2UgMw=="}
			f.reply = func(in, out *syncml.Message) {
				if f.n == 1 {
					out.Commands = []syncml.Command{out.Commands[0]}
					out.Commands[0].Data = "407"
				} else {
					out.Commands[0].Data = tt.last
				}
				out.Commands[0].Chal = &syncml.Meta{Format: "b64", Type: kind, NextNonce: nonces[f.n-1]}
				if f.n == 2 {
					out.Commands = append(out.Commands, get("./DevInfo/DmV"))
				}
			}
			a := f.enrolled(agent.Windows10Pro("pc.example"))
			if _, err := a.Poll(context.Background(), &agent.Manner{NoCertificate: true}); err != nil {
				t.Fatal(err)
			}
			if len(f.certs) > 0 {
				t.Error("a certificate was shown")
			}
			var creds []bool
			for _, m := range f.seen {
				creds = append(creds, m.Header.Cred != nil)
				if named := m.Header.Source.Name == "device name"; named != (m.Header.MsgID != "1") {
					t.Errorf("LocName of message %s is %q", m.Header.MsgID, m.Header.Source.Name)
				}
			}
			if diff := cmp.Diff(tt.creds, creds); diff != "" {
				t.Errorf("credentials in messages (-want +got):\n%s", diff)
			}
			want := "E823ktsEKdoo13YAV1cBHw=="
			if tt.basic {
				want = "ZGV2aWNlIG5hbWU6ZGV2aWNlIHNlY3JldA=="
			}
			if got := f.seen[1].Header.Cred; got.Data != want || got.Type != kind || got.Format != "b64" {
				t.Errorf("credentials are %+v, want %s", got, want)
			}
			// Package 1 came again in the same session, after a Status.
			if got := f.seen[1]; got.Header.SessionID != f.seen[0].Header.SessionID || got.Commands[0].Kind != syncml.Status || got.Commands[1].Data != "1201" {
				t.Errorf("second message is %+v", got)
			}
			if got := string(a.State().Account.Client.Nonce); got != "nonce 3" {
				t.Errorf("nonce for the next session is %q", got)
			}
		})
	}
}

// TestDigest checks vectors of another implementation.
func TestDigest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, secret, nonce, want string }{
		{"funambol", "funambol", "abcd", "qc1Pn76nCPjKO4kdtlAfSg=="},
		{"devname", "s3cret", "c2x1aWNlbm9uY2UwMDAx", "0RCQmw/mRWdaxrJXYqu9DA=="},
	} {
		f := newFake(t)
		a := f.enrolled(agent.Windows10Pro("pc.example"))
		a.State().Account.Client = agent.Auth{Type: "DIGEST", Name: tt.name, Secret: tt.secret, Nonce: []byte(tt.nonce)}
		if _, err := a.Poll(context.Background(), &agent.Manner{Credentials: true}); err != nil {
			t.Fatal(err)
		}
		if got := f.seen[0].Header.Cred.Data; got != tt.want {
			t.Errorf("digest of %s is %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestServerProves asks the server for its own credentials.
func TestServerProves(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		make func(nonce string) *syncml.Cred
		ok   bool
	}{
		{"none", func(string) *syncml.Cred { return nil }, false},
		{"wrong", func(string) *syncml.Cred { return &syncml.Cred{Format: "b64", Type: "syncml:auth-md5", Data: "AAAA"} }, false},
		{"right", func(nonce string) *syncml.Cred {
			return &syncml.Cred{Format: "b64", Type: "syncml:auth-md5", Data: serverDigest("fake", "server secret", nonce)}
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.reply = func(in, out *syncml.Message) {
				if f.n <= 2 {
					out.Commands = append(out.Commands, get("./DevInfo/DmV"))
				}
				if f.n == 2 {
					c := in.Commands[0]
					if c.Data != "407" || c.Chal == nil {
						t.Errorf("the device did not ask: %+v", c)
						return
					}
					out.Header.Cred = tt.make(c.Chal.NextNonce)
				}
			}
			a := f.enrolled(agent.Windows10Pro("pc.example"))
			_, err := a.Poll(context.Background(), &agent.Manner{Challenge: true})
			if (err == nil) != tt.ok {
				t.Errorf("error is %v", err)
			}
			if tt.ok {
				if diff := cmp.Diff([]string{"Get 200", "= ./DevInfo/DmV chr 1.3"}, f.answers()); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if got := f.seen[2].Commands[0].Data; got != "212" {
					t.Errorf("the device answered %s to good credentials", got)
				}
			}
		})
	}
}

func TestWBXML(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.say = [][]syncml.Command{{get("./DevInfo/DmV"), cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "22")}}
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	if _, err := a.Poll(context.Background(), &agent.Manner{WBXML: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Get 200", "= ./DevInfo/DmV chr 1.3", "Replace 200"}, f.answers()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	last := f.requests[len(f.requests)-1]
	if got := last.Header.Get("Content-Type"); got != "application/vnd.syncml.dm+wbxml" || last.Request[0] != 0x02 {
		t.Errorf("the message is %s: % x", got, last.Request[:4])
	}
}

// TestBrokenOff ends sessions before they are done.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		manner agent.Manner
		heard  int // messages that reached the server
		done   bool
	}{
		{"not sent", agent.Manner{StopBefore: 2}, 1, true},
		{"first not sent", agent.Manner{StopBefore: 1}, 0, false},
		{"answer lost", agent.Manner{LoseReply: 1}, 1, false},
		{"second answer lost", agent.Manner{LoseReply: 2}, 2, true},
		{"aborted", agent.Manner{Abort: 2}, 2, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.say = [][]syncml.Command{{cmd(syncml.Replace, config+"Update/DetectionFrequency", "int", "22")}}
			a := f.enrolled(agent.Windows10Pro("pc.example"))
			s, err := a.Poll(context.Background(), &tt.manner)
			if !errors.Is(err, agent.ErrStopped) {
				t.Errorf("error is %v", err)
			}
			if len(f.seen) != tt.heard || s.Messages != tt.heard {
				t.Errorf("%d messages reached the server, %d sent", len(f.seen), s.Messages)
			}
			if _, ok := a.Policy("Update", "DetectionFrequency"); ok != tt.done {
				t.Errorf("the command was done: %v", ok)
			}
			if tt.manner.Abort > 0 {
				m := f.seen[1]
				if c := m.Commands[len(m.Commands)-1]; c.Kind != syncml.Alert || c.Data != "1223" || !m.Final {
					t.Errorf("the last message ends in %+v", c)
				}
			}
			first := s.ID
			if s, err = a.Poll(context.Background(), nil); err != nil || s.ID == first {
				t.Errorf("the next session is %q after %q: %v", s.ID, first, err)
			}
		})
	}
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.say = [][]syncml.Command{{get("./DevInfo/DmV")}}
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	s, err := a.Poll(context.Background(), &agent.Manner{Repeat: 1})
	if err != nil {
		t.Fatal(err)
	}
	if string(f.requests[len(f.requests)-1].Request) != string(f.requests[len(f.requests)-2].Request) {
		t.Error("the repeated message is another one")
	}
	if !strings.Contains(strings.Join(s.Remarks, "\n"), "when it was repeated") {
		t.Errorf("remarks are %q; the fake server answers each message anew", s.Remarks)
	}
}

func TestSessionID(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	a.State().Sessions = 12
	for _, want := range []string{"D", "xyz"} {
		m := &agent.Manner{}
		if want != "D" {
			m.SessionID, m.ServerStarted = want, true
			m.Alerts = []device.Alert{{Code: 1226, Type: "com.microsoft.mdm.test", Items: []device.Item{{URI: "./Vendor/x", Data: "done"}}}}
		}
		if _, err := a.Poll(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		last := f.seen[len(f.seen)-1]
		if last.Header.SessionID != want {
			t.Errorf("session is %q, want %q", last.Header.SessionID, want)
		}
		if want == "xyz" && (last.Commands[0].Data != "1200" || last.Commands[2].Items[0].Source.URI != "./Vendor/x") {
			t.Errorf("commands are %+v", last.Commands)
		}
	}
}

// TestSmallMessages has a server whose messages are small: what fits goes in
// several, what does not ends the session on Windows, and goes in chunks
// elsewhere.
func TestSmallMessages(t *testing.T) {
	t.Parallel()
	small := func(f *fake, n int64) {
		f.reply = func(_, out *syncml.Message) { out.Header.Meta = &syncml.Meta{MaxMsgSize: n} }
	}
	t.Run("several messages", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		small(f, 1500)
		var list []syncml.Command
		for range 12 {
			list = append(list, get("./DevDetail/SwV"))
		}
		f.say = [][]syncml.Command{list}
		s, err := f.enrolled(agent.Windows10Pro("pc.example")).Poll(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(f.answers()); got != 24 || s.Messages < 4 {
			t.Errorf("%d answers in %d messages", got, s.Messages)
		}
		for _, r := range f.requests[5:] {
			if len(r.Request) > 1500 {
				t.Errorf("a message of %d bytes", len(r.Request))
			}
		}
		for i, m := range f.seen {
			if want := i == 0 || i == len(f.seen)-1; m.Final != want {
				t.Errorf("message %d: Final is %v", i+1, m.Final)
			}
		}
	})
	long := agent.Windows10Pro("pc.example")
	long.Platform = strings.Repeat("Windows & ", 300)
	t.Run("Windows gives up", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		small(f, 2048)
		f.say = [][]syncml.Command{{get("./DevDetail/Ext/Microsoft/OSPlatform")}}
		_, err := f.enrolled(long).Poll(context.Background(), nil)
		if got := agent.HResult(err); got != 0x800704C7 {
			t.Errorf("error is %v", err)
		}
		m := f.seen[len(f.seen)-1]
		if c := m.Commands[len(m.Commands)-1]; c.Data != "1223" {
			t.Errorf("the last command is %+v", c)
		}
	})
	for _, wbxml := range []bool{false, true} {
		t.Run(fmt.Sprintf("chunks, wbxml %v", wbxml), func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			small(f, 2048)
			f.say = [][]syncml.Command{{get("./DevDetail/Ext/Microsoft/OSPlatform"), get("./DevDetail/Ext?list=StructData")}}
			if _, err := f.enrolled(long).Poll(context.Background(), &agent.Manner{LargeObjects: true, WBXML: wbxml}); err != nil {
				t.Fatal(err)
			}
			var whole strings.Builder
			var size int64
			chunks := 0
			for _, m := range f.seen {
				for _, c := range m.Commands {
					if c.Kind == syncml.Results && c.CmdRef == firstGet(f) && c.Items[0].Source.URI == "./DevDetail/Ext/Microsoft/OSPlatform" {
						whole.WriteString(c.Items[0].Data)
						if chunks++; chunks == 1 {
							size = c.Items[0].Meta.Size
						}
					}
				}
			}
			if whole.String() != long.Platform || size != int64(len(long.Platform)) || chunks < 2 {
				t.Errorf("%d bytes in %d chunks, announced %d", whole.Len(), chunks, size)
			}
			for _, r := range f.requests[5:] {
				if len(r.Request) > 2048 {
					t.Errorf("a message of %d bytes", len(r.Request))
				}
			}
		})
	}
}

// firstGet is the CmdID of the first Get of the fake server.
func firstGet(f *fake) string {
	for _, m := range f.seen {
		for _, c := range m.Commands {
			if c.Kind == syncml.Status && c.Cmd == "Get" {
				return c.CmdRef
			}
		}
	}
	return ""
}

// TestServerChunks sends a value in parts.
func TestServerChunks(t *testing.T) {
	t.Parallel()
	const uri = config + "Update/UpdateServiceUrl"
	part := func(data string, size int64, more bool) syncml.Command {
		c := cmd(syncml.Replace, uri, "chr", data)
		c.Items[0].Meta.Size, c.Items[0].MoreData = size, more
		return c
	}
	for _, tt := range []struct {
		name  string
		large bool
		size  int64
		say   [][]syncml.Command
		want  []string
		value string
	}{
		{"whole", true, 0, [][]syncml.Command{{part("http://", 13, true)}, {part("wsus:8", 0, false)}}, []string{"Replace 213", "Replace 200"}, "http://wsus:8"},
		{"Windows", false, 0, [][]syncml.Command{{part("http://", 13, true)}}, []string{"Replace 406"}, ""},
		{"size", true, 0, [][]syncml.Command{{part("http://", 12, true)}, {part("wsus:8", 0, false)}}, []string{"Replace 213", "Replace 424"}, ""},
		{"too large", true, 10, [][]syncml.Command{{part("http://", 13, true)}}, []string{"Replace 413"}, ""},
		{"no end", true, 0, [][]syncml.Command{{part("http://", 13, true)}, {get("./DevInfo/DmV")}}, []string{"Replace 213", "Get 200", "= ./DevInfo/DmV chr 1.3"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.say = tt.say
			f.reply = func(_, out *syncml.Message) {
				last := out.Commands[len(out.Commands)-1]
				out.Final = len(last.Items) == 0 || !last.Items[0].MoreData
			}
			a := f.enrolled(agent.Windows10Pro("pc.example"))
			if _, err := a.Poll(context.Background(), &agent.Manner{LargeObjects: tt.large, MaxObjSize: tt.size}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, f.answers()); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if v, _ := a.Policy("Update", "UpdateServiceUrl"); v != tt.value {
				t.Errorf("the policy is %q, want %q", v, tt.value)
			}
			if tt.name == "no end" {
				if m := f.seen[len(f.seen)-1]; m.Commands[1].Data != "1225" && m.Commands[len(m.Commands)-1].Data != "1225" {
					t.Errorf("no Alert 1225 in %+v", m.Commands)
				}
			}
		})
	}
}
