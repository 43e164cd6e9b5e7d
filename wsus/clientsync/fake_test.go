package clientsync_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/soap"
	"sluice/wsus/soap/xpress"
	"sluice/wsus/update"
)

// start is the time of the tests; changed is LastChange of the captured server.
var (
	start   = time.Date(2026, 10, 4, 15, 3, 35, 0, time.UTC)
	changed = time.Date(2026, 10, 4, 13, 17, 7, 590_000_000, time.UTC)
	lineage = update.MustParseID("11111111-2222-3333-4444-555555555555")
)

// ring is a key ring of one.
type ring struct{ key cookie.Key }

func (r ring) Current() cookie.Key { return r.key }

func (r ring) ByID(id uint32) (cookie.Key, bool) { return r.key, id == r.key.ID }

// world is everything that a server asks of others, in memory.
type world struct {
	tb  testing.TB
	now time.Time

	settings clientsync.Settings
	rows     []catalog.Row
	rules    catalog.Rules
	seq      int64
	snap     *catalog.Snapshot

	mu       sync.Mutex
	devices  map[string]int64
	seats    map[int64]clientsync.Seat
	sets     map[catalog.PlanKey]catalog.GroupSet
	claims   []clientsync.Claim
	computer update.Computer
	refuse   error

	cores   map[catalog.CoreID]string
	chunks  map[catalog.CoreID][][]byte
	details map[update.RevisionID]*clientsync.Details
	files   map[update.Digest]update.File
	loads   int // calls of Cores and CoreChunk

	scans    []clientsync.Scan
	hardware []clientsync.Hardware

	limits clientsync.Limits
	box    *cookie.Box
	server *clientsync.Server
}

// newWorld returns a world whose computer 1 is registered and in All Computers.
func newWorld(tb testing.TB) *world {
	w := &world{
		tb: tb, now: start, seq: 100,
		settings: clientsync.Settings{LastChange: changed, Host: "wsus.example", ContentPort: 8530},
		devices:  map[string]int64{"e1da06a3-5601-43c9-bac3-52d5db701494": 1},
		seats:    map[int64]clientsync.Seat{1: {Device: 1, Registered: true}},
		sets:     map[catalog.PlanKey]catalog.GroupSet{{}: {{Group: update.AllComputers}}},
		cores:    make(map[catalog.CoreID]string),
		chunks:   make(map[catalog.CoreID][][]byte),
		details:  make(map[update.RevisionID]*clientsync.Details),
		files:    make(map[update.Digest]update.File),
	}
	w.box = cookie.NewBox(ring{cookie.Key{ID: 1, Secret: bytes.Repeat([]byte{7}, 32)}}, lineage, func() time.Time { return w.now })
	return w
}

// serve builds the snapshot and the server. Call it again after changing limits.
func (w *world) serve() {
	w.rebuild()
	w.server = clientsync.New(clientsync.Config{
		Catalog: w, Roster: w, Bodies: w, Cookies: w.box,
		Settings: func() *clientsync.Settings { return &w.settings },
		Limits:   w.limits,
		Now:      func() time.Time { return w.now },
		Scanned: func(s clientsync.Scan) {
			w.mu.Lock()
			w.scans = append(w.scans, s)
			w.mu.Unlock()
		},
		Hardware: func(h clientsync.Hardware) { w.hardware = append(w.hardware, h) },
	}, slog.New(slog.DiscardHandler))
}

// rebuild makes a snapshot of rows and rules.
func (w *world) rebuild() {
	w.tb.Helper()
	g, err := catalog.Build(iter.Seq2[catalog.Row, error](func(yield func(catalog.Row, error) bool) {
		byID := func(a, b catalog.Row) int { return int(a.ID - b.ID) }
		for _, r := range slices.SortedFunc(slices.Values(w.rows), byID) {
			if !yield(r, nil) {
				return
			}
		}
	}))
	if err != nil {
		w.tb.Fatal(err)
	}
	rules := w.rules
	w.snap = catalog.NewSnapshot(g, &rules, w.seq, w.now)
}

// add adds a revision with its core, under the number of the revision where the
// row has no other. One longer than 16 KiB is stored in wire form, in chunks of
// one or two blocks.
func (w *world) add(r catalog.Row, core string) {
	if r.Core == 0 {
		r.Core = catalog.CoreID(r.ID)
	}
	escaped := soap.AppendEscaped(nil, []byte(core))
	r.PlainLen = int64(len(escaped))
	if len(core) > 16<<10 {
		for len(escaped) > 0 {
			n := min(len(escaped), (1+len(w.chunks[r.Core])%2)*xpress.BlockSize)
			chunk := xpress.AppendEncode(nil, escaped[:n])
			w.chunks[r.Core] = append(w.chunks[r.Core], chunk)
			r.XpressLen += int64(len(chunk))
			escaped = escaped[n:]
		}
	}
	w.cores[r.Core] = core
	w.rows = append(w.rows, r)
}

// software adds a plain update under a RevisionID.
func (w *world) software(id int, change ...func(*catalog.Row)) {
	r := row(id, update.Software)
	for _, c := range change {
		c(&r)
	}
	w.add(r, fmt.Sprintf(`<UpdateIdentity UpdateID="%s" RevisionNumber="%d" /><Properties UpdateType="%s" />`, r.Identity.ID, r.Identity.Number, r.Type))
}

func uid(n int) update.ID {
	return update.ID{0: 0xAA, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

func row(id int, typ update.Type) catalog.Row {
	return catalog.Row{ID: update.RevisionID(id), Identity: update.Identity{ID: uid(id), Number: 1}, Type: typ,
		Deployable: typ == update.Software || typ == update.Driver, Since: start, Seq: 1, Document: true}
}

func needs(ids ...int) func(*catalog.Row) {
	return func(r *catalog.Row) {
		for _, n := range ids {
			r.Prerequisites = append(r.Prerequisites, update.Clause{Any: []update.ID{uid(n)}})
		}
	}
}

func category(r *catalog.Row) { r.Type, r.Deployable = update.Category, false }

func (w *world) approve(id int32, n int, action update.Action) {
	w.seq++
	w.rules.Approvals = append(w.rules.Approvals, catalog.Approval{Approval: update.Approval{
		ID: id, Update: uid(n), Group: update.AllComputers, Action: action, Changed: start, Seq: w.seq}})
}

// Current implements clientsync.Catalog.
func (w *world) Current() *catalog.Snapshot { return w.snap }

// Seat implements clientsync.Roster.
func (w *world) Seat(device int64) (clientsync.Seat, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.seats[device]
	return s, ok
}

// Sets implements clientsync.Roster.
func (w *world) Sets(key catalog.PlanKey) (catalog.GroupSet, *catalog.HoldSet, bool) {
	g, ok := w.sets[key]
	return g, nil, ok
}

// Authorize implements clientsync.Roster.
func (w *world) Authorize(_ context.Context, c clientsync.Claim) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		return 0, fmt.Errorf("a clone: %w", w.refuse)
	}
	w.claims = append(w.claims, c)
	d, ok := w.devices[c.ClientID]
	if !ok {
		d = int64(len(w.devices) + 1)
		w.devices[c.ClientID] = d
		w.seats[d] = clientsync.Seat{Device: d}
	}
	return d, nil
}

// Register implements clientsync.Roster.
func (w *world) Register(_ context.Context, device int64, c update.Computer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.computer = c
	s := w.seats[device]
	s.Registered = true
	w.seats[device] = s
	return nil
}

// Cores implements clientsync.Bodies.
func (w *world) Cores(_ context.Context, ids []catalog.CoreID) (out [][]byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loads++
	for _, id := range ids {
		core, ok := w.cores[id]
		if !ok {
			return nil, fmt.Errorf("no core %d", id)
		}
		out = append(out, []byte(core))
	}
	return out, nil
}

// CoreChunk implements clientsync.Bodies.
func (w *world) CoreChunk(_ context.Context, id catalog.CoreID, n int) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loads++
	if n >= len(w.chunks[id]) {
		return nil, io.EOF
	}
	return w.chunks[id][n], nil
}

// Details implements clientsync.Bodies.
func (w *world) Details(_ context.Context, id update.RevisionID) (*clientsync.Details, error) {
	if d, ok := w.details[id]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("no details %d", id)
}

// Files implements clientsync.Bodies.
func (w *world) Files(_ context.Context, digests []update.Digest) (out []update.File, err error) {
	for _, d := range digests {
		if f, ok := w.files[d]; ok {
			out = append(out, f)
		}
	}
	return out, nil
}

// cookie returns a good cookie of computer 1 in base64.
func (w *world) cookie(change ...func(*cookie.Cookie)) string {
	c := cookie.Cookie{Device: 1, Expires: w.now.Add(cookie.Lifetime), Config: w.settings.LastChange, Protocol: cookie.Protocol{Major: 2, Minor: 90}}
	for _, f := range change {
		f(&c)
	}
	sealed, err := w.box.Seal(c)
	if err != nil {
		w.tb.Fatal(err)
	}
	return encode(sealed)
}

// reply is an answer, decoded.
type reply struct {
	status int
	header http.Header
	wire   int // bytes
	body   string
}

// post sends an envelope. Every answer must have a true Content-Length.
func (w *world) post(path, envelope string, header ...string) reply {
	w.tb.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(envelope))
	r.Host = "192.0.2.1:8530"
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	out := reply{status: rec.Code, header: rec.Header(), wire: rec.Body.Len(), body: rec.Body.String()}
	if rec.Code == http.StatusOK || rec.Code == http.StatusInternalServerError {
		if got := out.header.Get("Content-Length"); got != strconv.Itoa(out.wire) {
			w.tb.Errorf("Content-Length %q of %d bytes", got, out.wire)
		}
	}
	if out.header.Get("Content-Encoding") == "xpress" {
		plain, err := xpress.Decode(nil, rec.Body.Bytes(), 64<<20)
		if err != nil {
			w.tb.Fatal(err)
		}
		out.body = string(plain)
	}
	return out
}

// call posts an operation of the client service.
func (w *world) call(operation, inner string, header ...string) reply {
	w.tb.Helper()
	return w.post("/ClientWebService/client.asmx", envelope("http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService", operation, inner), header...)
}

func envelope(space, operation, inner string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + operation + ` xmlns="` + space + `">` +
		inner + `</` + operation + `></s:Body></s:Envelope>`
}

// cookieXML writes a cookie element.
func cookieXML(name, sealed string) string {
	return "<" + name + "><Expiration>2026-10-04T16:03:35Z</Expiration><EncryptedData>" + sealed + "</EncryptedData></" + name + ">"
}

func intsXML(name string, ids ...int) string {
	if len(ids) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<" + name + ">")
	for _, id := range ids {
		fmt.Fprintf(&b, "<int>%d</int>", id)
	}
	b.WriteString("</" + name + ">")
	return b.String()
}

// sync calls SyncUpdates.
func (w *world) sync(sealed, parameters string, header ...string) reply {
	w.tb.Helper()
	return w.call("SyncUpdates", cookieXML("cookie", sealed)+"<parameters>"+parameters+"</parameters>", header...)
}

var (
	newCookie = regexp.MustCompile(`<NewCookie>.*<EncryptedData>([^<]*)</EncryptedData></NewCookie>`)
	updateID  = regexp.MustCompile(`<UpdateInfo><ID>(\d+)</ID>`)
	outOf     = regexp.MustCompile(`<OutOfScopeRevisionIDs>(.*)</OutOfScopeRevisionIDs>`)
	deployed  = regexp.MustCompile(`<DeployedOutOfScopeRevisionIds>(.*)</DeployedOutOfScopeRevisionIds>`)
	number    = regexp.MustCompile(`\d+`)
	errorCode = regexp.MustCompile(`<ErrorCode>([^<]*)</ErrorCode><Message>([^<]*)</Message>`)
)

// next returns the cookie in an answer.
func (r reply) next(tb testing.TB) string {
	tb.Helper()
	m := newCookie.FindStringSubmatch(r.body)
	if m == nil {
		tb.Fatalf("no NewCookie in %d %.600s", r.status, r.body)
	}
	return m[1]
}

// updates returns the ids in NewUpdates or ChangedUpdates.
func (r reply) updates(list string) (ids []int) {
	_, rest, _ := strings.Cut(r.body, "<"+list+">")
	inner, _, _ := strings.Cut(rest, "</"+list+">")
	for _, m := range updateID.FindAllStringSubmatch(inner, -1) {
		n, _ := strconv.Atoi(m[1])
		ids = append(ids, n)
	}
	slices.Sort(ids)
	return ids
}

func (r reply) ints(re *regexp.Regexp) (ids []int) {
	m := re.FindStringSubmatch(r.body)
	if m == nil {
		return nil
	}
	for _, s := range number.FindAllString(m[1], -1) {
		n, _ := strconv.Atoi(s)
		ids = append(ids, n)
	}
	slices.Sort(ids)
	return ids
}

// fault returns the code and message of a fault, or "none".
func (r reply) fault() string {
	m := errorCode.FindStringSubmatch(r.body)
	if m == nil {
		return "none"
	}
	return strings.TrimSpace(m[1] + " " + m[2])
}
