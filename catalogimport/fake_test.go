package catalogimport_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"sluice/catalogimport"
	"sluice/wsus/update"
)

// library is a [catalogimport.Library] in memory. It keeps the contract of the
// interface and nothing more.
type library struct {
	mu        sync.Mutex
	applied   map[update.Identity]*revision
	staged    map[update.Identity]*revision // of the import that goes on
	order     []update.Identity             // as staged
	refused   []catalogimport.Refusal
	state     string // of the import: "", staging, applied, abandoned
	medium    update.Medium
	begun     int
	batches   []int
	stageHook func(batch int) error
	prepHook  func(*update.Revision) error
	namesErr  error // what Names fails with, if set
}

// revision is what the library stores of one.
type revision struct {
	*update.Revision
	item  string
	files []update.File // of the metadata, and what the medium knew
	hash  [sha256.Size]byte
}

func newLibrary() *library { return &library{applied: map[update.Identity]*revision{}} }

func (l *library) Begin(_ context.Context, m update.Medium, acceptedBy string) (catalogimport.Staging, error) {
	if l.state != "staging" || l.medium.Key != m.Key {
		l.staged = map[update.Identity]*revision{}
	}
	l.medium, l.state, l.refused, l.order = m, "staging", nil, nil
	l.begun++
	return &staging{l}, nil
}

type staging struct{ l *library }

func (s *staging) ID() int64 { return 7 }

func (s *staging) Prepare(rev *update.Revision, it *update.Item, f *update.Fragments) (catalogimport.Prepared, error) {
	if s.l.prepHook != nil {
		if err := s.l.prepHook(rev); err != nil {
			return nil, err
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", it.Document, f.Core, f.Extended)
	for _, l := range slices.Concat(f.Localized, f.Eula) {
		fmt.Fprintf(h, "%s %q", l.Language, l.XML)
	}
	r := &revision{Revision: rev, item: it.Name, files: slices.Concat(rev.Files, it.Files)}
	h.Sum(r.hash[:0])
	return r, nil
}

func (s *staging) Stage(ctx context.Context, batch []catalogimport.Prepared) (catalogimport.Staged, error) {
	var n catalogimport.Staged
	if err := ctx.Err(); err != nil {
		return n, err
	}
	l := s.l
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches = append(l.batches, len(batch))
	if l.stageHook != nil {
		if err := l.stageHook(len(l.batches)); err != nil {
			return n, err
		}
	}
	for _, p := range batch {
		r := p.(*revision)
		l.order = append(l.order, r.Identity)
		old := l.staged[r.Identity]
		if old == nil {
			old = l.applied[r.Identity]
		}
		switch {
		case old == nil:
			l.staged[r.Identity] = r
			n.New++
		case old.hash == r.hash:
			n.Unchanged++
		default:
			ref := catalogimport.Refusal{Item: r.item, Reason: "the medium holds it twice, with different contents"}
			n.Refused = append(n.Refused, ref)
			l.refused = append(l.refused, ref)
		}
	}
	return n, nil
}

func (s *staging) Names(_ context.Context, d update.Digest) (update.File, bool, error) {
	if s.l.namesErr != nil {
		return update.File{}, false, s.l.namesErr
	}
	for _, m := range []map[update.Identity]*revision{s.l.staged, s.l.applied} {
		for _, r := range m {
			for _, f := range r.Files {
				if f.Digest == d {
					return f, true, nil
				}
			}
		}
	}
	return update.File{}, false, nil
}

func (s *staging) Refuse(ctx context.Context, item, reason string) error {
	s.l.refused = append(s.l.refused, catalogimport.Refusal{Item: item, Reason: reason})
	return ctx.Err()
}

func (s *staging) Apply(ctx context.Context, r *catalogimport.Report) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	maps.Copy(s.l.applied, s.l.staged)
	s.l.staged, s.l.state = nil, "applied"
	return nil
}

func (s *staging) Abandon(_ context.Context, r *catalogimport.Report, cause error) error {
	if cause == nil || r.Error == "" {
		return errors.New("abandoned without a reason")
	}
	s.l.staged, s.l.state = nil, "abandoned"
	return nil
}

// contents is a [catalogimport.Content] in memory.
type contents struct {
	files map[update.Digest][]byte
	full  error // what Put fails with, if set
}

func newContents() *contents { return &contents{files: map[update.Digest][]byte{}} }

func (c *contents) Have(d update.Digest) bool { _, ok := c.files[d]; return ok }

func (c *contents) Put(_ context.Context, f update.File, r io.Reader) error {
	b, err := io.ReadAll(r)
	switch {
	case err != nil:
		return err
	case c.full != nil:
		return c.full
	case sha1.Sum(b) != f.Digest, !f.SHA256.IsZero() && sha256.Sum256(b) != f.SHA256, f.Size > 0 && int64(len(b)) != f.Size:
		return badPayload{}
	}
	c.files[f.Digest] = bytes.Clone(b)
	return nil
}

type badPayload struct{}

func (badPayload) Error() string    { return "content does not match" }
func (badPayload) BadPayload() bool { return true }

// appliance is where tests import to.
type appliance struct {
	*library
	*contents
	progress []catalogimport.Progress
}

func newAppliance() *appliance {
	return &appliance{library: newLibrary(), contents: newContents()}
}

func (a *appliance) ingest(ctx context.Context, src catalogimport.Source) (*catalogimport.Report, error) {
	g := &catalogimport.Ingester{Library: a.library, Content: a.contents, Now: clock()}
	return g.Ingest(ctx, src, catalogimport.Options{
		AcceptUnsigned: true, By: "tester",
		Progress: func(p catalogimport.Progress) { a.progress = append(a.progress, p) },
	})
}

// clock ticks a second a look, so that no progress is held back.
func clock() func() time.Time {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return func() time.Time { now = now.Add(time.Second); return now }
}

// importPath opens and ingests a medium.
func (a *appliance) importPath(path string) (*catalogimport.Report, error) {
	ctx := context.Background()
	src, err := catalogimport.Open(ctx, path, "", catalogimport.DefaultLimits())
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return a.ingest(ctx, src)
}

// mustImport imports a medium that is good.
func (a *appliance) mustImport(tb testing.TB, path string) *catalogimport.Report {
	tb.Helper()
	rep, err := a.importPath(path)
	if err != nil {
		tb.Fatalf("import: %v", err)
	}
	if a.state != "applied" || rep.State != "applied" || rep.Error != "" {
		tb.Fatalf("the import is %q, its record says %q %s", a.state, rep.State, rep.Error)
	}
	return rep
}

// hashes are the revisions that are applied, by their contents.
func (a *appliance) hashes() map[update.Identity][sha256.Size]byte {
	m := make(map[update.Identity][sha256.Size]byte)
	for id, r := range a.applied {
		m[id] = r.hash
	}
	return m
}
