package clientsync

import (
	"context"
	"encoding/base64"
	"strconv"
	"sync"
	"time"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/soap"
	"sluice/wsus/update"
)

// keepAnswer is how long the text of an answer may be whose memory is used again.
const keepAnswer = 2 << 20

// answer is the body of an answer that is written by hand: a run of text with
// large cores in it. It goes back to its pool when the handler closes it.
type answer struct {
	soap.Raw
	pool  *sync.Pool
	large int64 // decoded bytes of the large cores

	entries, changed []catalog.Entry // scratch
	cores            [][]byte        // scratch
}

// newAnswer begins the answer of an operation of the client service.
func (s *Server) newAnswer(operation string) *answer {
	a := s.answers.Get().(*answer)
	a.pool = &s.answers
	a.tag("<", operation, `Response xmlns="`, clientSpace, `">`)
	a.tag("<", operation, "Result>")
	return a
}

// end completes the answer that newAnswer began.
func (a *answer) end(operation string) {
	a.tag("</", operation, "Result>")
	a.tag("</", operation, "Response>")
}

// Close gives the answer back.
func (a *answer) Close() error {
	small := a.PlainLen()-a.large <= keepAnswer
	a.Reset()
	clear(a.entries)
	clear(a.changed)
	clear(a.cores)
	a.large, a.entries, a.changed, a.cores = 0, a.entries[:0], a.changed[:0], a.cores[:0]
	if small {
		a.pool.Put(a)
	}
	return nil
}

// tag writes a tag that is given in pieces.
func (a *answer) tag(pieces ...string) {
	a.Append(func(b []byte) []byte {
		for _, p := range pieces {
			b = append(b, p...)
		}
		return b
	})
}

// text writes an element with text in it.
func (a *answer) text(name, value string) {
	a.Append(func(b []byte) []byte { return appendText(b, name, value) })
}

func appendText(b []byte, name, value string) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = soap.AppendEscaped(b, []byte(value))
	return append(append(append(b, '<', '/'), name...), '>')
}

func appendInt(b []byte, name string, n int64) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = strconv.AppendInt(b, n, 10)
	return append(append(append(b, '<', '/'), name...), '>')
}

// revisions writes a list of ints; nothing of an empty one.
func (a *answer) revisions(name string, ids []update.RevisionID) {
	if len(ids) == 0 {
		return
	}
	a.tag("<", name, ">")
	a.Append(func(b []byte) []byte {
		for _, id := range ids {
			b = appendInt(b, "int", int64(id))
		}
		return b
	})
	a.tag("</", name, ">")
}

// cookie writes a Cookie element.
func (a *answer) cookie(name string, expires time.Time, sealed []byte) {
	a.Append(func(b []byte) []byte {
		b = append(append(append(b, '<'), name...), "><Expiration>"...)
		b = expires.UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
		b = append(b, "</Expiration><EncryptedData>"...)
		b = base64.StdEncoding.AppendEncode(b, sealed)
		b = append(b, "</EncryptedData></"...)
		return append(append(b, name...), '>')
	})
}

// newUpdates writes the UpdateInfo of entries with their cores.
func (a *answer) newUpdates(ctx context.Context, s *Server, entries []catalog.Entry, p cookie.Protocol) error {
	var err error
	if a.cores, err = s.cores.load(ctx, a.cores[:0], entries); err != nil {
		return err
	}
	a.tag("<NewUpdates>")
	for i := range entries {
		e := &entries[i]
		a.Append(func(b []byte) []byte { return append(appendEntry(b, e, p), "<Xml>"...) })
		a.core(s, e, a.cores[i])
		a.tag("</Xml></UpdateInfo>")
	}
	a.tag("</NewUpdates>")
	return nil
}

// core writes a core, escaped: the given one if it is small.
func (a *answer) core(s *Server, e *catalog.Entry, small []byte) {
	if e.XpressLen > 0 {
		a.large += e.PlainLen
		a.Add(&largeCore{chunks: s.chunks, entry: *e})
		return
	}
	a.Append(func(b []byte) []byte { return append(b, small...) })
}

// changedUpdates writes the UpdateInfo of entries without their cores.
func (a *answer) changedUpdates(entries []catalog.Entry, p cookie.Protocol) {
	if len(entries) == 0 {
		return
	}
	a.tag("<ChangedUpdates>")
	a.Append(func(b []byte) []byte {
		for i := range entries {
			b = append(appendEntry(b, &entries[i], p), "</UpdateInfo>"...)
		}
		return b
	})
	a.tag("</ChangedUpdates>")
}

// appendEntry appends an UpdateInfo up to where its Xml would stand.
func appendEntry(b []byte, e *catalog.Entry, p cookie.Protocol) []byte {
	b = appendInt(append(b, "<UpdateInfo>"...), "ID", int64(e.Revision))
	b = appendDeployment(b, &e.Deployment, p)
	return appendLeaf(b, e.Leaf)
}

func appendLeaf(b []byte, leaf bool) []byte {
	b = append(b, "<IsLeaf>"...)
	b = strconv.AppendBool(b, leaf)
	return append(b, "</IsLeaf>"...)
}

// appendDeployment appends a Deployment (MS-WUSP 2.2.2.2.4) for a client that
// speaks version p. A client fails to store an update without one.
func appendDeployment(b []byte, d *update.Deployment, p cookie.Protocol) []byte {
	b = appendInt(append(b, "<Deployment>"...), "ID", int64(d.ID))
	b = append(b, "<Action>"...)
	b = append(b, d.Action...)
	b = append(b, "</Action>"...)
	if !d.Deadline.IsZero() {
		b = append(b, "<Deadline>"...)
		b = d.Deadline.UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
		b = append(b, "</Deadline>"...)
	}
	b = append(b, "<IsAssigned>true</IsAssigned><LastChangeTime>"...)
	b = d.Changed.UTC().AppendFormat(b, time.DateOnly)
	b = append(b, "</LastChangeTime>"...)
	if len(d.HardwareID) > 0 && p.AtLeast(1, 6) {
		b = append(b, "<HardwareIds>"...)
		for _, id := range d.HardwareID {
			b = appendText(b, "string", id)
		}
		b = append(b, "</HardwareIds>"...)
	}
	if p.AtLeast(1, 8) {
		b = append(b, "<AutoSelect>0</AutoSelect><AutoDownload>0</AutoDownload><SupersedenceBehavior>0</SupersedenceBehavior>"...)
	}
	return append(b, "</Deployment>"...)
}
