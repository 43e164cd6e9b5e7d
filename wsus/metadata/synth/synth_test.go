package synth_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

func TestShape(t *testing.T) {
	t.Parallel()
	const n = 2500
	c := synth.New(synth.Shape{Revisions: n, Seed: 1, MaxCore: 500_000})
	if c.Len() != n {
		t.Fatalf("Len() = %d, want %d", c.Len(), n)
	}
	var cores []int
	var tree, expired, licensed int
	types := make(map[update.Type]int)
	sets := make(map[string]bool)
	at := make(map[update.ID]int)
	superseded := make(map[update.ID]bool)
	chain := make(map[update.ID]int)
	longest := 0
	for item := range c.Items() {
		rev, f, err := metadata.Split(item.Document)
		if err != nil {
			t.Fatalf("%s: %v", item.Name, err)
		}
		if rev.Identity != item.Expect {
			t.Errorf("%s: identity %s, expected %s", item.Name, rev.Identity, item.Expect)
		}
		if _, ok := at[rev.ID]; ok {
			t.Errorf("%s: %s is there already", item.Name, rev.ID)
		}
		at[rev.ID] = len(at)
		checkReferences(t, item.Name, rev, at)
		cores = append(cores, len(f.Core))
		types[rev.Type]++
		if rev.Type == update.Category || rev.Type == update.Detectoid {
			tree++
			continue
		}
		if len(rev.Prerequisites) != 3 {
			t.Errorf("%s: %d prerequisites, want 3", item.Name, len(rev.Prerequisites))
		}
		key := ""
		for _, p := range rev.Prerequisites {
			key += p.Any[0].String()
		}
		sets[key] = true
		for _, id := range rev.Supersedes {
			superseded[id] = true
			chain[rev.ID] = chain[id] + 1
			longest = max(longest, chain[rev.ID]+1)
		}
		if rev.Expired {
			expired++
		}
		if !rev.EulaID.IsZero() {
			licensed++
		}
	}
	slices.Sort(cores)
	within(t, "median core", cores[n/2], 500, 750)
	within(t, "90 % of cores", cores[n*9/10], 6_000, 13_000)
	within(t, "99 % of cores", cores[n*99/100], 250_000, 501_000)
	within(t, "largest core", cores[n-1], 499_000, 501_000)
	within(t, "categories and detectoids", tree, n*4/100, n*4/100)
	within(t, "superseded", len(superseded), n*22/100, n*38/100)
	within(t, "longest chain", longest, 15, 24)
	within(t, "clause sets", len(sets), n*7/100, n*8/100)
	within(t, "expired", expired, 1, n*2/100)
	within(t, "licensed", licensed, 1, n*2/100)
	within(t, "drivers", types[update.Driver], n/100, n*4/100)
}

func within(t *testing.T, what string, got, low, high int) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %d, want %d to %d", what, got, low, high)
	}
}

// checkReferences fails when a revision refers to one that did not come before.
func checkReferences(t *testing.T, name string, rev *update.Revision, at map[update.ID]int) {
	t.Helper()
	ids := slices.Clone(rev.Supersedes)
	for _, c := range rev.Prerequisites {
		ids = append(ids, c.Any...)
	}
	for _, g := range rev.Bundles {
		for _, m := range g {
			ids = append(ids, m.ID)
		}
	}
	for _, id := range ids {
		if _, ok := at[id]; !ok {
			t.Errorf("%s refers to %s, which did not come before", name, id)
		}
	}
}

// TestDocument checks that splitting a document gives what it was made from.
func TestDocument(t *testing.T) {
	t.Parallel()
	c := synth.New(synth.Shape{Revisions: 300, Seed: 7, MaxCore: 100_000})
	for i := range c.Len() {
		want, rules := c.Revision(i)
		got, _, err := metadata.Split(synth.Document(want, rules))
		if err != nil {
			t.Fatal(err)
		}
		sortFiles(want)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("revision %d (-made +split):\n%s", i, diff)
		}
	}
}

// sortFiles puts license texts behind the payload, as splitting does.
func sortFiles(r *update.Revision) {
	slices.SortStableFunc(r.Files, func(a, b update.File) int {
		return min(len(a.Language), 1) - min(len(b.Language), 1)
	})
}

func TestSeed(t *testing.T) {
	t.Parallel()
	shape := synth.Shape{Revisions: 100, Seed: 3}
	a, b := synth.New(shape), synth.New(shape)
	shape.Seed++
	other := synth.New(shape)
	same := true
	for i := range a.Len() {
		if !bytes.Equal(a.Item(i).Document, b.Item(i).Document) {
			t.Errorf("revision %d differs between two catalogs of one seed", i)
		}
		same = same && bytes.Equal(a.Item(i).Document, other.Item(i).Document)
	}
	if same {
		t.Error("another seed gives the same catalog")
	}
}

func TestGiantCore(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("makes a document of 47 MB")
	}
	c := synth.New(synth.Shape{Revisions: 1000, Seed: 1})
	for i := 450; i < 600; i++ {
		if item := c.Item(i); len(item.Document) > 40_000_000 {
			_, f, err := metadata.Split(item.Document)
			if err != nil {
				t.Fatal(err)
			}
			within(t, "giant core", len(f.Core), 46_900_000, 47_100_000)
			return
		}
	}
	t.Error("no giant core around the middle")
}

func TestDemo(t *testing.T) {
	t.Parallel()
	var names []string
	at := make(map[update.ID]int)
	count := make(map[string]int)
	for _, item := range synth.Demo() {
		rev, _, err := metadata.Split(item.Document)
		if err != nil {
			t.Fatalf("%s: %v", item.Name, err)
		}
		names = append(names, item.Name)
		checkReferences(t, item.Name, rev, at)
		at[rev.ID] = len(at)
		for feature, has := range map[string]bool{
			"updates": rev.Type == update.Software || rev.Type == update.Driver, "bundles": len(rev.Bundles) > 0,
			"superseding": len(rev.Supersedes) > 0, "licensed": !rev.EulaID.IsZero(), "command lines": rev.CommandLine,
			"expired": rev.Expired, "drivers": len(rev.Drivers) > 0, "deployable": rev.ExplicitlyDeployable,
			"detectoids": rev.Type == update.Detectoid, "products": rev.Category == update.Product,
		} {
			if has {
				count[feature]++
			}
		}
		for _, f := range rev.Files {
			checkPayload(t, f)
		}
	}
	want := map[string]int{
		"updates": 12, "bundles": 1, "superseding": 1, "licensed": 1, "command lines": 10, "expired": 1, "drivers": 1,
		"deployable": 11, "detectoids": 2, "products": 2,
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("demonstration set %v (-want +got):\n%s", names, diff)
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	c := synth.New(synth.Shape{Revisions: 100, Seed: 1, MaxFile: 300})
	files := 0
	for i := range c.Len() {
		rev, _ := c.Revision(i)
		for _, f := range rev.Files {
			files++
			checkPayload(t, f)
			if f.Language == "" && f.Size > 300 {
				t.Errorf("%s has %d bytes, want at most 300", f.Name, f.Size)
			}
		}
	}
	if files == 0 {
		t.Error("no files")
	}
}

func checkPayload(t *testing.T, f update.File) {
	t.Helper()
	b, err := io.ReadAll(synth.Payload(f))
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != f.Size || sha1.Sum(b) != f.Digest || sha256.Sum256(b) != f.SHA256 {
		t.Errorf("%s: payload is not what its digests tell", f.Name)
	}
}
