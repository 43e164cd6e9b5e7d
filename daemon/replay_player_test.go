package daemon_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sluice/daemon"
	"sluice/wsus/soap/soaptest"
	"sluice/wsus/soap/xpress"
)

// exchange is a request and an answer of a recording.
type exchange struct {
	name     string // of the folder, if the next two do not say otherwise
	request  string // folder of the request
	response string // folder of the answer
	call     string // stands in for a request that was not recorded
	answer   string // stands in for an answer that was not recorded; response has its headers
	bare     bool   // sent with no more headers than HTTP asks for
	status   int    // 200 if 0
	cookie   string // stands in for the cookie of the session
}

// difference is one that is known, with the reason for it.
type difference struct {
	exchange string // "" for one of every exchange
	what     string // as of soaptest, or "header"
	path     string // of the element, or the name of the header
	reason   string
}

// recording is a set of exchanges of one client, in their order.
type recording struct {
	files fs.FS
	// requestHeads and answerHeads are by the path of the service the files with
	// headers that stand in where an exchange has none of its own.
	requestHeads, answerHeads map[string]string
}

// services are the paths of services as the agent writes them, by namespace.
var services = map[string]string{
	"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService":     "/ClientWebService/client.asmx",
	"http://www.microsoft.com/SoftwareDistribution/Server/SimpleAuthWebService": "/SimpleAuthWebService/SimpleAuth.asmx",
	"http://www.microsoft.com/SoftwareDistribution":                             "/ReportingWebService/ReportingWebService.asmx",
}

// player is a client that sends the requests of a recording with the cookies of
// the server it talks to.
type player struct {
	tb  testing.TB
	rec recording
	url *url.URL

	conn net.Conn
	in   *bufio.Reader

	cookie, auth, lastChange string // of the last answers
	// occurred is which differences were seen, by exchange, what and path.
	occurred map[[3]string]soaptest.Difference
}

func newPlayer(tb testing.TB, rec recording, addr daemon.Addresses) *player {
	tb.Helper()
	u, err := url.Parse(addr.WSUS)
	if err != nil {
		tb.Fatal(err)
	}
	p := &player{tb: tb, rec: rec, url: u, occurred: make(map[[3]string]soaptest.Difference)}
	tb.Cleanup(p.hangUp)
	return p
}

func (p *player) hangUp() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

func (p *player) file(name string) []byte {
	p.tb.Helper()
	return recorded(p.tb, p.rec.files, name)
}

// recorded reads a file of a recording. One link in it was blackened by those who
// published it, which stands in the document of that update.
func recorded(tb testing.TB, files fs.FS, name string) []byte {
	tb.Helper()
	b, err := fs.ReadFile(files, name)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.ReplaceAll(b, []byte("?LinkId=REDACTED"), []byte("?LinkId=52661"))
}

// play sends a request and notes in what the answer differs.
func (p *player) play(e exchange) {
	p.tb.Helper()
	request, response := e.name, e.name
	if e.request != "" {
		request = e.request
	}
	if e.response != "" {
		response = e.response
	}
	body := []byte(e.call)
	if e.call == "" {
		body = p.file(request + "/request.body")
	}
	body = p.ours(body, e.cookie)
	res, path, answer := p.send(e, request, body)

	want := e.answer
	if want == "" {
		want = strings.ReplaceAll(string(p.file(response+"/response.body")), ":8530/Content/", ":"+p.url.Port()+"/Content/")
	}
	found, err := soaptest.WUSP().Compare([]byte(want), answer)
	if err != nil {
		p.tb.Fatalf("%s: %v", e.name, err)
	}
	for _, d := range found {
		p.occurred[[3]string{e.name, d.What, d.Path}] = d
	}
	if status := max(e.status, http.StatusOK); res.StatusCode != status {
		p.tb.Errorf("%s: status %d, want %d: %.600s", e.name, res.StatusCode, status, answer)
	}
	if res.Close { // net/http takes the header out
		res.Header.Set("Connection", "close")
	}
	p.compareHeaders(e, p.answerHead(response, path), res.Header)
	p.learn(answer)
}

var (
	sealedText     = regexp.MustCompile(`(<EncryptedData>)[^<]*(</EncryptedData>)`)
	authText       = regexp.MustCompile(`(<CookieData>)[^<]*(</CookieData>)`)
	lastChangeText = regexp.MustCompile(`(<lastChange>)[^<]*(</lastChange>)`)
	operation      = regexp.MustCompile(`<(?:s|soap):Body[^>]*><(\w+) xmlns="([^"]*)"`)
)

// ours puts what this server gave out before into a recorded request.
func (p *player) ours(body []byte, cookie string) []byte {
	if cookie == "" {
		cookie = p.cookie
	}
	body = sealedText.ReplaceAll(body, []byte("${1}"+cookie+"${2}"))
	body = authText.ReplaceAll(body, []byte("${1}"+p.auth+"${2}"))
	return lastChangeText.ReplaceAll(body, []byte("${1}"+p.lastChange+"${2}"))
}

// learn keeps what the next requests send back.
func (p *player) learn(answer []byte) {
	root, err := soaptest.Parse(answer)
	if err != nil {
		p.tb.Fatal(err)
	}
	for name, field := range map[string]*string{"EncryptedData": &p.cookie, "CookieData": &p.auth, "LastChange": &p.lastChange} {
		if found := root.Find(name); len(found) > 0 {
			*field = found[0].Text
		}
	}
}

// send writes a request as it was recorded, to the byte, on a connection that
// is kept. The path is that of the service.
func (p *player) send(e exchange, folder string, body []byte) (res *http.Response, path string, answer []byte) {
	p.tb.Helper()
	m := operation.FindSubmatch(body)
	if m == nil {
		p.tb.Fatalf("%s: no operation in %.300s", e.name, body)
	}
	path = services[string(m[2])]
	action := fmt.Sprintf(`SOAPAction: "%s/%s"`, m[2], m[1])
	head := "POST " + path + " HTTP/1.1\r\nHost: 192.0.2.1:8530\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 0\r\n" + action + "\r\n\r\n"
	if !e.bare {
		name := folder + "/request.headers"
		if _, err := fs.Stat(p.rec.files, name); err != nil {
			name = p.rec.requestHeads[path]
		}
		head = regexp.MustCompile(`SOAPAction: [^\r]*`).ReplaceAllLiteralString(string(p.file(name)), action)
	}
	head = regexp.MustCompile(`Content-Length: \d+`).ReplaceAllLiteralString(head, fmt.Sprintf("Content-Length: %d", len(body)))
	if p.conn == nil {
		var err error
		if p.conn, err = net.Dial("tcp", p.url.Host); err != nil {
			p.tb.Fatal(err)
		}
		p.in = bufio.NewReader(p.conn)
	}
	if _, err := p.conn.Write(append([]byte(head), body...)); err != nil {
		p.tb.Fatalf("%s: %v", e.name, err)
	}
	res, err := http.ReadResponse(p.in, nil)
	if err != nil {
		p.tb.Fatalf("%s: %v", e.name, err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		p.tb.Fatalf("%s: %v", e.name, err)
	}
	if n, err := strconv.Atoi(res.Header.Get("Content-Length")); err != nil || n != len(answer) || len(res.TransferEncoding) > 0 {
		p.tb.Errorf("%s: Content-Length %q of %d bytes, transfer encoding %v", e.name, res.Header.Get("Content-Length"), len(answer), res.TransferEncoding)
	}
	if res.Header.Get("Content-Encoding") == "xpress" {
		if answer, err = io.ReadAll(xpress.NewReader(bytes.NewReader(answer))); err != nil {
			p.tb.Fatalf("%s: %v", e.name, err)
		}
	}
	if res.Close {
		p.hangUp()
	}
	return res, path, answer
}

// answerHead returns the headers of a recorded answer, or those that the
// service sent with another one.
func (p *player) answerHead(folder, path string) http.Header {
	p.tb.Helper()
	name := folder + "/response.headers"
	if _, err := fs.Stat(p.rec.files, name); err != nil {
		name = p.rec.answerHeads[path]
	}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(p.file(name))))
	if _, err := r.ReadLine(); err != nil {
		p.tb.Fatal(err)
	}
	head, err := r.ReadMIMEHeader()
	if err != nil {
		p.tb.Fatal(err)
	}
	return http.Header(head)
}

// compareHeaders notes headers that differ. Of those that tell the moment and
// the length it is enough that they are there.
func (p *player) compareHeaders(e exchange, want, got http.Header) {
	note := func(name, detail string) {
		p.occurred[[3]string{e.name, "header", name}] = soaptest.Difference{Path: name, What: "header", Detail: detail}
	}
	if e.bare {
		want.Del("Vary") // there is nothing that it would depend on
	}
	for name := range want {
		w, g := strings.Join(want[name], ", "), strings.Join(got[name], ", ")
		if name == "Date" || name == "Content-Length" {
			w, g = "", strings.Repeat("missing", 1-min(1, len(got[name])))
		}
		if w != g {
			note(name, fmt.Sprintf("recorded %q, got %q", w, g))
		}
	}
	for name := range got {
		if want[name] == nil {
			note(name, fmt.Sprintf("not recorded, got %q", got[name]))
		}
	}
}

// check fails the test on differences that are not known, and on known ones that
// did not occur.
func (p *player) check(known []difference) {
	p.tb.Helper()
	met := make([]bool, len(known))
	for key, d := range p.occurred {
		listed := false
		for i, k := range known {
			if (k.exchange == key[0] || k.exchange == "") && k.what == d.What && k.path == d.Path {
				met[i], listed = true, true
			}
		}
		if !listed {
			p.tb.Errorf("%s: %v", key[0], d)
		}
	}
	for i, k := range known {
		if !met[i] {
			p.tb.Errorf("listed but not met: %+v", k)
		}
	}
}
