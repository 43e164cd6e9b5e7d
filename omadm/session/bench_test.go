package session_test

import (
	"fmt"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/syncml"
)

// BenchmarkPoll is a session of two messages each way, without TLS: package 1, and
// the answers to 12 Gets, after which there is nothing to say.
func BenchmarkPoll(b *testing.B) {
	for _, enc := range []syncml.Encoding{syncml.XML, syncml.WBXML} {
		b.Run(enc.ContentType()[len("application/vnd.syncml.dm+"):], func(b *testing.B) {
			w := newWorld(b, session.Limits{})
			var batch []device.Command
			answers := []string{"1 Status 1/0 SyncHdr 200"}
			for i := range 12 {
				uri := fmt.Sprintf("./Vendor/MSFT/Update/Node%d", i)
				batch = append(batch, device.Command{Verb: device.Get, URI: uri})
				answers = append(answers, fmt.Sprintf("%d Status 1/%d Get 200", 2*i+2, i+4), fmt.Sprintf("%d Results 1/%d %s int \"12\"", 2*i+3, i+4, uri))
			}
			var posts [][]byte
			for i, body := range [][]string{package1, append(answers, "Final")} {
				p, err := enc.Encode(message(b, "D1", "1", i+1, body...))
				if err != nil {
					b.Fatal(err)
				}
				posts = append(posts, p)
			}
			env := envelope{certificate: "D1", encoding: enc}
			b.ReportAllocs()
			for b.Loop() {
				w.script.say, w.script.calls = [][]device.Command{batch}, nil
				for _, p := range posts {
					if rec := w.post(env, p); rec.Code != 200 {
						b.Fatal(rec.Body)
					}
				}
			}
			if len(w.ended) == 0 || !w.ended[0].Complete {
				b.Error("no session ended")
			}
		})
	}
}
