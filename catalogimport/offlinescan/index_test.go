package offlinescan

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"sluice/wsus/update/samples"
)

// TestRealIndex reads the ranges of a real scan file.
func TestRealIndex(t *testing.T) {
	t.Parallel()
	l, err := readCabList(bytes.NewReader(samples.Read(t, "catalog/wsusscn2/real-index.xml")), 100)
	if err != nil {
		t.Fatal(err)
	}
	if l.catalog != "package.cab" || len(l.shards) != 68 {
		t.Errorf("catalog %q, %d shards", l.catalog, len(l.shards))
	}
	want := shard{name: "package10.cab", first: 3375418, last: 3846139}
	if got := l.shards[8]; got != want || !l.shards[0].files || l.shards[1].files || l.shards[67].last != maxRevision {
		t.Errorf("shard 8 %+v, want %+v", got, want)
	}
}

// TestRealLocations reads real FileLocations, among them old ones whose names do
// not end in their digest.
func TestRealLocations(t *testing.T) {
	t.Parallel()
	const update = `<Update UpdateId="00000001-0000-4000-8000-000000000000" RevisionNumber="1" RevisionId="1"><PayloadFiles><File Id="G1JJpEI+DyOvQVfoVsr1X6ag4jI="/><File Id="aYBVEYHrByMTJk7s3YHetLAPscQ="/></PayloadFiles></Update>`
	xml := `<OfflineSyncPackage><Updates>` + update + `</Updates><FileLocations>` +
		string(samples.Read(t, "catalog/wsusscn2/real-filelocations-excerpt.xml")) + `</FileLocations></OfflineSyncPackage>`
	c, err := readCatalog(strings.NewReader(xml), DefaultLimits().Catalog)
	if err != nil {
		t.Fatal(err)
	}
	files := c.Update(0).Files
	if len(c.digests) != 11 || files[0].Name != "windows2000-kb824141-x86-dan_1758769ed4f14957c797430c48854f8.exe" ||
		!strings.HasPrefix(files[1].URL, "http://download.windowsupdate.com/d/msdownload/") {
		t.Errorf("%d files, %+v", len(c.digests), files)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`<INDEX VERSION="1"><CABLIST XOR="0"><CAB NAME="package.cab" /><CAB NAME="package2.cab" RANGESTART="0" FILESDIR="1" /><CAB NAME="package3.cab" RANGESTART="7" /></CABLIST></INDEX>`))
	f.Add([]byte(`<INDEX><CABLIST><CAB NAME="a"/><CAB NAME="b" RANGESTART="2147483647"/></CABLIST></INDEX>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := readCabList(bytes.NewReader(b), 8)
		if err != nil {
			return
		}
		if len(l.shards) == 0 || len(l.shards) > 8 || l.catalog == "" {
			t.Fatalf("%+v", l)
		}
		for i, s := range l.shards {
			if s.first > s.last || i > 0 && l.shards[i-1].last != s.first-1 {
				t.Errorf("ranges %+v", l.shards)
			}
		}
	})
}

func FuzzCatalog(f *testing.F) {
	seed, err := os.ReadFile("testdata/package.xml")
	if err != nil {
		f.Fatal(err)
	}
	if _, err := readCatalog(bytes.NewReader(seed), DefaultLimits().Catalog); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`<OfflineSyncPackage><Updates><Update UpdateId="00000001-0000-4000-8000-000000000000" RevisionNumber="1" RevisionId="1"/></Updates></OfflineSyncPackage>`))
	lim := CatalogLimits{Updates: 50, Links: 100, Files: 50, Text: 1000}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readCatalog(bytes.NewReader(b), lim)
		if err != nil {
			return
		}
		if c.Len() > lim.Updates || len(c.links) > lim.Links || len(c.digests) > lim.Files || len(c.text) > lim.Text {
			t.Fatal("over the limits")
		}
		all := c.Closure(func(yield func(int) bool) {
			for i := range c.Len() {
				if !yield(i) {
					return
				}
			}
		})
		if all.Len() != c.Len() {
			t.Errorf("closure of all is %d of %d", all.Len(), c.Len())
		}
		for i := range c.Len() {
			u := c.Update(i)
			if n, ok := c.Find(u.RevisionID); !ok || n != i || len(c.Revisions(u.Identity.ID)) == 0 {
				t.Errorf("%d is not found", u.RevisionID)
			}
			c.Successors(i)
		}
	})
}
