package msu

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/update"
)

func cab(tb testing.TB, m cabwrite.Method, namesAndData ...string) string {
	tb.Helper()
	var files []cabwrite.File
	for i := 0; i < len(namesAndData); i += 2 {
		files = append(files, cabwrite.File{Name: namesAndData[i], Data: []byte(namesAndData[i+1])})
	}
	var b bytes.Buffer
	if err := cabwrite.Write(&b, files, m); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

const (
	coreID  = "a0a08746-4dbe-4a37-9adf-9e7652c0b421"
	otherID = "b73ca6ed-5727-47f3-84de-015e03f6a88a"
)

func members() []string {
	core := fmt.Sprintf(`<UpdateIdentity UpdateID=%q RevisionNumber="1" /><Properties UpdateType="Detectoid" />`, coreID)
	return []string{
		"core/1", core, "extended/1", "<ExtendedProperties />", "localized/en/1", "<LocalizedProperties />",
		"Core/2", core, `core\3`, core, "eula/zh-HK/2", "<EulaFile />", "files/AB/CD", "text", "core/x", "", "core/en/1", "", "localized/1", "",
		"package.xml", fmt.Sprintf(`<p><Updates><Update UpdateId=%q RevisionId="1"/><Update UpdateId=%q RevisionId="2"/></Updates></p>`, coreID, otherID),
	}
}

func small() Limits {
	return Limits{Cabinet: cabinet.Limits{TotalBytes: 1 << 20, MemberBytes: 1 << 19, Ratio: 100, Members: 50}, Metadata: 1 << 19}
}

func TestReadScan(t *testing.T) {
	t.Parallel()
	scan := cab(t, cabwrite.None, "package.cab", cab(t, cabwrite.MSZIP, members()...))
	f, err := readScan(context.Background(), []byte(scan), small())
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.order()); got != "[1 2 3]" {
		t.Errorf("revisions %s", got)
	}
	one, two := f.byRevision[1], f.byRevision[2]
	if one.Core == nil || one.Extended == nil || len(one.Localized) != 1 || one.Localized[0].Language != "en" || len(one.Eula) != 0 {
		t.Errorf("revision 1: %q", one)
	}
	if len(two.Eula) != 1 || two.Eula[0].Language != "zh-HK" || two.Extended != nil {
		t.Errorf("revision 2: %q", two)
	}
	if f.minted(1) || !f.minted(2) || f.minted(3) || f.indexed[2].id != update.MustParseID(otherID) {
		t.Errorf("minted %v %v %v, want only the one that the index calls otherwise", f.minted(1), f.minted(2), f.minted(3))
	}
}

// withoutChecksums takes the checksums from the blocks of a cabinet of one folder,
// so that changes are not stopped there.
func withoutChecksums(cab []byte) []byte {
	le := binary.LittleEndian
	at := int(le.Uint32(cab[36:]))
	for range le.Uint16(cab[40:]) {
		clear(cab[at : at+4])
		at += 8 + int(le.Uint16(cab[at+4:]))
	}
	return cab
}

// FuzzScan unpacks the metadata of a package: package.cab, which the fuzzer works
// on without the cabinet around it.
func FuzzScan(f *testing.F) {
	f.Add(withoutChecksums([]byte(cab(f, cabwrite.None, members()...))))
	f.Add(withoutChecksums([]byte(cab(f, cabwrite.MSZIP, members()...))))
	f.Fuzz(func(t *testing.T, pkg []byte) {
		if len(pkg) > 1<<16 {
			return
		}
		scan := cab(t, cabwrite.None, "package.cab", string(pkg))
		frags, err := readScan(context.Background(), []byte(scan), small())
		if err != nil {
			return
		}
		var total int
		for _, n := range frags.order() {
			fr := frags.byRevision[n]
			if fr == nil {
				continue
			}
			frags.minted(n)
			total += len(fr.Core) + len(fr.Extended)
			for _, l := range append(fr.Localized, fr.Eula...) {
				total += len(l.XML)
			}
		}
		if total > 1<<19 {
			t.Errorf("%d bytes of fragments", total)
		}
	})
}
