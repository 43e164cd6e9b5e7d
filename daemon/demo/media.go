package demo

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// Media are the media of the demonstration, as paths.
type Media struct {
	Documents string // a folder of update documents and payload files; the file of ReliabilityKB is not there
	Export    string // the same and more as a server exports it, every file in the WsusContent folder beside it
	Package   string // an .msu with one update, PackageKB
}

// KB articles of updates that the story tells of.
const (
	cumulativeKB  = "7000103" // a bundle
	reliabilityKB = "7000104" // its file is missing at first
	timeZoneKB    = "7000105" // declined
	tidesKB       = "7000106" // nobody approves it
	craneKB       = "7000107" // asks for the acceptance of a license
	chartKB       = "7000108" // for desktops
	fontKB        = "7000109" // for desktops; wants a restart
	rollupKB      = "7000111" // for desktops; nobody approves it
	packageKB     = "7000113" // comes as an .msu
)

// WriteMedia makes the media in a folder.
func WriteMedia(dir string) (Media, error) {
	m := Media{
		Documents: filepath.Join(dir, "documents"),
		Export:    filepath.Join(dir, "export", "harbor-export.cab"),
		Package:   filepath.Join(dir, "packages", "harbor-kb"+packageKB+"-x64.msu"),
	}
	for _, p := range []string{m.Documents, filepath.Dir(m.Export), filepath.Dir(m.Package)} {
		if err := os.MkdirAll(p, 0o755); err != nil {
			return m, err
		}
	}
	items, err := readDemo()
	if err != nil {
		return m, err
	}
	for _, write := range []func() error{
		func() error { return writeDocuments(m.Documents, items) },
		func() error { return writeExport(m.Export, items) },
		func() error { return writePackage(m.Package, items) },
	} {
		if err := write(); err != nil {
			return m, fmt.Errorf("make the demonstration media: %w", err)
		}
	}
	return m, nil
}

// item is a document of the demonstration set and what it says.
type item struct {
	name     string // of the document's file
	document []byte
	*update.Revision
}

func (i *item) is(kb string) bool { return slices.Contains(i.KBs, kb) }

func readDemo() ([]item, error) {
	var items []item
	for _, it := range synth.Demo() {
		r, _, err := metadata.Split(it.Document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", it.Name, err)
		}
		items = append(items, item{filepath.Base(it.Name), it.Document, r})
	}
	return items, nil
}

// writeDocuments writes all documents, and all payload files but one.
func writeDocuments(dir string, items []item) error {
	for i := range items {
		it := &items[i]
		if err := os.WriteFile(filepath.Join(dir, it.name), it.document, 0o644); err != nil {
			return err
		}
		if it.is(reliabilityKB) {
			continue
		}
		for _, f := range it.Files {
			if err := writePayload(filepath.Join(dir, f.Name), f); err != nil {
				return err
			}
		}
	}
	return nil
}

func writePayload(path string, f update.File) (err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, synth.Payload(f))
	return err
}

// writeExport writes all documents in the form of `wsusutil export`, the files
// beside it.
func writeExport(path string, items []item) error {
	var index, places, records bytes.Buffer
	for i := range items {
		it := &items[i]
		fmt.Fprintf(&index, `<Update UpdateId="%s" RevisionNumber="%d"><Files>`, it.ID, it.Number)
		for _, f := range it.Files {
			digest := base64.StdEncoding.EncodeToString(f.Digest[:])
			fmt.Fprintf(&index, `<File Digest="%s" />`, digest)
			fmt.Fprintf(&places, `<File Digest="%s" Name="%s" MUUrl="http://download.example/harbor/%s" />`, digest, f.Name, f.Name)
			name := f.Digest.String()
			folder := filepath.Join(filepath.Dir(path), "WsusContent", name[len(name)-2:])
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
			if err := writePayload(filepath.Join(folder, name+filepath.Ext(f.Name)), f); err != nil {
				return err
			}
		}
		index.WriteString(`</Files></Update>`)
		fmt.Fprintf(&records, "%s,%08X,%08X,%s\r\n", it.ID, it.Number, len(utf16.Encode([]rune(string(it.document)))), it.document)
	}
	return writeCabinet(path, cabwrite.MSZIP, []cabwrite.File{
		{Name: "package.xml", Data: fmt.Appendf(nil, `<?xml version="1.0" encoding="utf-8"?><ExportPackage><Updates>%s</Updates><Files>%s</Files></ExportPackage>`, &index, &places)},
		{Name: "metadata.txt", Data: records.Bytes()},
	})
}

func writeCabinet(path string, m cabwrite.Method, files []cabwrite.File) error {
	b, err := cabinet(m, files)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

func cabinet(m cabwrite.Method, files []cabwrite.File) ([]byte, error) {
	for i := range files {
		files[i].ModTime = time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)
	}
	var b bytes.Buffer
	err := cabwrite.Write(&b, files, m)
	return b.Bytes(), err
}

// packageBytes is the payload of the .msu: large enough for several ranges.
const packageBytes = 2<<20 + 4321

// writePackage writes an .msu with an update of the server: its metadata as
// fragments in a cabinet of its own, and the file that is installed.
func writePackage(path string, items []item) error {
	like := slices.IndexFunc(items, func(i item) bool { return i.is(cumulativeKB) })
	if like < 0 {
		return fmt.Errorf("the demonstration set lacks KB%s", cumulativeKB)
	}
	payload := synth.File("harbor-kb"+packageKB+"-x64.cab", packageBytes, items[like].Created)
	bundle, member := packageUpdates(items[like].Revision, payload)
	done := synth.RegKeyExists(synth.DemoUpdatesKey + packageKB)
	rules := synth.Rules{Installed: done, Installable: synth.Not(done)}

	files, index := []cabwrite.File{}, &strings.Builder{}
	for i, d := range []struct {
		r     *update.Revision
		rules synth.Rules
	}{{member, rules}, {bundle, synth.Rules{}}} {
		_, f, err := metadata.Split(synth.Document(d.r, d.rules))
		if err != nil {
			return err
		}
		revision := i + 1 // counts anew in every package
		files = append(files,
			cabwrite.File{Name: fmt.Sprintf("core/%d", revision), Data: f.Core},
			cabwrite.File{Name: fmt.Sprintf("extended/%d", revision), Data: f.Extended})
		for _, l := range f.Localized {
			files = append(files, cabwrite.File{Name: fmt.Sprintf("localized/%s/%d", l.Language, revision), Data: l.XML})
		}
		// The index of a package has made-up ids for its own updates.
		fmt.Fprintf(index, `<Update CreationDate="2026-06-01T12:00:00Z" UpdateId="5117ce00-0000-4000-8000-99999999900%d" RevisionNumber="1" RevisionId="%d" />`, revision, revision)
	}
	files = append(files, cabwrite.File{Name: "package.xml", Data: fmt.Appendf(nil,
		`<?xml version="1.0" encoding="utf-8"?><OfflineSyncPackage MinimumClientVersion="5.4.3790.2191" ProtocolVersion="2.0" PackageId="5117ce00-0000-4000-8000-999999999999" CreationDate="2026-06-01T12:00:00Z" PackageVersion="1.0" xmlns="http://schemas.microsoft.com/msus/2004/02/OfflineSync"><Updates>%s</Updates></OfflineSyncPackage>`, index)})
	inner, err := cabinet(cabwrite.MSZIP, files)
	if err != nil {
		return err
	}
	scan, err := cabinet(cabwrite.LZX, []cabwrite.File{{Name: "package.cab", Data: inner}})
	if err != nil {
		return err
	}
	body, err := io.ReadAll(synth.Payload(payload))
	if err != nil {
		return err
	}
	return writeCabinet(path, cabwrite.None, []cabwrite.File{
		{Name: "WSUSSCAN.cab", Data: scan},
		{Name: payload.Name, Data: body},
		{Name: "harbor-kb" + packageKB + "-x64-pkgProperties.txt", Data: []byte("KB Article Number=\"" + packageKB + "\"\r\n")},
	})
}

// packageUpdates returns the bundle and the member that the .msu holds, for the
// same computers as an update of the demonstration set.
func packageUpdates(like *update.Revision, payload update.File) (bundle, member *update.Revision) {
	id := func(n int) update.Identity {
		return update.Identity{ID: update.MustParseID(fmt.Sprintf("5117ce00-0000-4000-8000-%012d", n)), Number: 501}
	}
	m := update.Revision{
		Identity: id(113), Type: update.Software, Created: like.Created, DefaultLanguage: "en",
		Handler: synth.HandlerCommandLine, CommandLine: true, Files: []update.File{payload},
		Localized: []update.Localized{{Language: "en", Title: "HIDDEN: package KB" + packageKB}},
	}
	for _, c := range like.Prerequisites {
		m.Prerequisites = append(m.Prerequisites, update.Clause{Any: c.Any})
	}
	b := *like
	b.Identity, b.KBs, b.Bundles, b.Supersedes, b.CVEs, b.Bulletins = id(114), []string{packageKB}, [][]update.Identity{{m.Identity}}, nil, nil, nil
	b.Localized = []update.Localized{{
		Language: "en", Title: "Harbor Server 2026 Package (KB" + packageKB + ")",
		Description: "Came as a stand-alone package.",
	}}
	return &b, &m
}
