package catalogimport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/catalogimport"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// script is a source that does what a test says.
type script struct {
	medium   update.Medium
	items    iter.Seq2[update.Item, error]
	payloads []update.Payload
	fail     error // after the payloads
}

func (s *script) Medium() update.Medium                               { return s.medium }
func (s *script) Items(context.Context) iter.Seq2[update.Item, error] { return s.items }
func (s *script) Close() error                                        { return nil }
func (s *script) Payloads(context.Context) iter.Seq2[update.Payload, error] {
	return func(yield func(update.Payload, error) bool) {
		for _, p := range s.payloads {
			if !yield(p, nil) {
				return
			}
		}
		if s.fail != nil {
			yield(update.Payload{}, s.fail)
		}
	}
}

// scripted is a source of items, an error in the place of any of them.
func scripted(steps ...any) *script {
	return &script{
		medium: update.Medium{Source: "script", Format: "test", Provenance: update.Unsigned, Key: "k", Items: len(steps)},
		items: func(yield func(update.Item, error) bool) {
			for _, step := range steps {
				it, _ := step.(update.Item)
				err, _ := step.(error)
				if !yield(it, err) {
					return
				}
			}
		},
	}
}

func anything[T any](all []T) []any {
	var out []any
	for _, v := range all {
		out = append(out, v)
	}
	return out
}

// TestOrder mixes good revisions, ones that do not parse and ones that the
// source refuses: what is staged is in the order of the medium, what is refused
// is recorded, and an error of the medium undoes it all.
func TestOrder(t *testing.T) {
	t.Parallel()
	c := synth.New(synth.Shape{Revisions: 120, Seed: 1, MaxCore: 2000})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, c.Len()).Draw(t, "revisions")
		broken := rapid.Bool().Draw(t, "the medium breaks")
		var steps []any
		var want []update.Identity
		refused := map[string]bool{}
		for i := range n {
			it := c.Item(i)
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				it.Name = fmt.Sprintf("bad %d", i)
				it.Document = it.Document[:len(it.Document)-1]
				refused[it.Name] = true
				steps = append(steps, it)
			case 1:
				name := fmt.Sprintf("refused %d", i)
				refused[name] = true
				steps = append(steps, &update.ItemError{Item: name, Reason: io.ErrNoProgress})
			default:
				want = append(want, it.Expect)
				steps = append(steps, it)
			}
		}
		if broken {
			steps = append(steps, io.ErrUnexpectedEOF)
		}
		a := newAppliance()
		rep, err := a.ingest(context.Background(), scripted(steps...))
		if !slices.Equal(a.order, want) {
			t.Fatalf("staged %v, want %v", a.order, want)
		}
		got := map[string]bool{}
		for _, r := range rep.Refused {
			got[r.Item] = true
		}
		delete(got, "script") // the medium, where all of it is refused
		if diff := cmp.Diff(refused, got); diff != "" || len(a.refused) != len(refused) {
			t.Fatalf("refused (-want +got):\n%s", diff)
		}
		switch {
		case broken || len(want) == 0:
			wantErr := io.ErrUnexpectedEOF
			if !broken {
				wantErr = catalogimport.ErrNothing
			}
			if !errors.As(err, new(*catalogimport.RefusedError)) || !errors.Is(err, wantErr) || a.state != "abandoned" || len(a.applied) > 0 {
				t.Fatalf("error %v, the import is %s with %d revisions", err, a.state, len(a.applied))
			}
		case err != nil || a.state != "applied" || rep.New != len(want) || len(a.applied) != len(want):
			t.Fatalf("error %v, the import is %s with %d revisions", err, a.state, len(a.applied))
		}
		sane(t, a.progress, rep)
	})
}

// sane checks that progress only goes forward.
func sane(t interface{ Fatalf(string, ...any) }, all []catalogimport.Progress, rep *catalogimport.Report) {
	phases := []string{"metadata", "files", "applying"}
	var last catalogimport.Progress
	for _, p := range all {
		if slices.Index(phases, p.Phase) < slices.Index(phases, last.Phase) || !slices.Contains(phases, p.Phase) ||
			p.Revisions < last.Revisions || p.Files < last.Files || p.Bytes < last.Bytes && len(rep.Refused) == 0 {
			t.Fatalf("progress %+v after %+v", p, last)
		}
		last = p
	}
	if rep.State == "applied" && (last.Phase != "applying" || last.Revisions != rep.Revisions || last.Files != rep.Files || last.Bytes != rep.Bytes) {
		t.Fatalf("the last progress is %+v, the record %+v", last, rep)
	}
}

// TestCancel ends the context at different points of an import. It stops at
// once, leaves no goroutine, and neither applies nor refuses; the same medium
// then goes on. In the bubble of synctest a goroutine that stays fails the test.
func TestCancel(t *testing.T) {
	t.Parallel()
	c := synth.New(synth.Shape{Revisions: 900, Seed: 2, MaxCore: 1000})
	all := slices.Collect(c.Items())
	file := synth.File("p.cab", 1<<20, time.Time{})
	for _, tt := range []struct {
		name string
		set  func(ctx context.Context, cancel func(), a *appliance, s *script)
	}{
		{"before it starts", func(_ context.Context, cancel func(), a *appliance, s *script) { cancel() }},
		{"while it reads", func(_ context.Context, cancel func(), a *appliance, s *script) {
			items := s.items
			s.items = func(yield func(update.Item, error) bool) {
				n := 0
				items(func(it update.Item, err error) bool {
					if n++; n == 700 {
						cancel()
					}
					return yield(it, err)
				})
			}
		}},
		{"while the medium is slow", func(ctx context.Context, cancel func(), a *appliance, s *script) {
			items := s.items
			s.items = func(yield func(update.Item, error) bool) {
				n := 0
				items(func(it update.Item, err error) bool {
					if n++; n == 20 {
						time.AfterFunc(time.Minute, cancel)
						<-ctx.Done()
						yield(update.Item{}, ctx.Err())
						return false
					}
					return yield(it, err)
				})
			}
		}},
		{"while it writes", func(_ context.Context, cancel func(), a *appliance, s *script) {
			a.stageHook = func(n int) error { cancel(); return nil }
		}},
		{"while it prepares", func(_ context.Context, cancel func(), a *appliance, s *script) {
			a.prepHook = func(*update.Revision) error { cancel(); return nil }
		}},
		{"while a file is read", func(_ context.Context, cancel func(), a *appliance, s *script) {
			s.payloads = []update.Payload{{Name: "p", Open: func() (io.ReadCloser, error) {
				return io.NopCloser(io.MultiReader(io.LimitReader(synth.Payload(file), 100), readerFunc(func([]byte) (int, error) { cancel(); return 1, nil }))), nil
			}}}
		}},
		{"after all files", func(_ context.Context, cancel func(), a *appliance, s *script) {
			s.payloads = []update.Payload{{Name: "p", Open: func() (io.ReadCloser, error) {
				cancel()
				return nil, os.ErrPermission
			}}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				var stopped time.Time
				var once sync.Once // several workers stop it
				a, s := newAppliance(), scripted(anything(all)...)
				tt.set(ctx, func() { once.Do(func() { stopped = time.Now(); cancel() }) }, a, s)
				rep, err := a.ingest(ctx, s)
				if !errors.Is(err, context.Canceled) || errors.As(err, new(*catalogimport.RefusedError)) {
					t.Errorf("error %v, want the context's", err)
				}
				if late := time.Since(stopped); late > time.Second {
					t.Errorf("it stopped after %v", late)
				}
				if a.state != "staging" || rep.State != "staging" || len(a.applied) > 0 {
					t.Errorf("the import is %q, its record %q", a.state, rep.State)
				}
				a.stageHook, a.prepHook = nil, nil
				rep, err = a.ingest(context.Background(), scripted(anything(all)...))
				if err != nil || rep.Revisions != len(all) || len(a.applied) != len(all) {
					t.Errorf("again: %v, %d revisions; want %d", err, rep.Revisions, len(all))
				}
			})
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestUnderWay stops the writer and looks how much the reader takes meanwhile.
func TestUnderWay(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, tt := range []struct {
		size, most int // bytes of a document; documents read while none was written
	}{
		{20 * mib, 5}, {60 * mib, 3}, {64 * mib, 3}, {65 * mib, 3}, {200 * mib, 3},
	} {
		t.Run(fmt.Sprint(tt.size/mib), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const items = 12
				read, first := 0, true
				doc := make([]byte, tt.size) // one for all: no XML, so that each is refused
				s := scripted()
				s.items = func(yield func(update.Item, error) bool) {
					for range items {
						read++
						if !yield(update.Item{Name: "x", Document: doc}, nil) {
							return
						}
					}
				}
				a := newAppliance()
				g := &catalogimport.Ingester{Library: refuseHook{a.library, func() {
					if first {
						first = false
						synctest.Wait()
						// One is written, some are under way, one waits for room.
						if read > tt.most || read < 2 {
							t.Errorf("%d documents of %d MiB were read, want 2 to %d", read, tt.size/mib, tt.most)
						}
					}
				}}, Content: a.contents, Now: time.Now}
				rep, err := g.Ingest(context.Background(), s, catalogimport.Options{AcceptUnsigned: true})
				if !errors.Is(err, catalogimport.ErrNothing) || len(rep.Refused) < items {
					t.Errorf("%v, %d refused; want all", err, len(rep.Refused))
				}
			})
		})
	}
}

// refuseHook is a library that is watched as it records refusals.
type refuseHook struct {
	*library
	hook func()
}

func (l refuseHook) Begin(ctx context.Context, m update.Medium, by string) (catalogimport.Staging, error) {
	st, err := l.library.Begin(ctx, m, by)
	return hookedStaging{st, l.hook}, err
}

type hookedStaging struct {
	catalogimport.Staging
	hook func()
}

func (s hookedStaging) Refuse(ctx context.Context, item, reason string) error {
	s.hook()
	return s.Staging.Refuse(ctx, item, reason)
}

func TestUnsigned(t *testing.T) {
	t.Parallel()
	items := synth.Demo()
	t.Run("nobody accepts it", func(t *testing.T) {
		t.Parallel()
		a := newAppliance()
		g := &catalogimport.Ingester{Library: a.library, Content: a.contents, Now: time.Now}
		rep, err := g.Ingest(context.Background(), scripted(anything(items)...), catalogimport.Options{})
		if !errors.Is(err, catalogimport.ErrUnsigned) || a.begun != 0 || rep.State != "refused" || rep.Error == "" || rep.Finished.IsZero() {
			t.Errorf("error %v, %d imports begun, record %+v", err, a.begun, rep)
		}
	})
	t.Run("signed", func(t *testing.T) {
		t.Parallel()
		a := newAppliance()
		g := &catalogimport.Ingester{Library: a.library, Content: a.contents, Now: time.Now}
		s := scripted(anything(items)...)
		s.medium.Provenance = update.Upstream
		rep, err := g.Ingest(context.Background(), s, catalogimport.Options{By: "x"})
		if err != nil || rep.New != len(items) || rep.AcceptedBy != "" {
			t.Errorf("error %v, record %+v", err, rep)
		}
	})
	t.Run("metadata from a source of files", func(t *testing.T) {
		t.Parallel()
		a := newAppliance()
		s := scripted(anything(items)...)
		s.medium.Provenance = ""
		if _, err := a.ingest(context.Background(), s); !errors.Is(err, catalogimport.ErrNothing) || len(a.applied) > 0 {
			t.Errorf("error %v", err)
		}
	})
}

// TestFull lets the appliance fail: the medium is not to blame and goes on later.
func TestFull(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	_, revs := demo(t)
	for _, tt := range []struct {
		name string
		set  func(a *appliance, err error)
	}{
		{"the library", func(a *appliance, err error) { a.stageHook = func(int) error { return err } }},
		{"the content store", func(a *appliance, err error) { a.full = err }},
		{"the search for a file", func(a *appliance, err error) { a.namesErr = err }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAppliance()
			path := medium(t, "p.msu", newMSU(t).msu(t))
			tt.set(a, full)
			rep, err := a.importPath(path)
			if !errors.Is(err, full) || errors.As(err, new(*catalogimport.RefusedError)) || a.state != "staging" || rep.State != "staging" {
				t.Errorf("error %v, the import is %s", err, a.state)
			}
			tt.set(a, nil)
			if rep := a.mustImport(t, path); rep.Revisions != len(revs) || rep.Files != 1 {
				t.Errorf("again: %+v", rep)
			}
		})
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	items := synth.Demo()
	other := items[1]
	other.Expect = items[2].Expect
	differs := items[3]
	differs.Document = []byte(strings.Replace(string(differs.Document), "</", " </", 1))
	for _, tt := range []struct {
		name   string
		item   update.Item
		reason string // of the refusal; empty if it counts as unchanged
	}{
		{"what the index calls another", other, "the medium calls it"},
		{"the same twice", items[3], ""},
		{"twice, but different", differs, "twice, with different contents"},
		{"neither", update.Item{Name: "neither"}, "neither a document nor fragments"},
		{"no core", update.Item{Name: "no core", Fragments: &update.Fragments{}}, "missing"},
		{"terminal control", update.Item{Name: "\x1b[2J\u202e" + strings.Repeat("x", 1000)}, "neither"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAppliance()
			rep, err := a.ingest(context.Background(), scripted(append(anything(items), tt.item)...))
			if err != nil {
				t.Fatal(err)
			}
			if tt.reason == "" {
				if rep.New != len(items) || rep.Unchanged != 1 || len(rep.Refused) > 0 {
					t.Errorf("%+v", rep)
				}
				return
			}
			if rep.New != len(items) || len(rep.Refused) != 1 || !strings.Contains(rep.Refused[0].Reason, tt.reason) {
				t.Fatalf("%+v", rep)
			}
			if name := rep.Refused[0].Item; strings.ContainsAny(name, "\x1b\u202e") || len(name) > 400 {
				t.Errorf("the item is called %q", name)
			}
		})
	}
}

func TestManyRefusals(t *testing.T) {
	t.Parallel()
	const n = 10_050
	steps := anything(synth.Demo())
	for range n {
		steps = append(steps, &update.ItemError{Item: "x", Reason: io.ErrNoProgress})
	}
	a := newAppliance()
	rep, err := a.ingest(context.Background(), scripted(steps...))
	if err != nil || len(rep.Refused) != 10_000 || rep.RefusedMore != 50 || len(a.refused) != n {
		t.Errorf("error %v, %d refused and %d more, %d recorded", err, len(rep.Refused), rep.RefusedMore, len(a.refused))
	}
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	items, revs := demo(t)
	i := slices.IndexFunc(revs, func(r *update.Revision) bool { return len(r.Files) > 0 })
	f := revs[i].Files[0]
	body := payloadOf(t, f)
	from := func(text string, fail error) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) {
			r := io.Reader(strings.NewReader(text))
			if fail != nil {
				r = io.MultiReader(r, readerFunc(func([]byte) (int, error) { return 0, fail }))
			}
			return io.NopCloser(r), nil
		}
	}
	broken := errors.New("broken")
	again := 0
	for _, tt := range []struct {
		name    string
		payload update.Payload
		fail    error
		want    string // files, unneeded or refused, or the text of the medium's refusal
	}{
		{"good", update.Payload{Name: "p", Open: from(body, nil)}, nil, "files"},
		{"good by name", update.Payload{Name: "p", Digest: f.Digest, Path: "/p", Open: from(body, nil)}, nil, "files"},
		{"unknown", update.Payload{Name: "p", Open: from("x", nil)}, nil, "refused"},
		{"unknown by name", update.Payload{Name: "p", Digest: update.Digest{1}, Path: "/p", Open: from("x", nil)}, nil, "unneeded"},
		{"wrong bytes", update.Payload{Name: "p", Digest: f.Digest, Path: "/p", Open: from(body+"x", nil)}, nil, "refused"},
		{"a file that cannot be read", update.Payload{Name: "p", Digest: f.Digest, Path: "/p", Open: from(body, broken)}, nil, "refused"},
		{"a file that cannot be opened", update.Payload{Name: "p", Path: "/p", Open: func() (io.ReadCloser, error) { return nil, broken }}, nil, "refused"},
		{"a member that cannot be read", update.Payload{Name: "p", Open: from(body[:3], broken)}, nil, "p: broken"},
		{"a member that cannot be read again", update.Payload{Name: "p", Open: func() (io.ReadCloser, error) {
			if again++; again > 1 {
				return from(body[:3], broken)()
			}
			return from(body, nil)()
		}}, nil, "p: broken"},
		{"a member that cannot be opened", update.Payload{Name: "p", Open: func() (io.ReadCloser, error) { return nil, broken }}, nil, "p: broken"},
		{"the medium breaks", update.Payload{Name: "p", Open: from(body, nil)}, broken, "script was refused: broken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, s := newAppliance(), scripted(anything(items)...)
			s.payloads, s.fail = []update.Payload{tt.payload}, tt.fail
			rep, err := a.ingest(context.Background(), s)
			got := map[string]int{"files": rep.Files, "unneeded": rep.FilesUnneeded, "refused": len(rep.Refused)}
			if _, counted := got[tt.want]; !counted {
				wantRefused(t, err, tt.want)
				if a.state != "abandoned" {
					t.Errorf("the import is %s", a.state)
				}
				return
			}
			if err != nil || got[tt.want] != 1 || got["files"]+got["unneeded"]+got["refused"] != 1 {
				t.Errorf("error %v, %v; want one of %s", err, got, tt.want)
			}
			if rep.Files == 1 && rep.Bytes != f.Size {
				t.Errorf("%d bytes, want %d", rep.Bytes, f.Size)
			}
			sane(t, a.progress, rep)
		})
	}
}

// Metadata that makes a worker panic is refused; the import, and the appliance,
// go on.
func TestPanicRefusesTheItem(t *testing.T) {
	t.Parallel()
	items := synth.Demo()
	a := newAppliance()
	n := 0
	var mu sync.Mutex
	a.prepHook = func(*update.Revision) error {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == 3 {
			panic("nobody thought of this")
		}
		return nil
	}
	rep, err := a.ingest(context.Background(), scripted(anything(items)...))
	if err != nil {
		t.Fatal(err)
	}
	if rep.New != len(items)-1 || len(rep.Refused) != 1 || !strings.Contains(rep.Refused[0].Reason, "could not be worked out") {
		t.Errorf("%+v, want one refusal", rep)
	}
}
