package agent

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// Manner is how a session is to run where it is not as usual. The zero value is
// usual. Messages are counted from 1.
type Manner struct {
	WBXML        bool  // whatever DEFAULTENCODING says
	MaxMsgSize   int64 // announced in the first message; 0: not
	MaxObjSize   int64 // likewise
	LargeObjects bool  // takes and sends values in chunks, as Windows does not

	SessionID     string // 0 means the next number, in hexadecimal digits
	ServerStarted bool   // Alert 1200 in place of 1201
	Alerts        []device.Alert

	NoCertificate bool // shows none over TLS
	Credentials   bool // sends its credentials in the first message, unasked
	Challenge     bool // asks the server for its credentials

	Abort      int  // this message says Alert 1223
	StopBefore int  // this message is not sent
	LoseReply  int  // the answer to this message is lost
	Repeat     int  // this message is sent twice, as by an HTTP retry
	DropLeave  bool // breaks off once the server orders to unenroll
}

// Session is what a session did.
type Session struct {
	ID             string
	Messages       int    // of the device
	Commands       []Done // of the server, as executed
	Sent, Received int64  // bytes of messages
	Took           time.Duration
	Remarks        []string
	Unenrolled     bool // the server ordered it, and it is done
	Restart        bool // the server ordered one
	Renewed        bool // the server ordered a renewal, and it succeeded
}

// Done is a command of the server and what became of it.
type Done struct {
	Command device.Command
	Status  device.Status
}

// session is one session at work.
type session struct {
	agent   *Agent
	account *Account
	manner  Manner
	client  *http.Client
	enc     syncml.Encoding
	out     *Session
	remarks remarks
	tree    *node

	id       string
	msgID    int    // of the message that was sent last
	heard    string // MsgID of the server's last message
	addr     string // where the next message goes
	limit    int64  // MaxMsgSize of the server; 0 for none
	critical bool   // an alert of the session is critical

	queue []syncml.Command // to be sent
	last  []syncml.Command // sent in the last message, without the Status of the header
	hdr   *syncml.Command  // Status of the server's header, to be sent
	more  bool             // the server's package goes on
	// chunking says that a value of the device is being sent in parts.
	chunking bool

	creds   credState
	server  serverState
	object  *object // a value of the server that is still coming
	cause   string  // original error of the command at work
	atomic  bool    // within one
	leaving bool    // ordered to unenroll
	renew   bool    // ordered to renew
}

// Poll opens a session and talks until the server has no more to say. m may be
// nil. The session is never nil; errors are an [*Error]. What the server ordered
// to happen after a session, to renew or to leave, happens before Poll returns.
func (a *Agent) Poll(ctx context.Context, m *Manner) (*Session, error) {
	start := time.Now()
	if m == nil {
		m = &Manner{}
	}
	out := &Session{}
	defer func() { out.Took = time.Since(start) }()
	s, err := a.newSession(*m, out)
	if err != nil {
		return out, err
	}
	err = s.run(ctx)
	s.finish()
	if s.leaving {
		out.Unenrolled = true
		return out, a.leave(ctx, out)
	}
	if err != nil {
		return out, err
	}
	if s.renew {
		if _, err := a.Renew(ctx); err != nil {
			return out, err
		}
		out.Renewed = true
	}
	return out, nil
}

func (a *Agent) newSession(m Manner, out *Session) (*session, error) {
	acc := a.state.Account
	if acc == nil {
		return nil, fail("Poll", hrNotEnrolled, "the device is not enrolled")
	}
	a.state.Sessions++
	s := &session{agent: a, account: acc, manner: m, out: out, id: m.SessionID, addr: acc.Addr}
	if s.id == "" {
		s.id = fmt.Sprintf("%X", a.state.Sessions)
	}
	out.ID = s.id
	s.enc = syncml.XML
	if m.WBXML || acc.Encoding == typeWBXML {
		s.enc = syncml.WBXML
	}
	if m.NoCertificate {
		s.client = a.client(nil)
	} else {
		s.client = a.client(a.identify)
	}
	s.creds.start(&m)
	s.server.wanted = m.Challenge
	s.tree = s.root()
	s.queue = s.packageOne()
	return s, nil
}

func (s *session) finish() {
	s.client.CloseIdleConnections()
	s.out.Messages = s.msgID
	s.out.Remarks = append(s.out.Remarks, s.remarks...)
}

// run exchanges messages until the end of the session.
func (s *session) run(ctx context.Context) error {
	for {
		if s.msgID >= s.agent.cfg.Limits.Messages {
			return fail("Poll", hrCancelled, "the server had more to say after %d messages", s.msgID)
		}
		stop, err := s.turn(ctx)
		if err != nil {
			return err
		}
		if stop {
			s.agent.state.LastPoll = s.agent.cfg.Now()
			s.agent.state.Polls++
			if s.out.Restart {
				s.agent.state.Restarts++
			}
			return nil
		}
	}
}

// turn sends a message and takes the answer.
func (s *session) turn(ctx context.Context) (stop bool, err error) {
	s.msgID++
	if s.msgID == s.manner.StopBefore {
		s.msgID--
		return false, failWith("Poll", hrConnectionAborted, ErrStopped, "before message "+fmt.Sprint(s.msgID+1))
	}
	msg, aborted, err := s.compose()
	if err != nil {
		return false, err
	}
	raw, err := s.enc.Encode(msg)
	if err != nil {
		return false, failWith("Poll", hrInvalidData, err, "write a message")
	}
	ans, err := s.post(ctx, raw)
	if err != nil {
		return false, err
	}
	if s.msgID == s.manner.LoseReply {
		return false, failWith("Poll", hrConnectionAborted, ErrStopped, "the answer to message "+fmt.Sprint(s.msgID)+" is lost")
	}
	if s.msgID == s.manner.Repeat {
		again, err := s.post(ctx, raw)
		if err != nil {
			return false, err
		}
		if string(again.body) != string(ans.body) {
			s.remarks.add("the server answered message %d otherwise when it was repeated", s.msgID)
		}
		ans = again
	}
	reply, err := s.decode(ans)
	if err != nil {
		return false, err
	}
	if aborted != nil {
		return false, aborted
	}
	return s.handle(reply)
}

// post sends a message over HTTP (MS-MDM 2.1).
func (s *session) post(ctx context.Context, raw []byte) (*answer, error) {
	q := request{
		op: "Poll", method: http.MethodPost, url: s.url(), body: raw, kind: s.enc.ContentType(), chunked: true,
		header: http.Header{
			"Content-Type":      {s.enc.ContentType()},
			"Accept":            {"application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml, application/octet-stream"},
			"Accept-Charset":    {"UTF-8"},
			"User-Agent":        {"MSFT OMA DM Client/1.2.0.1"},
			"client-request-id": {s.requestID()},
			"MS-CV":             {strings.ReplaceAll(s.agent.newID(), "-", "")[:22] + ".0"},
		},
	}
	if s.critical {
		q.header["MDM-GenericAlert"] = []string{"<" + unenrollType + ">"}
	}
	ans, err := s.agent.do(ctx, s.client, q)
	if err != nil {
		return nil, err
	}
	s.out.Sent += int64(len(raw))
	s.out.Received += int64(len(ans.body))
	if ans.status != http.StatusOK {
		return nil, statusError("Poll", ans, s.agent.cfg.Now())
	}
	if ans.unknown {
		s.remarks.add("an answer has no Content-Length")
	}
	return ans, q.check(ans)
}

// url is the server's address with the parameters that Windows adds.
func (s *session) url() string {
	mode := "Machine"
	if s.agent.cfg.Machine.LoggedIn {
		mode = "Maintenance"
	}
	sep := "?"
	if strings.Contains(s.addr, "?") {
		sep = "&"
	}
	return s.addr + sep + "mode=" + mode + "&Platform=WoA"
}

func (s *session) requestID() string {
	if id := s.account.DMClient["EntDMID"]; id != "" {
		return id
	}
	return "0"
}

// Media types of messages.
const (
	typeXML   = "application/vnd.syncml.dm+xml"
	typeWBXML = "application/vnd.syncml.dm+wbxml"
)

const unenrollType = "com.microsoft:mdm.unenrollment.userrequest"

// Unenroll leaves the server, as a person does in Settings: a session with Alert
// 1226, after which the account and everything that the server set is gone,
// whatever the server answered.
func (a *Agent) Unenroll(ctx context.Context) (*Session, error) {
	start := time.Now()
	out := &Session{}
	if a.state.Account == nil {
		return out, fail("Poll", hrNotEnrolled, "the device is not enrolled")
	}
	err := a.leave(ctx, out)
	out.Took = time.Since(start)
	return out, err
}

// leave opens the session of an unenrollment and forgets the account. What the
// server commands in it is not done.
func (a *Agent) leave(ctx context.Context, out *Session) error {
	last := &Session{}
	alert := device.Alert{Code: 1226, Type: unenrollType, Items: []device.Item{{Format: device.Int, Data: "1"}}}
	s, err := a.newSession(Manner{Alerts: []device.Alert{alert}}, last)
	if err != nil {
		return err
	}
	s.critical = a.cfg.Machine.Version.Build() >= 22000
	_, err = s.turn(ctx)
	s.finish()
	out.Messages += last.Messages
	out.Sent, out.Received = out.Sent+last.Sent, out.Received+last.Received
	out.Remarks = append(out.Remarks, last.Remarks...)
	if out.ID == "" {
		out.ID = last.ID
	}
	a.state.forget()
	a.link.cache = nil
	a.cfg.Log.Info("unenrolled", "device", a.cfg.Machine.DeviceID)
	return err
}
