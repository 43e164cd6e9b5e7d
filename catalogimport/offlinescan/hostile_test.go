package offlinescan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/catalogimport/offlinescan"
	"sluice/catalogimport/offlinescan/synthscan"
	"sluice/wsus/metadata"
	"sluice/wsus/update"
)

// guid returns the n-th of some ids.
func guid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", n) }

func core(n int) string {
	return fmt.Sprintf(`<UpdateIdentity UpdateID=%q RevisionNumber="1" /><Properties UpdateType="Software" />`, guid(n))
}

// entry is an Update of package.xml.
func entry(n int, inside string) string {
	return fmt.Sprintf(`<Update UpdateId=%q RevisionNumber="1" RevisionId="%d">%s</Update>`, guid(n), n, inside)
}

func packageXML(entries ...string) string {
	return `<OfflineSyncPackage><Updates>` + strings.Join(entries, "") + `</Updates></OfflineSyncPackage>`
}

// member makes a member of a shard.
func member(name, data string) cabwrite.File { return cabwrite.File{Name: name, Data: []byte(data)} }

// base is a sound medium of two shards, from 0 and from 10, with revision 1 in the
// one and 11 in the other.
func base() synthscan.Medium {
	return synthscan.Medium{
		Index:   synthscan.Index(0, 10),
		Catalog: packageXML(entry(1, ""), entry(11, "")),
		Shards: []synthscan.Shard{
			{Name: "package2.cab", Members: []cabwrite.File{member("c/1", core(1)), member("x/1", "<ExtendedProperties />")}},
			{Name: "package3.cab", Members: []cabwrite.File{member("c/11", core(11))}},
		},
	}
}

// TestRefused refuses a medium whole.
func TestRefused(t *testing.T) {
	t.Parallel()
	small := offlinescan.DefaultLimits()
	small.Shards, small.Packed, small.Fragment = 2, 1<<16, 1<<12
	small.Catalog = offlinescan.CatalogLimits{Updates: 3, Links: 3, Files: 2, Text: 30}
	file := func(n int) string { return update.Digest{byte(n)}.Base64() }
	index := func(cabs string) func(*synthscan.Medium) {
		return func(m *synthscan.Medium) {
			m.Index = `<INDEX><CABLIST XOR="0"><CAB NAME="package.cab"/>` + cabs + `</CABLIST></INDEX>`
		}
	}
	catalog := func(xml string) func(*synthscan.Medium) { return func(m *synthscan.Medium) { m.Catalog = xml } }
	locations := func(xml string) func(*synthscan.Medium) {
		return catalog(`<OfflineSyncPackage><Updates>` + entry(1, "") + `</Updates><FileLocations>` + xml + `</FileLocations></OfflineSyncPackage>`)
	}
	first := func(members ...cabwrite.File) func(*synthscan.Medium) {
		return func(m *synthscan.Medium) { m.Shards[0].Members = members }
	}
	for _, tt := range []struct {
		name, want string
		change     func(*synthscan.Medium)
	}{
		{"a missing shard", `names the shard "package3.cab", which is missing`, func(m *synthscan.Medium) { m.Shards = m.Shards[:1] }},
		{"no shards", "names no shards", index("")},
		{"too many shards", "more than 2 shards", index(`<CAB NAME="a" RANGESTART="0"/><CAB NAME="b" RANGESTART="1"/><CAB NAME="c" RANGESTART="2"/>`)},
		{"a shard named twice", `"Package2.cab" is named twice`, index(`<CAB NAME="package2.cab" RANGESTART="0"/><CAB NAME="Package2.cab" RANGESTART="1"/>`)},
		{"two ranges that are the same", "both start at 7", index(`<CAB NAME="package2.cab" RANGESTART="7"/><CAB NAME="package3.cab" RANGESTART="7"/>`)},
		{"a range that is no number", "RANGESTART", index(`<CAB NAME="package2.cab" RANGESTART="-1"/>`)},
		{"a range past 31 bits", "not a number in range", index(`<CAB NAME="package2.cab" RANGESTART="2147483648"/>`)},
		{"two catalogs", "have no RANGESTART", index(`<CAB NAME="package2.cab"/>`)},
		{"no name", "has no NAME", index(`<CAB RANGESTART="1"/>`)},
		{"another XOR", "XOR", func(m *synthscan.Medium) { m.Index = strings.Replace(m.Index, `XOR="0"`, `XOR="5"`, 1) }},
		{"another version", "version", func(m *synthscan.Medium) { m.Index = `<INDEX VERSION="2"/>` }},
		{"another root", "not INDEX", func(m *synthscan.Medium) { m.Index = `<CABLIST/>` }},
		{"more than the index", "something follows", func(m *synthscan.Medium) { m.Index += "<a/>" }},
		{"an entity", "index.xml", func(m *synthscan.Medium) { m.Index = `<!DOCTYPE INDEX [<!ENTITY a "b">]><INDEX>&a;</INDEX>` }},
		{"a catalog of something else", "not OfflineSyncPackage", catalog(`<ExportPackage/>`)},
		{"an empty catalog", "no updates", catalog(packageXML())},
		{"a catalog that ends early", "package.xml", catalog(`<OfflineSyncPackage><Updates>`)},
		{"a RevisionId given twice", "RevisionId 1 is given to two", catalog(packageXML(entry(1, ""), entry(1, "")))},
		{"too many updates", "more than 3 updates", catalog(packageXML(entry(1, ""), entry(2, ""), entry(3, ""), entry(4, "")))},
		{"an id that is none", "UpdateId", catalog(packageXML(`<Update UpdateId="x"/>`))},
		{"a revision number that is none", "RevisionNumber", catalog(packageXML(`<Update UpdateId="` + guid(1) + `" RevisionNumber="-1"/>`))},
		{"a RevisionId that is none", "RevisionId", catalog(packageXML(`<Update UpdateId="` + guid(1) + `" RevisionNumber="1" RevisionId="1e3"/>`))},
		{"a long language", "longer than 35", catalog(packageXML(`<Update DefaultLanguage="` + strings.Repeat("a", 36) + `" UpdateId="` + guid(1) + `" RevisionNumber="1" RevisionId="1"/>`))},
		{"too many relations", "more than 3 categories", catalog(packageXML(entry(1, "<BundledBy>"+strings.Repeat(`<Revision Id="1"/>`, 4)+"</BundledBy>")))},
		{"a relation that is none", "a Revision", catalog(packageXML(entry(1, `<SupersededBy><Revision Id=""/></SupersededBy>`)))},
		{"a category that is none", "a Category", catalog(packageXML(entry(1, `<Categories><Category Id=""/></Categories>`)))},
		{"a file that is none", "a File", catalog(packageXML(entry(1, `<PayloadFiles><File Id="QUJD"/></PayloadFiles>`)))},
		{"too many files", "more than 2 files", locations(`<FileLocation Id="` + file(1) + `"/><FileLocation Id="` + file(2) + `"/><FileLocation Id="` + file(3) + `"/>`)},
		{"too long locations", "more than 30 bytes", locations(`<FileLocation Id="` + file(1) + `" Url="http://updates.example/longer.cab"/>`)},
		{"a very long location", "longer than 4096", locations(`<FileLocation Id="` + file(1) + `" Url="` + strings.Repeat("a", 4097) + `"/>`)},
		{"a shard that is no cabinet", "package2.cab", func(m *synthscan.Medium) {
			m.Index = synthscan.Index(0)
			m.Index = strings.ReplaceAll(m.Index, "package2.cab", "index.xml")
		}},
		{"a large shard", "package2.cab is larger than the limit", first(member("c/1", strings.Repeat("a", 1<<17)))},
		{"a large fragment", "for one fragment", first(member("c/1", strings.Repeat("a", 5000)))},
		{"a fragment twice", "RevisionId 1 is there twice", first(member("c/1", core(1)), member("C/01", core(1)))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := base()
			tt.change(&m)
			s, err := open(t, write(t, m), small)
			if err == nil {
				err = read(s).err
			}
			want := tt.want
			if tt.name == "a shard that is no cabinet" {
				want = "index.xml"
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// TestRefusedAlone refuses single revisions and reads the rest.
func TestRefusedAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		change     func(*synthscan.Medium)
		sound      int
	}{
		{"nothing", "", func(*synthscan.Medium) {}, 2},
		{"listed and not there", "package2.cab c/5: package.xml lists it as " + guid(5) + "/1, but it has no fragments",
			func(m *synthscan.Medium) { m.Catalog = packageXML(entry(1, ""), entry(5, ""), entry(11, "")) }, 2},
		{"in no shard", "package.xml RevisionId 1: it is listed as " + guid(1) + "/1, but index.xml has its RevisionId in no shard",
			func(m *synthscan.Medium) {
				m.Index = synthscan.Index(5, 10)
				m.Shards[0].Members = []cabwrite.File{member("c/6", core(6))}
			}, 2},
		{"in another shard", "package2.cab c/12: index.xml has its RevisionId in another shard",
			func(m *synthscan.Medium) {
				m.Shards[0].Members = append(m.Shards[0].Members, member("c/12", core(12)))
			}, 2},
		{"no core", "package2.cab c/2: it has fragments, but none of them is its core",
			func(m *synthscan.Medium) {
				m.Shards[0].Members = append(m.Shards[0].Members, member("l/en/2", "<LocalizedProperties />"))
			}, 2},
		{"another revision number", "package.xml calls it " + guid(1) + "/1, its core fragment " + guid(1) + "/2",
			func(m *synthscan.Medium) {
				m.Shards[0].Members[0] = member("c/1", strings.Replace(core(1), `Number="1"`, `Number="2"`, 1))
			}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := base()
			tt.change(&m)
			r := read(mustOpen(t, write(t, m), offlinescan.DefaultLimits()))
			if r.err != nil || len(r.items) != tt.sound || !strings.Contains(strings.Join(r.refused, "\n"), tt.want) || (tt.want != "") != (len(r.refused) == 1) {
				t.Errorf("%d items, refused %q, %v; want %d and %q", len(r.items), r.refused, r.err, tt.sound, tt.want)
			}
		})
	}
}

// TestHostileFragments leaves fragments as they are: reading them as metadata
// refuses them alone.
func TestHostileFragments(t *testing.T) {
	t.Parallel()
	rules := func(s string) string { return core(1) + `<ApplicabilityRules>` + s + `</ApplicabilityRules>` }
	for _, tt := range []struct{ name, core string }{
		{"unbalanced rules", rules(`<IsInstalled><And></IsInstalled>`)},
		{"too deep", rules(strings.Repeat("<Not>", 500) + strings.Repeat("</Not>", 500))},
		{"an entity", `<!DOCTYPE a [<!ENTITY b "c">]>` + core(1)},
		{"cut short", core(1) + `<Applicab`},
		{"not UTF-8", rules("\xff")},
		{"a second identity", core(1) + core(2)},
		{"no identity", `<Properties UpdateType="Software" />`},
		{"empty", ""},
		{"an id that is none", strings.Replace(core(1), guid(1), "1", 1)},
		{"an instruction", core(1) + `<?php ?>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := base()
			m.Shards[0].Members[0] = member("c/1", tt.core)
			r := read(mustOpen(t, write(t, m), offlinescan.DefaultLimits()))
			it, ok := r.items["package2.cab c/1"]
			if r.err != nil || !ok || string(it.Fragments.Core) != tt.core {
				t.Fatalf("%v, refused %v; want the fragment as given", r.err, r.refused)
			}
			if rev, err := metadata.FromFragments(it.Fragments); err == nil {
				t.Errorf("read as %+v", rev)
			}
		})
	}
}

func TestMinted(t *testing.T) {
	t.Parallel()
	m := base()
	m.Shards[0].Members[0] = member("c/1", core(99))
	r := read(mustOpen(t, write(t, m), offlinescan.DefaultLimits()))
	if !r.items["package2.cab c/1"].Minted || r.items["package3.cab c/11"].Minted {
		t.Errorf("only the one that package.xml calls otherwise is minted: %+v", r.items)
	}
}

// TestNames takes the members of a shard that are fragments, and no others.
func TestNames(t *testing.T) {
	t.Parallel()
	m := base()
	m.Shards[0].Members = []cabwrite.File{
		member("c/000001", core(1)), member("x/1", "x"), member("l/EN/1", "en"), member("l/de/1", "de"),
		member("e/en/1", "<EulaFile />"), member("i/1", "?"), member("s/1", "?"), member("c/en/1", "?"), member("l/1", "?"),
		member("c/1x", "?"), member("c/", "?"), member("c", "?"), member("l/a b/1", "?"), member("c/+1", "?"), member("c/99999999999", "?"),
		member("../c/1", "?"), member("l/en/de/1", "?"), member("readme", "?"),
	}
	r := read(mustOpen(t, write(t, m), offlinescan.DefaultLimits()))
	want := &update.Fragments{
		Core: []byte(core(1)), Extended: []byte("x"),
		Localized: []update.LocalizedFragment{{Language: "de", XML: []byte("de")}, {Language: "en", XML: []byte("en")}},
		Eula:      []update.LocalizedFragment{{Language: "en", XML: []byte("<EulaFile />")}},
	}
	if diff := cmp.Diff(want, r.items["package2.cab c/1"].Fragments); diff != "" || r.err != nil || len(r.refused) > 0 {
		t.Errorf("refused %v, %v; fragments (-want +got):\n%s", r.refused, r.err, diff)
	}
}

// TestEulaLanguages gives EULA fragments that are named without a language theirs.
func TestEulaLanguages(t *testing.T) {
	t.Parallel()
	const en, de = `<EulaFile Language="en" />`, `<EulaFile Language="DE"><A>x</A></EulaFile>`
	for _, tt := range []struct {
		name, xml string
		want      []update.LocalizedFragment
	}{
		{"one", en, []update.LocalizedFragment{{Language: "en", XML: []byte(en)}}},
		{"two", en + de, []update.LocalizedFragment{{Language: "en", XML: []byte(en)}, {Language: "de", XML: []byte(de)}}},
		{"none", "", []update.LocalizedFragment{{}}},
		{"not XML", en + "<", []update.LocalizedFragment{{XML: []byte(en + "<")}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := base()
			m.Shards[0].Members = append(m.Shards[0].Members, member("e/1", tt.xml))
			r := read(mustOpen(t, write(t, m), offlinescan.DefaultLimits()))
			got := r.items["package2.cab c/1"].Fragments.Eula
			if len(got) == 1 && len(got[0].XML) == 0 {
				got[0].XML = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadTexts(t *testing.T) {
	t.Parallel()
	name := synthscan.FileName(update.Digest{1})
	m := base()
	m.Shards[0].Members = append(m.Shards[0].Members, member("files/AB/CD", "?"), member("files/ff"+name[8:], "?"), member(strings.ToLower(name), "!"))
	s := mustOpen(t, write(t, m), offlinescan.DefaultLimits())
	var good, bad int
	for p, err := range s.Payloads(context.Background()) {
		if err != nil {
			bad++
		} else if p.Digest == (update.Digest{1}) {
			good++
		}
	}
	if good != 1 || bad != 2 {
		t.Errorf("%d good and %d bad, want 1 and 2", good, bad)
	}
}
