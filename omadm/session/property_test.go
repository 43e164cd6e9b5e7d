package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
)

// TestAnswersArrive plays random batches to a device that splits its packages,
// leaves Statuses out, loses answers and repeats, aborts, keeps the server
// waiting, and to a server that dies. Whatever happens: a dialogue is answered to
// each command of a batch in order, with what the device answered or Status 0; it
// is closed once; and no command with Once set is done twice, nor without being
// noted first.
func TestAnswersArrive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, session.Limits{Message: int64(rapid.IntRange(1_200, 4_000).Draw(rt, "message"))})
		p := &player{rt: rt, w: w, noted: map[int64]bool{}, done: map[int64]int{}, seen: map[string]bool{}, values: map[string]*given{}}
		w.open = p.open
		for n := rapid.IntRange(1, 4).Draw(rt, "sessions"); n > 0; n-- {
			p.session()
		}
		p.calm = true
		p.session()
		if p.last == nil || !p.last.closed || !p.last.complete {
			rt.Fatal("the last session did not end well")
		}
		for n, times := range p.done {
			if times > 1 || !p.noted[n] {
				rt.Fatalf("command %d was done %d times, noted %t", n, times, p.noted[n])
			}
		}
	})
}

// player is both ends: the device and what is said to it.
type player struct {
	rt   *rapid.T
	w    *world
	calm bool // nothing goes wrong any more

	number int // of URIs and Once commands
	noted  map[int64]bool
	done   map[int64]int
	last   *talk

	// Of the device.
	sessionID int
	msgID     int
	env       envelope
	seen      map[string]bool // messages of the server that it took
	values    map[string]*given
}

// given is what the device answered to the command of a node, as far as its
// messages arrived.
type given struct {
	status device.Status
	data   string
}

// talk is one dialogue.
type talk struct {
	p                *player
	batches          int
	batch            []device.Command
	large            bool
	closed, complete bool
}

func (p *player) chance(label string, percent int) bool {
	return !p.calm && rapid.IntRange(1, 100).Draw(p.rt, label) <= percent
}

func (p *player) open(device.Enrollment, session.Opening) (session.Dialogue, error) {
	if p.last != nil && !p.last.closed {
		p.rt.Fatal("a dialogue was opened before the last one was closed")
	}
	p.last = &talk{p: p, batches: rapid.IntRange(0, 3).Draw(p.rt, "batches"), large: rapid.Bool().Draw(p.rt, "large")}
	return p.last, nil
}

func (d *talk) LargeObjects() bool { return d.large }

func (d *talk) Next(_ context.Context, answers []device.Answer) ([]device.Command, error) {
	d.check(answers)
	d.batch = nil
	if d.batches == 0 {
		return nil, nil
	}
	d.batches--
	for n := rapid.IntRange(1, 6).Draw(d.p.rt, "commands"); n > 0; n-- {
		d.batch = append(d.batch, d.p.command(true))
	}
	return d.batch, nil
}

// command makes a command for a node of its own.
func (p *player) command(outer bool) device.Command {
	p.number++
	c := device.Command{URI: fmt.Sprintf("./N%d", p.number)}
	verbs := []device.Verb{device.Get, device.Replace, device.Exec}
	if outer {
		verbs = append(verbs, device.Atomic, device.Sequence)
	}
	switch c.Verb = rapid.SampledFrom(verbs).Draw(p.rt, "verb"); c.Verb {
	case device.Atomic, device.Sequence:
		c.URI = ""
		for n := rapid.IntRange(1, 3).Draw(p.rt, "inner"); n > 0; n-- {
			c.Commands = append(c.Commands, p.command(false))
		}
	case device.Exec:
		c.Once = int64(p.number)
	case device.Replace:
		c.Format = device.Chr
		c.Data = strings.Repeat("ü&", rapid.IntRange(0, 1_500).Draw(p.rt, "length"))
	}
	return c
}

func (d *talk) check(answers []device.Answer) {
	if d.closed {
		d.p.rt.Fatal("a closed dialogue was called")
	}
	if len(answers) != len(d.batch) {
		d.p.rt.Fatalf("%d answers to %d commands", len(answers), len(d.batch))
	}
	for i, a := range answers {
		d.checkAnswer(d.batch[i], a)
	}
}

func (d *talk) checkAnswer(c device.Command, a device.Answer) {
	if diff := cmp.Diff(c, a.Command); diff != "" || len(a.Commands) != len(c.Commands) {
		d.p.rt.Fatalf("an answer of another command: %s", diff)
	}
	for i, in := range a.Commands {
		d.checkAnswer(c.Commands[i], in)
	}
	if c.URI == "" {
		return
	}
	want := d.p.values[c.URI]
	switch {
	case want == nil:
		if a.Status != 0 && a.Status != device.TooLarge {
			d.p.rt.Fatalf("%s has Status %d without an answer of the device", c.URI, a.Status)
		}
	case a.Status != want.status || c.Verb == device.Get && (len(a.Items) != 1 || a.Items[0].Data != want.data):
		d.p.rt.Fatalf("%s has Status %d and items %v, want %+v", c.URI, a.Status, a.Items, want)
	}
}

func (d *talk) Heard(context.Context, device.Alert) error { return nil }

func (d *talk) Sending(_ context.Context, once []int64) error {
	for _, n := range once {
		if d.p.noted[n] {
			d.p.rt.Fatalf("command %d is noted twice", n)
		}
		d.p.noted[n] = true
	}
	return nil
}

func (d *talk) Close(_ context.Context, complete bool, answers []device.Answer) error {
	if len(answers) > 0 || !complete {
		d.check(answers)
	}
	if d.closed {
		d.p.rt.Fatal("closed twice")
	}
	d.closed, d.complete = true, complete
	return nil
}

// session plays a session of the device, to its end or to where it breaks off.
func (p *player) session() {
	p.sessionID++
	p.msgID = 0
	p.env = envelope{certificate: "D1", encoding: rapid.SampledFrom([]syncml.Encoding{syncml.XML, syncml.WBXML}).Draw(p.rt, "encoding")}
	answer := p.send([]string{"1 Alert 1201", "Final"}, nil)
	for range 500 {
		if p.chance("break", 5) {
			return
		}
		out, final := p.work(answer)
		if out == nil {
			return
		}
		if p.chance("abort", 3) {
			p.send([]string{"1 Alert 1223", "Final"}, nil)
			return
		}
		answer = p.sendPackage(out, final, answer)
	}
	p.rt.Fatal("the session does not end")
}

// reply is a line of the device's answer and what it tells.
type replyLine struct {
	text string
	uri  string
	then given
}

// work does what a message says and returns what there is to answer; nil ends
// the session.
func (p *player) work(m *syncml.Message) (out []replyLine, final bool) {
	out = []replyLine{{text: fmt.Sprintf("Status %s/0 SyncHdr 200", m.Header.MsgID)}}
	commands := 0
	fresh := p.take(m)
	for i := range m.Commands {
		c := &m.Commands[i]
		if c.Kind == syncml.Status {
			continue
		}
		commands++
		out = append(out, p.do(m, c, fresh)...)
	}
	if commands == 0 && m.Final {
		return nil, false
	}
	if !m.Final {
		out = append(out, replyLine{text: "Alert 1222"})
	}
	return out, true
}

// take reports whether a message is new to the device.
func (p *player) take(m *syncml.Message) bool {
	key := m.Header.SessionID + "/" + m.Header.MsgID
	fresh := !p.seen[key]
	p.seen[key] = true
	return fresh
}

func (p *player) do(m *syncml.Message, c *syncml.Command, fresh bool) (out []replyLine) {
	if c.Kind == syncml.Alert {
		return nil
	}
	it := syncml.Item{}
	uri := ""
	if len(c.Items) > 0 {
		it, uri = c.Items[0], c.Items[0].Target.URI
	}
	if c.Kind == syncml.Exec && fresh {
		var n int64
		if _, err := fmt.Sscanf(uri, "./N%d", &n); err != nil {
			p.rt.Fatal(err)
		}
		if p.done[n]++; !p.noted[n] {
			p.rt.Fatalf("command %d went out before it was noted", n)
		}
	}
	status := rapid.SampledFrom([]device.Status{200, 404, 500}).Draw(p.rt, "status")
	if it.MoreData {
		status = device.ChunkAccepted
	}
	if !p.chance("silent", 10) {
		out = append(out, replyLine{fmt.Sprintf("Status %s/%s %s %d", m.Header.MsgID, c.CmdID, c.Kind, status), uri, given{status: status}})
		if c.Kind == syncml.Get {
			data := fmt.Sprint("value of ", uri)
			out = append(out, replyLine{fmt.Sprintf("Results %s/%s %s %q", m.Header.MsgID, c.CmdID, uri, data), uri, given{status, data}})
		}
	}
	for i := range c.Commands {
		out = append(out, p.do(m, &c.Commands[i], fresh)...)
	}
	return out
}

// sendPackage sends an answer in one message or more.
func (p *player) sendPackage(out []replyLine, final bool, last *syncml.Message) *syncml.Message {
	for len(out) > 0 {
		if p.chance("wait", 10) {
			last = p.send([]string{`1 Alert 1224 com.microsoft.mdm.requestpending "1"`}, nil)
			if p.over(last) {
				return last
			}
		}
		n := len(out)
		if p.chance("split", 30) {
			n = rapid.IntRange(1, n).Draw(p.rt, "part")
		}
		var body []string
		for i, l := range out[:n] {
			body = append(body, fmt.Sprintf("%d %s", i+1, l.text))
		}
		part := out[:n]
		if out = out[n:]; len(out) == 0 {
			body = append(body, "Final")
		}
		last = p.send(body, part)
		if len(out) > 0 && p.over(last) {
			return last
		}
	}
	return last
}

// over reports whether the server ended the session: it does not ask for more.
func (p *player) over(m *syncml.Message) bool {
	c := m.Commands[len(m.Commands)-1]
	return m.Final && c.Kind == syncml.Status && p.last.closed
}

// send sends a message, again where its answer is lost, to a server that may
// have died before.
func (p *player) send(body []string, tells []replyLine) *syncml.Message {
	p.msgID++
	if p.chance("die", 3) {
		p.w.restart()
		if p.last != nil {
			p.last.closed = true // nobody will
			p.last = &talk{p: p, closed: true}
		}
	}
	if p.last != nil && !p.last.closed {
		for _, l := range tells {
			if l.uri != "" && l.then.status != device.ChunkAccepted {
				g := l.then
				p.values[l.uri] = &g
			}
		}
	}
	m := message(p.w.tb, "D1", fmt.Sprint(p.sessionID), p.msgID, body...)
	answer := p.w.send(p.env, m)
	if b, err := p.env.encoding.Encode(answer); err != nil || int64(len(b)) > p.w.limits.Message {
		p.rt.Fatalf("an answer of %d bytes, more than %d: %v", len(b), p.w.limits.Message, err)
	}
	for p.chance("lose", 15) {
		anew := p.msgID == 1 && p.last.closed // a session of one message is run again
		again := p.w.send(p.env, m)
		if !anew && !cmp.Equal(again, answer) {
			p.rt.Fatalf("a message that came again was answered otherwise: %s", cmp.Diff(answer, again))
		}
		answer = again
	}
	return answer
}
