package content_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/wsus/content"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// served is a store with one file and a handler on it.
type served struct {
	store *content.Store
	h     http.Handler
	file  update.File
	body  []byte
	name  string // on disk

	mu     sync.Mutex
	missed []string
	sent   int64
}

func serve(tb testing.TB, size int) *served {
	tb.Helper()
	root := tb.TempDir()
	s := &served{body: payload(7, size)}
	s.file = fileOf("Windows.cab", s.body)
	s.name = filepath.Join(root, filepath.FromSlash(content.Path(s.file)))
	s.store = open(tb, content.Options{Root: root})
	put(tb, s.store, s.file, s.body)
	s.h = content.Handler(s.store, content.HandlerOptions{
		OnMiss: func(d update.Digest, addr string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.missed = append(s.missed, d.String()+" "+addr)
		},
		OnServed: func(d update.Digest, n int64) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.sent += n
		},
	})
	return s
}

// do sends a request with header lines to the handler.
func (s *served) do(method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = path
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

func TestHandlerPaths(t *testing.T) {
	t.Parallel()
	s := serve(t, 100)
	url := content.URLPath(s.file)
	hex := s.file.Digest.String()
	xx := hex[38:]
	other := update.Digest{1}.String()
	for _, tt := range []struct {
		name, path string
		want       int
	}{
		{"as given out", url, 200},
		{"lower case", strings.ToLower(url), 200},
		{"upper case", strings.ToUpper(url), 200},
		{"another extension", "/Content/" + xx + "/" + hex + ".exe", 200},
		{"no extension", "/Content/" + xx + "/" + hex, 200},
		{"bare dot", "/Content/" + xx + "/" + hex + ".", 404},
		{"wrong folder", "/Content/zz/" + hex + ".cab", 404},
		{"no folder", "/Content/" + hex + ".cab", 404},
		{"not held", "/Content/00/" + other + ".cab", 404},
		{"base64 name", "/Content/" + xx + "/" + s.file.Digest.Base64(), 404},
		{"prefix alone", "/Content/", 404},
		{"other prefix", "/Contents/" + xx + "/" + hex + ".cab", 404},
		{"short", "/", 404},
		{"empty", "", 404},
		{"traversal", "/Content/../Content/" + xx + "/" + hex + ".cab", 404},
		{"traversal inside", "/Content/" + xx + "/../" + xx + "/" + hex + ".cab", 404},
		{"to the temporary folder", "/Content/.incoming/" + hex, 404},
		{"backslash", "/Content/" + xx + `\` + hex + ".cab", 404},
		{"NUL", "/Content/" + xx + "/" + hex + ".c\x00b", 404},
		{"stream", "/Content/" + xx + "/" + hex + ".cab::$DATA", 404},
		{"trailing slash", url + "/", 404},
		{"non-ASCII digits", "/Content/" + xx + "/" + strings.Repeat("é", 20) + ".cab", 404},
		{"very long", "/Content/" + xx + "/" + hex + "." + strings.Repeat("a", 1<<20), 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				w := s.do(method, tt.path)
				if w.Code != tt.want {
					t.Errorf("%s = %d, want %d", method, w.Code, tt.want)
				}
				if tt.want == 200 && method == "GET" && !bytes.Equal(w.Body.Bytes(), s.body) {
					t.Error("wrong body")
				}
				if tt.want != 200 && w.Body.Len() != 0 {
					t.Errorf("body = %q", w.Body)
				}
			}
		})
	}
	want := other + " 192.0.2.1:1234"
	if d := cmp.Diff([]string{want, want}, s.missed); d != "" {
		t.Errorf("misses (-want +got):\n%s", d)
	}
	if s.sent != 500 {
		t.Errorf("bytes served = %d, want 500", s.sent)
	}
}

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t, 1000)
	fi, err := os.Stat(s.name)
	if err != nil {
		t.Fatal(err)
	}
	url, etag := content.URLPath(s.file), `"`+s.file.Digest.String()+`"`
	modified := fi.ModTime().UTC().Format(http.TimeFormat)
	many := func(n int) string { return "Range: bytes=" + strings.TrimSuffix(strings.Repeat("0-0,", n), ",") }
	for _, tt := range []struct {
		name, method string
		header       []string
		want         int
		rng          string // Content-Range
		length       string
		body         []byte
	}{
		{"GET", "GET", nil, 200, "", "1000", s.body},
		{"GET with a length", "GET", []string{"Content-Length: 0"}, 200, "", "1000", s.body},
		{"HEAD", "HEAD", nil, 200, "", "1000", nil},
		{"HEAD ignores ranges", "HEAD", []string{"Range: bytes=0-9"}, 200, "", "1000", nil},
		{"closed range", "GET", []string{"Range: bytes=10-19"}, 206, "bytes 10-19/1000", "10", s.body[10:20]},
		{"whole as a range", "GET", []string{"Range: bytes=0-999"}, 206, "bytes 0-999/1000", "1000", s.body},
		{"last byte", "GET", []string{"Range: bytes=999-999"}, 206, "bytes 999-999/1000", "1", s.body[999:]},
		{"end beyond the file", "GET", []string{"Range: bytes=990-2000"}, 206, "bytes 990-999/1000", "10", s.body[990:]},
		{"open range", "GET", []string{"Range: bytes=990-"}, 206, "bytes 990-999/1000", "10", s.body[990:]},
		{"suffix", "GET", []string{"Range: bytes=-10"}, 206, "bytes 990-999/1000", "10", s.body[990:]},
		{"start beyond the file", "GET", []string{"Range: bytes=1000-1001"}, 416, "bytes */1000", "", nil},
		{"backwards", "GET", []string{"Range: bytes=20-10"}, 416, "", "", nil},
		{"absurd", "GET", []string{"Range: bytes=99999999999999999999-"}, 416, "", "", nil},
		{"other unit", "GET", []string{"Range: lines=1-2"}, 416, "", "", nil},
		{"sixteen ranges", "GET", []string{many(16)}, 206, "", "", nil},
		{"seventeen ranges", "GET", []string{many(17)}, 416, "bytes */1000", "0", nil},
		{"If-Range holds", "GET", []string{"Range: bytes=0-0", "If-Range: " + etag}, 206, "bytes 0-0/1000", "1", s.body[:1]},
		{"If-Range doesn't", "GET", []string{"Range: bytes=0-0", `If-Range: "other"`}, 200, "", "1000", s.body},
		{"If-None-Match", "GET", []string{"If-None-Match: " + etag}, 304, "", "", nil},
		{"If-Match fails", "GET", []string{`If-Match: "other"`}, 412, "", "", nil},
		{"If-Modified-Since", "GET", []string{"If-Modified-Since: " + modified}, 304, "", "", nil},
		{"POST", "POST", nil, 405, "", "0", nil},
		{"OPTIONS", "OPTIONS", nil, 405, "", "0", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.do(tt.method, url, tt.header...)
			if w.Code != tt.want {
				t.Fatalf("status = %d, want %d", w.Code, tt.want)
			}
			h := w.Header()
			if tt.rng != "" && h.Get("Content-Range") != tt.rng {
				t.Errorf("Content-Range = %q, want %q", h.Get("Content-Range"), tt.rng)
			}
			if tt.length != "" && h.Get("Content-Length") != tt.length {
				t.Errorf("Content-Length = %q, want %q", h.Get("Content-Length"), tt.length)
			}
			if tt.body != nil && !bytes.Equal(w.Body.Bytes(), tt.body) {
				t.Errorf("body of %d bytes differs", w.Body.Len())
			}
			switch tt.want {
			case 200, 206:
				got := []string{h.Get("ETag"), h.Get("Last-Modified"), h.Get("Accept-Ranges"), h.Get("Content-Encoding")}
				if d := cmp.Diff([]string{etag, modified, "bytes", ""}, got); d != "" {
					t.Errorf("headers (-want +got):\n%s", d)
				}
				if ct := h.Get("Content-Type"); ct != "application/octet-stream" && !strings.HasPrefix(ct, "multipart/byteranges") {
					t.Errorf("Content-Type = %q", ct)
				}
			case 405:
				if h.Get("Allow") != "GET, HEAD" {
					t.Errorf("Allow = %q", h.Get("Allow"))
				}
			}
		})
	}
}

func TestHandlerOfAChangedFile(t *testing.T) {
	t.Parallel()
	s := serve(t, 100)
	age(t, s.name, time.Hour)
	w := s.do("GET", content.URLPath(s.file))
	if w.Code != 503 || w.Header().Get("Retry-After") != "30" || w.Body.Len() != 0 {
		t.Errorf("answer = %d %v", w.Code, w.Header())
	}
	if len(s.missed) != 0 {
		t.Errorf("misses = %v", s.missed)
	}
}

type brokenShare struct{}

func (brokenShare) Open(update.Digest) (*os.File, fs.FileInfo, error) {
	return nil, nil, fmt.Errorf("open: %w", syscall.EIO)
}

func TestHandlerOfABrokenShare(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	f := fileOf("a.cab", nil)
	content.Handler(brokenShare{}, content.HandlerOptions{}).ServeHTTP(w, httptest.NewRequest("GET", content.URLPath(f), nil))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("answer = %d %v", w.Code, w.Header())
	}
}

// Any range gets what a slice of the file gets.
func TestHandlerRanges(t *testing.T) {
	t.Parallel()
	s := serve(t, 5000)
	url := content.URLPath(s.file)
	rapid.Check(t, func(t *rapid.T) {
		type span struct{ from, to int } // half open
		var spans []span
		var spec []string
		for range rapid.IntRange(1, 4).Draw(t, "ranges") {
			from := rapid.IntRange(0, len(s.body)-1).Draw(t, "from")
			to := rapid.IntRange(from, len(s.body)+10).Draw(t, "to")
			form := fmt.Sprintf("%d-%d", from, to)
			switch rapid.IntRange(0, 2).Draw(t, "form") {
			case 1:
				form, to = fmt.Sprintf("%d-", from), len(s.body)-1
			case 2:
				form, to = fmt.Sprintf("-%d", len(s.body)-from), len(s.body)-1
			}
			spans = append(spans, span{from, min(to+1, len(s.body))})
			spec = append(spec, form)
		}
		total := 0
		for _, sp := range spans {
			total += sp.to - sp.from
		}
		w := s.do("GET", url, "Range: bytes="+strings.Join(spec, ","))
		got := w.Body.Bytes()
		if n := w.Header().Get("Content-Length"); n != strconv.Itoa(len(got)) {
			t.Fatalf("Content-Length = %s of %d bytes", n, len(got))
		}
		switch {
		case total > len(s.body): // more than the file: it is sent whole
			if w.Code != 200 || !bytes.Equal(got, s.body) {
				t.Fatalf("%v: %d, %d bytes", spec, w.Code, len(got))
			}
		case len(spans) == 1:
			sp := spans[0]
			want := fmt.Sprintf("bytes %d-%d/%d", sp.from, sp.to-1, len(s.body))
			if w.Code != 206 || w.Header().Get("Content-Range") != want || !bytes.Equal(got, s.body[sp.from:sp.to]) {
				t.Fatalf("%v: %d, %s, %d bytes", spec, w.Code, w.Header().Get("Content-Range"), len(got))
			}
		default:
			_, params, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
			if err != nil || w.Code != 206 {
				t.Fatalf("%v: %d, %v", spec, w.Code, err)
			}
			parts := multipart.NewReader(w.Body, params["boundary"])
			for _, sp := range spans {
				p, err := parts.NextPart()
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(p)
				want := fmt.Sprintf("bytes %d-%d/%d", sp.from, sp.to-1, len(s.body))
				if err != nil || p.Header.Get("Content-Range") != want || !bytes.Equal(b, s.body[sp.from:sp.to]) {
					t.Fatalf("%v: part %s of %d bytes, %v", spec, p.Header.Get("Content-Range"), len(b), err)
				}
			}
			if _, err := parts.NextPart(); err != io.EOF {
				t.Fatalf("more parts: %v", err)
			}
		}
	})
}

// The recorded requests of Delivery Optimization, byte for byte but for the
// path and the range, get an answer with the recorded headers.
func TestHandlerAgainstCaptures(t *testing.T) {
	t.Parallel()
	s := serve(t, 5000)
	srv := httptest.NewServer(s.h)
	defer srv.Close()
	for _, name := range []string{"final-range", "whole-file-single-range"} {
		t.Run(name, func(t *testing.T) {
			dir := "wsus/captures/wsus-m0-native/content-headers/" + name
			lines := strings.Split(strings.ReplaceAll(string(samples.Read(t, dir+"/request.headers")), "\r\n", "\n"), "\n")
			lines[0] = "GET " + content.URLPath(s.file) + " HTTP/1.1"
			for i, l := range lines {
				if strings.HasPrefix(l, "Range:") {
					lines[i] = "Range: bytes=1000-4999"
				}
			}
			recorded, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(
				append(bytes.TrimSpace(samples.Read(t, dir+"/response.headers")), "\r\n\r\n"...))), nil)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for range 2 { // and the connection stays
				if _, err := io.WriteString(conn, strings.TrimSpace(strings.Join(lines, "\r\n"))+"\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != recorded.StatusCode || !bytes.Equal(body, s.body[1000:]) {
					t.Fatalf("answer = %s, %d bytes, %v", resp.Status, len(body), err)
				}
				for k := range recorded.Header {
					if resp.Header.Get(k) == "" && k != "Server" && k != "X-Powered-By" {
						t.Errorf("no %s", k)
					}
				}
				for _, k := range []string{"Content-Type", "Accept-Ranges"} {
					if resp.Header.Get(k) != recorded.Header.Get(k) {
						t.Errorf("%s = %q, want %q", k, resp.Header.Get(k), recorded.Header.Get(k))
					}
				}
				if cr := resp.Header.Get("Content-Range"); cr != "bytes 1000-4999/5000" || resp.ContentLength != 4000 {
					t.Errorf("Content-Range = %q, length %d", cr, resp.ContentLength)
				}
			}
		})
	}
}
