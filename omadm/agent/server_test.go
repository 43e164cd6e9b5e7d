package agent_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/omadm/agent"
	"sluice/omadm/syncml"
)

// clock is when the tests play.
var clock = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// keys are shared by the tests: making one takes long.
var keys = sync.OnceValue(func() *agent.KeyPool {
	p, err := agent.NewKeyPool(2)
	if err != nil {
		panic(err)
	}
	return p
})

// fake is a small management server, written after captured replies.
type fake struct {
	tb      testing.TB
	ts      *httptest.Server
	roots   *x509.CertPool // of the server's own certificate
	ca      *x509.Certificate
	caKey   *ecdsa.PrivateKey
	serial  int64
	life    time.Duration // of device certificates
	subject pkix.Name

	// What a test may change.
	edit     func(op, body string) string // of an answer of enrollment
	document func(string) string          // of the provisioning document, and of that of a renewal
	header   func(op string, h http.Header)
	status   int // of answers of enrollment; 0: 200
	chunked  bool
	say      [][]syncml.Command                             // what the server commands, message by message
	reply    func(in, out *syncml.Message)                  // changes a message of the server
	raw      func(n int, b []byte) []byte                   // changes it as written
	http     func(n int, w http.ResponseWriter) (done bool) // answers itself

	mu       sync.Mutex
	requests []agent.Message
	seen     []*syncml.Message // of the device
	certs    []*x509.Certificate
	n        int // messages in the session
	sent     int // of say
	csr      *x509.CertificateRequest
	name     string // its common name
}

func newFake(tb testing.TB) *fake {
	tb.Helper()
	f := &fake{tb: tb, life: 365 * 24 * time.Hour, subject: pkix.Name{CommonName: "6f0f5b1e"}}
	f.caKey, f.ca = authority(tb, "Test Root")
	leaf := f.issue(tb, &x509.Certificate{
		Subject: pkix.Name{CommonName: "mdm.example"}, DNSNames: []string{"mdm.example", "EnterpriseEnrollment.example"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &f.caKey.PublicKey)
	f.roots = x509.NewCertPool()
	f.roots.AddCert(f.ca)
	pool := x509.NewCertPool()
	pool.AddCert(f.ca)
	f.ts = httptest.NewUnstartedServer(f)
	f.ts.TLS = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: f.caKey}},
		ClientAuth:   tls.RequestClientCert, ClientCAs: pool,
	}
	f.ts.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that a test makes fail
	f.ts.StartTLS()
	tb.Cleanup(f.ts.Close)
	return f
}

func authority(tb testing.TB, name string) (*ecdsa.PrivateKey, *x509.Certificate) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: clock.AddDate(-1, 0, 0), NotAfter: clock.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return key, c
}

func (f *fake) issue(tb testing.TB, t *x509.Certificate, pub any) *x509.Certificate {
	tb.Helper()
	f.serial++
	t.SerialNumber = big.NewInt(100 + f.serial)
	if t.NotBefore.IsZero() {
		t.NotBefore, t.NotAfter = clock.Add(-time.Minute), clock.Add(f.life)
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, t, f.ca, pub, f.caKey)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// config is that of an agent that knows the server.
func (f *fake) config(m agent.Machine) agent.Config {
	return agent.Config{
		Server: "https://mdm.example", Credential: agent.Credential{Name: "user@example", Password: "p&w"},
		Machine: m, Keys: keys().Next, Now: func() time.Time { return clock },
		Transport: &agent.Transport{TLS: &tls.Config{RootCAs: f.roots}, Dial: f.dial},
		OnMessage: func(m agent.Message) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.requests = append(f.requests, m)
		},
	}
}

// dial leads every name to the server.
func (f *fake) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if strings.HasSuffix(addr, ":80") {
		return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("no plain HTTP here")}
	}
	return (&net.Dialer{}).DialContext(ctx, network, f.ts.Listener.Addr().String())
}

func (f *fake) agent(m agent.Machine) *agent.Agent {
	f.tb.Helper()
	a, err := agent.New(f.config(m))
	if err != nil {
		f.tb.Fatal(err)
	}
	return a
}

// enrolled is an agent that was enrolled, as a machine.
func (f *fake) enrolled(m agent.Machine) *agent.Agent {
	f.tb.Helper()
	a := f.agent(m)
	if _, err := a.Enroll(context.Background()); err != nil {
		f.tb.Fatal(err)
	}
	return a
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.tb.Error(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.certs = r.TLS.PeerCertificates
	switch {
	case r.Method == http.MethodGet:
		return
	case strings.HasSuffix(r.URL.Path, "/Discovery.svc"):
		f.answer(w, "Discover", string(body), "discover.xml", nil)
	case strings.HasSuffix(r.URL.Path, "/Policy.svc"):
		f.answer(w, "GetPolicies", string(body), "policies.xml", nil)
	case strings.HasSuffix(r.URL.Path, "/Enrollment.svc"):
		f.token(w, string(body))
	default:
		f.manage(w, r, body)
	}
}

// between is the text between two others.
func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

func (f *fake) answer(w http.ResponseWriter, op, request, file string, replace []string) {
	b := readTestdata(f.tb, file)
	text := strings.NewReplacer(append(replace,
		"$RELATES", between(request, "<a:MessageID>", "</a:MessageID>"),
		"$VERSION", between(request, "<RequestVersion>", "</RequestVersion>"))...).Replace(b)
	if f.edit != nil {
		text = f.edit(op, text)
	}
	w.Header().Set("Content-Type", "application/soap+xml; charset=utf-8")
	if f.header != nil {
		f.header(op, w.Header())
	}
	if f.chunked {
		w.(http.Flusher).Flush()
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	}
	if f.status != 0 {
		w.WriteHeader(f.status)
	}
	_, _ = io.WriteString(w, text)
}

// token issues a certificate and answers with the provisioning document.
func (f *fake) token(w http.ResponseWriter, request string) {
	b64 := between(between(request, "<wst:RequestType>", "</wsse:BinarySecurityToken>"), "base64binary\">", "<")
	der, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		f.tb.Error(err)
	}
	op, file := "Issue", "provision.xml"
	if strings.Contains(request, "200512/Renew<") {
		op, file = "Renew", "renewal.xml"
		if len(f.certs) == 0 {
			f.tb.Error("a renewal without a certificate over TLS")
		}
		der = openRenewal(f.tb, der, f.certs[0])
	}
	pub := f.requestKey(der)
	leaf := f.issue(f.tb, &x509.Certificate{Subject: f.subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, pub)
	var subject string
	for _, p := range f.subject.ToRDNSequence() {
		subject += "," + map[string]string{"2.5.4.3": "CN", "2.5.4.10": "O"}[p[0].Type.String()] + "=" + p[0].Value.(string)
	}
	doc := strings.NewReplacer(
		"$ROOTHASH", hash(f.ca.Raw), "$ROOT", base64.StdEncoding.EncodeToString(f.ca.Raw),
		"$LEAFHASH", hash(leaf.Raw), "$LEAF", base64.StdEncoding.EncodeToString(leaf.Raw),
		"$SUBJECT", url.PathEscape(strings.TrimPrefix(subject, ",")),
	).Replace(readTestdata(f.tb, file))
	if f.document != nil {
		doc = f.document(doc)
	}
	f.answer(w, op, request, "token.xml", []string{"$TOKEN", base64.StdEncoding.EncodeToString([]byte(doc))})
}

func hash(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// requestKey reads a certificate request as Windows makes it, whose name is not
// quite ASN.1, checks its signature and returns its key.
func (f *fake) requestKey(der []byte) any {
	f.tb.Helper()
	printable, utf8 := []byte{0x55, 0x04, 0x03, 0x13}, []byte{0x55, 0x04, 0x03, 0x0C}
	csr, err := x509.ParseCertificateRequest(bytes.Replace(der, printable, utf8, 1))
	if err != nil {
		f.tb.Errorf("certificate request: %v", err)
		return nil
	}
	csr.RawTBSCertificateRequest = bytes.Replace(csr.RawTBSCertificateRequest, utf8, printable, 1)
	if err := csr.CheckSignature(); err != nil {
		f.tb.Errorf("signature of the certificate request: %v", err)
	}
	f.csr, f.name = csr, csr.Subject.CommonName
	f.csr.Raw = der
	return csr.PublicKey
}

// openRenewal checks PKCS #7 with OpenSSL, an implementation of others, and
// returns what is in it.
func openRenewal(tb testing.TB, der []byte, signer *x509.Certificate) []byte {
	tb.Helper()
	tool, err := exec.LookPath("openssl")
	if err != nil {
		tb.Fatal("a renewal is read by openssl; the test asks first whether there is one")
	}
	dir := tb.TempDir()
	in, cert := filepath.Join(dir, "in"), filepath.Join(dir, "cert")
	for name, b := range map[string][]byte{in: der, cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signer.Raw})} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	out, err := exec.Command(tool, "smime", "-verify", "-noverify", "-nointern", "-certfile", cert, "-inform", "DER", "-in", in, "-binary").Output()
	if err != nil {
		tb.Errorf("openssl does not verify the renewal: %v", err)
	}
	return out
}

func readTestdata(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(bytes.TrimSpace(b))
}

// manage answers a message of a session: a Status for each command, then what
// the server has to say.
func (f *fake) manage(w http.ResponseWriter, r *http.Request, body []byte) {
	in, err := syncml.Decode(r.Header.Get("Content-Type"), body)
	if err != nil {
		f.tb.Errorf("message of the device: %v\n%s", err, body)
		return
	}
	if in.Header.MsgID == "1" {
		f.n = 0
	}
	f.n++
	f.seen = append(f.seen, in)
	if f.http != nil && f.http(f.n, w) {
		return
	}
	out := &syncml.Message{Final: true, Header: syncml.Header{
		VerDTD: "1.2", VerProto: "DM/1.2", SessionID: in.Header.SessionID, MsgID: strconv.Itoa(f.n),
		Target: syncml.Location{URI: in.Header.Source.URI}, Source: syncml.Location{URI: in.Header.Target.URI},
	}}
	status := func(c, kind, data string) {
		out.Commands = append(out.Commands, syncml.Command{
			Kind: syncml.Status, MsgRef: in.Header.MsgID, CmdRef: c, Cmd: kind, Data: data,
		})
	}
	status("0", "SyncHdr", "200")
	for _, c := range in.Commands {
		if c.Kind != syncml.Status && c.Kind != syncml.Results {
			status(c.CmdID, string(c.Kind), "200")
		}
	}
	switch {
	case !in.Final:
		out.Commands = append(out.Commands, syncml.Command{Kind: syncml.Alert, Data: "1222"})
	case f.sent < len(f.say):
		out.Commands = append(out.Commands, f.say[f.sent]...)
		f.sent++
	}
	if f.reply != nil {
		f.reply(in, out)
	}
	number(out.Commands, 0)
	b, err := syncml.Encode(r.Header.Get("Content-Type"), out)
	if err != nil {
		f.tb.Error(err)
	}
	if f.raw != nil {
		b = f.raw(f.n, b)
	}
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}

// number gives command ids where there are none; "-" stands for none at all.
func number(list []syncml.Command, n int) int {
	for i := range list {
		n++
		switch list[i].CmdID {
		case "":
			list[i].CmdID = strconv.Itoa(n)
		case "-":
			list[i].CmdID = ""
		}
		n = number(list[i].Commands, n)
	}
	return n
}

// cmd makes a command of the server.
func cmd(kind syncml.Kind, uri, format, data string) syncml.Command {
	it := syncml.Item{Target: &syncml.Location{URI: uri}}
	if format != "" {
		it.Meta = &syncml.Meta{Format: format}
	}
	if data != "" {
		it.Data, it.HasData = data, true
	}
	return syncml.Command{Kind: kind, Items: []syncml.Item{it}}
}

func get(uri string) syncml.Command { return cmd(syncml.Get, uri, "", "") }

// answers are what the device answered to the commands of the server, in short:
// "Get 200", "= ./uri format data"; without those to Alert 1222.
func (f *fake) answers() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, m := range f.seen {
		for _, c := range m.Commands {
			switch c.Kind {
			case syncml.Status:
				if c.Cmd == "SyncHdr" || c.Cmd == "Alert" && c.Data == "200" {
					continue
				}
				s := c.Cmd + " " + c.Data
				if len(c.TargetRefs) > 0 {
					s += " " + c.TargetRefs[0]
				}
				list = append(list, s)
			case syncml.Results:
				for _, it := range c.Items {
					format := "chr"
					if it.Meta != nil && it.Meta.Format != "" {
						format = it.Meta.Format
					}
					list = append(list, strings.TrimSpace(fmt.Sprintf("= %s %s %s", it.Source.URI, format, it.Data)))
				}
			}
		}
	}
	return list
}

// shape is the structure of a document: its elements with namespaces and
// attributes, without text.
func shape(tb testing.TB, b []byte) []string {
	tb.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	var list, path []string
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return list
		}
		if err != nil {
			tb.Fatal(err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			s := "{" + t.Name.Space + "}" + t.Name.Local
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
					continue
				}
				s += " " + a.Name.Local
				if a.Name.Local == "Name" || strings.HasSuffix(a.Name.Local, "Type") {
					s += "=" + a.Value
				}
			}
			path = append(path, s)
			list = append(list, strings.Repeat(" ", len(path))+s)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// serverDigest is what a server proves itself with; nonce is base64.
func serverDigest(name, secret, nonce string) string {
	b, _ := base64.StdEncoding.DecodeString(nonce)
	inner := md5.Sum([]byte(name + ":" + secret))
	outer := md5.Sum([]byte(base64.StdEncoding.EncodeToString(inner[:]) + ":" + string(b)))
	return base64.StdEncoding.EncodeToString(outer[:])
}
