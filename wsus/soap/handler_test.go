package soap_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/soap"
	"sluice/wsus/soap/xpress"
	"sluice/wsus/update/samples"
)

const (
	space    = "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"
	envelope = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>`
	faultID  = "81418b4e-82c1-48d0-9504-da01db6148ae"
)

type echo struct {
	XMLName xml.Name
	Text    string   `xml:"Text,omitempty"`
	Number  int      `xml:"Number"`
	Item    []string `xml:"List>Item"`
	Part    *struct {
		A string `xml:"A"`
	} `xml:"Part"`
	Empty string `xml:"Empty"`
}

func newService(style soap.Style) soap.Service {
	ops := map[string]soap.Operation{
		"Echo": {MaxBody: 1000, Handle: func(_ context.Context, r *soap.Request) (any, error) {
			var v echo
			if err := r.Decode(&v); err != nil {
				return nil, err
			}
			v.XMLName.Local = "EchoResponse"
			return &v, nil
		}},
		"Raw": {MaxBody: 2000, Handle: func(context.Context, *soap.Request) (any, error) {
			raw := new(soap.Raw)
			raw.WriteString(`<RawResponse xmlns="` + space + `">`)
			text := []byte(strings.Repeat("core ", 5000))
			raw.Add(&soap.Blocks{Plain: int64(len(text)), Chunks: [][]byte{xpress.AppendEncode(nil, text)}})
			raw.WriteString(`</RawResponse>`)
			return raw, nil
		}},
		"Refuse": {Handle: func(context.Context, *soap.Request) (any, error) {
			return nil, fmt.Errorf("wrapped: %w", soap.InvalidParameter("parameters.<&>", errors.New("secret cause")))
		}},
		"Break": {Handle: func(context.Context, *soap.Request) (any, error) { return nil, errors.New("secret") }},
		"Nil":   {Handle: func(context.Context, *soap.Request) (any, error) { return nil, nil }},
	}
	return soap.Service{Path: "/ClientWebService/client.asmx", Namespace: space, Style: style, Operations: ops}
}

func call(t *testing.T, style soap.Style, body string, header ...string) *http.Response {
	t.Helper()
	h := soap.NewHandler(newService(style), slog.New(slog.DiscardHandler), func() string { return faultID })
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "wsus.example:8530"
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "test")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func op(name, inner string) string {
	return fmt.Sprintf(envelope, `<`+name+` xmlns="`+space+`">`+inner+`</`+name+`>`)
}

func TestAnswerOfValue(t *testing.T) {
	t.Parallel()
	const (
		in     = `<Text>a &lt;"'&amp;ä</Text><Number>7</Number><List><Item>1</Item><Item/></List><Part><A>x</A></Part>`
		inside = `<EchoResponse xmlns="` + space + `"><Text>a &lt;"'&amp;ä</Text><Number>7</Number>` +
			`<List><Item>1</Item><Item%[1]s</List><Part><A>x</A></Part><Empty%[1]s</EchoResponse>`
	)
	for _, tt := range []struct {
		name    string
		style   soap.Style
		want    string
		control string
	}{
		{"wcf", soap.WCF, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">` +
			fmt.Sprintf(inside, "/>") + `</s:Body></s:Envelope>`, "private"},
		{"asmx", soap.ASMX, `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>` +
			fmt.Sprintf(inside, " />") + `</soap:Body></soap:Envelope>`, "private, max-age=0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp := call(t, tt.style, op("Echo", in))
			if diff := cmp.Diff(tt.want, readAll(t, resp.Body)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(tt.want)) {
				t.Errorf("status %d, length %d, want 200, %d", resp.StatusCode, resp.ContentLength, len(tt.want))
			}
			for name, want := range map[string]string{
				"Content-Type": "text/xml; charset=utf-8", "Cache-Control": tt.control,
				"Vary": "Accept-Encoding", "Content-Encoding": "",
			} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestAnswersInXpress(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Echo", "Raw"} {
		for _, style := range []soap.Style{soap.WCF, soap.ASMX} {
			plain := readAll(t, call(t, style, op(name, "")).Body)
			resp := call(t, style, op(name, ""), "Accept-Encoding", "gzip;q=0.5, Xpress")
			coded := readAll(t, resp.Body)
			if got := resp.Header.Get("Content-Encoding"); got != "xpress" {
				t.Errorf("%s: Content-Encoding %q", name, got)
			}
			if resp.ContentLength != int64(len(coded)) {
				t.Errorf("%s: Content-Length %d for %d bytes", name, resp.ContentLength, len(coded))
			}
			got, err := xpress.Decode(nil, []byte(coded), 1<<20)
			if err != nil || string(got) != plain {
				t.Errorf("%s: decoded %.200q, %v, want %.200q", name, got, err, plain)
			}
		}
	}
}

func TestAcceptEncoding(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"xpress": "xpress", "gzip": "", "xpress;q=0": "", "xpress; q=0.1": "xpress", "xpressx": "",
	} {
		resp := call(t, soap.WCF, op("Echo", ""), "Accept-Encoding", value)
		if got := resp.Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding %q, want %q", value, got, want)
		}
	}
}

func TestNoAnswerOfTheOperation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body, want string // want: ErrorCode/Message of the fault
	}{
		{"fault of the operation", op("Refuse", ""), "InvalidParameters/parameters.<&>"},
		{"other error", op("Break", ""), "InternalServerError/"},
		{"no value", op("Nil", ""), "InternalServerError/"},
		{"unknown operation", op("Other", ""), "InvalidParameters/operation"},
		{"other namespace", fmt.Sprintf(envelope, `<Echo xmlns="urn:x"/>`), "InvalidParameters/operation"},
		{"wrong type", op("Echo", "<Number>x</Number>"), "InvalidParameters/"},
		{"not well formed", "<s:Envelope", "InvalidParameters/"},
		{"nothing", "", "InvalidParameters/"},
		{"no envelope", "<a/>", "InvalidParameters/"},
		{"soap 1.2", strings.ReplaceAll(op("Echo", ""), "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"), "InvalidParameters/"},
		{"empty body", fmt.Sprintf(envelope, ""), "InvalidParameters/"},
		{"two operations", fmt.Sprintf(envelope, `<Echo xmlns="`+space+`"/><Echo xmlns="`+space+`"/>`), "InvalidParameters/"},
		{"document type", "<!DOCTYPE a>" + op("Echo", ""), "InvalidParameters/"},
		{"too deep", op("Echo", strings.Repeat("<a>", 62)+strings.Repeat("</a>", 62)), "InvalidParameters/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp := call(t, soap.WCF, tt.body, "Accept-Encoding", "xpress")
			text := readAll(t, resp.Body)
			m, err := soap.Open([]byte(text))
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			f := m.Fault()
			if f == nil || string(f.Code)+"/"+f.Message != tt.want || f.ID != faultID {
				t.Errorf("got %s, want %s", text, tt.want)
			}
			if resp.StatusCode != http.StatusInternalServerError || resp.ContentLength != int64(len(text)) || !resp.Close {
				t.Errorf("status %d, length %d of %d, close %v", resp.StatusCode, resp.ContentLength, len(text), resp.Close)
			}
			if strings.Contains(text, "secret") {
				t.Errorf("the cause is told: %s", text)
			}
		})
	}
}

func TestFaultIsAsCaptured(t *testing.T) {
	t.Parallel()
	const (
		wcf = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>Fault occurred</faultstring>` +
			`<detail><ErrorCode>InvalidParameters</ErrorCode><Message>parameters.&lt;&amp;&gt;</Message><ID>` + faultID + `</ID><Method>"` + space + `/Refuse"</Method></detail></s:Fault></s:Body></s:Envelope>`
		asmx = `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>Fault occurred</faultstring>` +
			`<faultactor>http://wsus.example:8530/ClientWebService/client.asmx</faultactor><detail><ErrorCode>InternalServerError</ErrorCode><Message></Message><ID>` + faultID + `</ID><Method>"` + space + `/Break"</Method></detail></soap:Fault></soap:Body></soap:Envelope>`
	)
	if diff := cmp.Diff(wcf, readAll(t, call(t, soap.WCF, op("Refuse", "")).Body)); diff != "" {
		t.Errorf("wcf (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(asmx, readAll(t, call(t, soap.ASMX, op("Break", "")).Body)); diff != "" {
		t.Errorf("asmx (-want +got):\n%s", diff)
	}
}

// TestCapturedFaults makes the faults of the captures again, byte for byte.
func TestCapturedFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sample, host string
		svc          soap.Service
	}{
		{"wsus-m0/000141", "", soap.Service{Namespace: space, Style: soap.WCF}},
		{"wsus-m0-wsusss/exchanges/000019", "127.0.0.1:8530", soap.Service{
			Namespace: "http://www.microsoft.com/SoftwareDistribution", Style: soap.ASMX,
			Path: "/ServerSyncWebService/ServerSyncWebService.asmx"}},
		{"wsus-m0-wsusss/exchanges/000017", "127.0.0.1:8530", soap.Service{
			Namespace: "http://www.microsoft.com/SoftwareDistribution", Style: soap.ASMX,
			Path: "/ServerSyncWebService/ServerSyncWebService.asmx"}},
	} {
		t.Run(tt.sample, func(t *testing.T) {
			t.Parallel()
			want := string(samples.Read(t, "wsus/captures/"+tt.sample+"/response.body"))
			m, err := soap.Open([]byte(want))
			if err != nil {
				t.Fatal(err)
			}
			f := m.Fault()
			name := strings.TrimSuffix(f.Method[strings.LastIndexByte(f.Method, '/')+1:], `"`)
			svc := tt.svc
			svc.Operations = map[string]soap.Operation{name: {Handle: func(context.Context, *soap.Request) (any, error) {
				return nil, &soap.Fault{Code: f.Code, Message: f.Message}
			}}}
			h := soap.NewHandler(svc, slog.New(slog.DiscardHandler), func() string { return f.ID })
			req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(
				fmt.Sprintf(envelope, `<`+name+` xmlns="`+svc.Namespace+`"/>`)))
			req.Host = tt.host
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			if diff := cmp.Diff(want, rec.Body.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestTolerance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"unknown element", `<New><Text>no</Text></New><Text>yes</Text>`, "yes 0 [] false"},
		{"foreign element of the same name", `<x:Text xmlns:x="urn:x">no</x:Text><Text>yes</Text>`, "yes 0 [] false"},
		{"unqualified element", `<Text xmlns="">no</Text>`, " 0 [] false"},
		{"nil", `<i:Text xmlns:i="urn:i"/><Text xmlns:a="http://www.w3.org/2001/XMLSchema-instance" a:nil="1"/><Number xmlns:a="http://www.w3.org/2001/XMLSchema-instance" a:nil="true"></Number>`, " 0 [] false"},
		{"empty number", `<Number/>`, " 0 [] false"},
		{"array type", `<List xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" e:arrayType="xsd:string[2]"><Item>a</Item><Item>b</Item></List>`, " 0 [a b] false"},
		{"nil in a list keeps its place", `<List xmlns:a="http://www.w3.org/2001/XMLSchema-instance"><Item>a</Item><Item a:nil="true">x<y/></Item><Item>b</Item></List>`, " 0 [a  b] false"},
		{"cdata and comments", `<Text><![CDATA[<]]><!-- x -->&gt;</Text>`, "<> 0 [] false"},
		{"prefixes", `<q:Text xmlns:q="` + space + `">yes</q:Text><q:Part xmlns:q="` + space + `"/>`, "yes 0 [] true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := soap.Open([]byte(op("Echo", tt.in)))
			if err != nil {
				t.Fatal(err)
			}
			var v echo
			if err := m.Decode(&v); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(v.Text, " ", v.Number, v.Item, v.Part != nil); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHeaderAndOuterNamespaces(t *testing.T) {
	t.Parallel()
	in := `<?xml version='1.0' encoding='utf-8'?>
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="` + space + `"><e:Header><n:Echo/></e:Header>
 <e:Body><n:Echo><n:Number> 5 </n:Number></n:Echo></e:Body></e:Envelope>`
	m, err := soap.Open([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	var v echo
	if err := m.Decode(&v); err != nil || v.Number != 5 || m.Name != "Echo" || m.Namespace != space {
		t.Errorf("got %+v, %v", v, err)
	}
	s := m.Scanner()
	tok, err := s.Next()
	if err != nil || !tok.Is(space, "Number") || s.Depth() != 4 {
		t.Errorf("Scanner: %q at depth %d, %v", tok.Name, s.Depth(), err)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	pad := func(name string, size int) string {
		s := op(name, "")
		return s + strings.Repeat(" ", size-len(s))
	}
	for _, tt := range []struct {
		name, body string
		want       int
	}{
		{"at the limit of the operation", pad("Echo", 1000), 200},
		{"over the limit of the operation", pad("Echo", 1001), 413},
		{"another operation may have more", pad("Raw", 2000), 200},
		{"at the default", pad("Refuse", soap.DefaultMaxBody), 500},
		{"over the default", pad("Refuse", soap.DefaultMaxBody+1), 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if resp := call(t, soap.WCF, tt.body); resp.StatusCode != tt.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}

func TestUndeclaredLengthIsBounded(t *testing.T) {
	t.Parallel()
	h := soap.NewHandler(newService(soap.WCF), slog.New(slog.DiscardHandler), nil)
	req := httptest.NewRequest(http.MethodPost, "/", io.LimitReader(spaces{}, 1<<40))
	req.ContentLength = -1
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", rec.Code)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestNotARequest(t *testing.T) {
	t.Parallel()
	h := soap.NewHandler(newService(soap.WCF), slog.New(slog.DiscardHandler), nil)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/?wsdl", nil))
	if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d, Allow %q", rec.Code, rec.Header().Get("Allow"))
	}
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(op("Echo", "")))
	req.Header.Set("Content-Encoding", "gzip")
	rec = httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if rec.Code != http.StatusUnsupportedMediaType {
		t.Errorf("compressed request: %d", rec.Code)
	}
}

func TestRandomFaultID(t *testing.T) {
	t.Parallel()
	h := soap.NewHandler(newService(soap.WCF), slog.New(slog.DiscardHandler), nil)
	seen := map[string]bool{}
	for range 2 {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(op("Break", ""))))
		m, err := soap.Open(rec.Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		id := m.Fault().ID
		if len(id) != 36 || id[14] != '4' || seen[id] {
			t.Errorf("id %q", id)
		}
		seen[id] = true
		if got := rec.Header().Get("Content-Length"); got != strconv.Itoa(rec.Body.Len()) {
			t.Errorf("Content-Length %s of %d", got, rec.Body.Len())
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(op("Echo", `<Text>a</Text><Number>1</Number><List><Item/></List>`)))
	f.Add([]byte(op("Refuse", "")))
	f.Add([]byte(`<a/>`))
	h := soap.NewHandler(newService(soap.ASMX), slog.New(slog.DiscardHandler), nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body))))
		if rec.Code == http.StatusRequestEntityTooLarge {
			return
		}
		m, err := soap.Open(rec.Body.Bytes())
		if err != nil {
			t.Fatalf("answer is no envelope: %v\n%s", err, rec.Body)
		}
		f := m.Fault()
		if f == nil || f.Code != soap.InternalServerError {
			return
		}
		if !strings.HasSuffix(f.Method, `/Break"`) && !strings.HasSuffix(f.Method, `/Nil"`) {
			t.Fatalf("request broke the server: %q", body)
		}
	})
}
