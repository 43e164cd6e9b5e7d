package synth

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
)

// nsRoot is what the namespaces of update documents begin with.
const nsRoot = "http://schemas.microsoft.com/msus/2002/12/"

// Handlers as update metadata names them.
const (
	HandlerCategory    = nsRoot + "UpdateHandlers/Category"
	HandlerCommandLine = nsRoot + "UpdateHandlers/CommandLineInstallation"
	HandlerCBS         = nsRoot + "UpdateHandlers/Cbs"
	HandlerDriver      = nsRoot + "UpdateHandlers/WindowsDriver"
)

// publisher is who publishes all of it.
const publisher = "6f1d2c3b-4a59-4e68-8770-615243342516"

// Document writes the full update document of a revision, in the form in which
// update servers exchange it. Splitting it gives the revision again, with times cut
// to milliseconds. What to run in
// a command-line installation is the first file.
func Document(r *update.Revision, rules Rules) []byte {
	d := writer{b: make([]byte, 0, 4096+len(rules.Metadata))}
	d.raw(`<upd:Update xmlns:pub="` + nsRoot + `Publishing" xmlns:upd="` + nsRoot + `Update"><upd:UpdateIdentity`)
	d.attr("UpdateID", r.ID.String())
	d.attr("RevisionNumber", strconv.Itoa(int(r.Number)))
	d.raw(` />`)
	d.properties(r)
	d.localized(r)
	d.relationships(r)
	d.rules(r, rules)
	d.files(r)
	d.handler(r)
	d.raw(`</upd:Update>`)
	return d.b
}

// writer appends markup.
type writer struct {
	b []byte
}

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

// attr writes an attribute, unless it is empty.
func (w *writer) attr(name, value string) {
	if value != "" {
		w.raw(" " + name + `="` + escape(value) + `"`)
	}
}

// element writes an element that holds text, unless it is empty.
func (w *writer) element(name, text string) {
	if text != "" {
		w.raw("<upd:" + name + ">" + escape(text) + "</upd:" + name + ">")
	}
}

func (w *writer) properties(r *update.Revision) {
	w.raw("<upd:Properties")
	w.attr("DefaultPropertiesLanguage", r.DefaultLanguage)
	w.attr("UpdateType", r.Type.String())
	w.attr("ExplicitlyDeployable", strconv.FormatBool(r.ExplicitlyDeployable))
	w.attr("PerUser", "false")
	w.attr("Handler", r.Handler)
	if len(r.Files) > 0 {
		w.attr("MaxDownloadSize", strconv.FormatInt(payloadSize(r), 10))
		w.attr("MinDownloadSize", "0")
	}
	w.attr("MsrcSeverity", r.MsrcSeverity)
	if !r.EulaID.IsZero() {
		w.attr("EulaID", r.EulaID.String())
	}
	if r.LocallyPublished {
		w.attr("IsLocallyPublished", "true")
	}
	w.attr("IsPublic", "true")
	w.attr("PublicationState", map[bool]string{false: "Published", true: "Expired"}[r.Expired])
	w.attr("CreationDate", timestamp(r.Created))
	w.attr("PublisherID", publisher)
	w.raw(">")
	w.element("SupportUrl", r.SupportURL)
	for _, s := range r.Bulletins {
		w.element("SecurityBulletinID", s)
	}
	for _, s := range r.KBs {
		w.element("KBArticleID", s)
	}
	for _, s := range r.CVEs {
		w.element("CveID", s)
	}
	if r.RebootBehavior != "" {
		w.raw(`<upd:InstallationBehavior`)
		w.attr("RebootBehavior", r.RebootBehavior)
		w.raw(` />`)
	}
	if r.CanUninstall {
		w.raw(`<upd:UninstallationBehavior />`)
	}
	w.raw("</upd:Properties>")
}

// payloadSize returns the bytes of all files but license texts.
func payloadSize(r *update.Revision) (n int64) {
	for _, f := range r.Files {
		if f.Language == "" {
			n += f.Size
		}
	}
	return n
}

func (w *writer) localized(r *update.Revision) {
	w.raw("<upd:LocalizedPropertiesCollection>")
	for _, l := range r.Localized {
		w.raw("<upd:LocalizedProperties>")
		w.element("Language", l.Language)
		w.element("Title", l.Title)
		w.element("Description", l.Description)
		w.element("UninstallNotes", l.UninstallNotes)
		w.element("MoreInfoUrl", l.MoreInfoURL)
		w.element("SupportUrl", l.SupportURL)
		w.raw("</upd:LocalizedProperties>")
	}
	for _, f := range r.Files {
		if f.Language != "" {
			w.file("EulaFile", f)
		}
	}
	w.raw("</upd:LocalizedPropertiesCollection>")
}

func (w *writer) relationships(r *update.Revision) {
	if len(r.Prerequisites)+len(r.Bundles)+len(r.Supersedes) == 0 {
		return
	}
	w.raw("<upd:Relationships>")
	if len(r.Supersedes) > 0 {
		w.raw("<upd:SupersededUpdates>")
		for _, id := range r.Supersedes {
			w.identity(id, "")
		}
		w.raw("</upd:SupersededUpdates>")
	}
	if len(r.Prerequisites) > 0 {
		w.raw("<upd:Prerequisites>")
		for _, c := range r.Prerequisites {
			w.clause(c)
		}
		w.raw("</upd:Prerequisites>")
	}
	if len(r.Bundles) > 0 {
		w.raw("<upd:BundledUpdates>")
		for _, group := range r.Bundles {
			if len(group) != 1 {
				w.raw("<upd:AtLeastOne>")
			}
			for _, m := range group {
				w.identity(m.ID, strconv.Itoa(int(m.Number)))
			}
			if len(group) != 1 {
				w.raw("</upd:AtLeastOne>")
			}
		}
		w.raw("</upd:BundledUpdates>")
	}
	w.raw("</upd:Relationships>")
}

func (w *writer) clause(c update.Clause) {
	if len(c.Any) == 1 && !c.IsCategory {
		w.identity(c.Any[0], "")
		return
	}
	w.raw("<upd:AtLeastOne")
	if c.IsCategory {
		w.attr("IsCategory", "true")
	}
	w.raw(">")
	for _, id := range c.Any {
		w.identity(id, "")
	}
	w.raw("</upd:AtLeastOne>")
}

func (w *writer) identity(id update.ID, revision string) {
	w.raw("<upd:UpdateIdentity")
	w.attr("UpdateID", id.String())
	w.attr("RevisionNumber", revision)
	w.raw(" />")
}

func (w *writer) rules(r *update.Revision, rules Rules) {
	if rules == (Rules{}) && len(r.Drivers) == 0 {
		return
	}
	w.raw("<upd:ApplicabilityRules>")
	w.rule("IsInstalled", rules.Installed)
	w.rule("IsSuperseded", rules.Superseded)
	w.rule("IsInstallable", rules.Installable)
	if rules.Metadata != "" || len(r.Drivers) > 0 {
		w.raw("<upd:Metadata>")
		w.raw(string(rules.Metadata))
		for _, m := range r.Drivers {
			w.driver(m)
		}
		w.raw("</upd:Metadata>")
	}
	w.raw("</upd:ApplicabilityRules>")
}

func (w *writer) rule(name string, rule Rule) {
	if rule != "" {
		w.raw("<upd:" + name + ">" + string(rule) + "</upd:" + name + ">")
	}
}

func (w *writer) driver(m update.DriverMatch) {
	w.raw(`<drv:WindowsDriverMetaData`)
	w.attr("HardwareID", m.HardwareID)
	w.attr("WhqlDriverID", "1")
	w.attr("Manufacturer", m.Manufacturer)
	w.attr("Company", m.Manufacturer)
	w.attr("Provider", m.Provider)
	if !m.VerDate.IsZero() {
		w.attr("DriverVerDate", m.VerDate.Format(time.DateOnly))
	}
	v := m.VerVersion
	w.attr("DriverVerVersion", fmt.Sprintf("%d.%d.%d.%d", v>>48, v>>32&0xFFFF, v>>16&0xFFFF, v&0xFFFF))
	w.attr("Class", m.Class)
	w.attr("Model", m.Model)
	w.raw(` xmlns:drv="` + HandlerDriver + `">`)
	for _, s := range m.Scores {
		w.raw(`<drv:FeatureScore`)
		w.attr("OperatingSystem", s.OperatingSystem)
		w.attr("FeatureScore", fmt.Sprintf("%02X", s.Score))
		w.raw(` />`)
	}
	for _, id := range m.Distribution {
		w.raw("<drv:DistributionComputerHardwareId>" + id.String() + "</drv:DistributionComputerHardwareId>")
	}
	for _, id := range m.Target {
		w.raw("<drv:TargetComputerHardwareId>" + id.String() + "</drv:TargetComputerHardwareId>")
	}
	w.raw("</drv:WindowsDriverMetaData>")
}

func (w *writer) files(r *update.Revision) {
	open := false
	for _, f := range r.Files {
		if f.Language != "" {
			continue
		}
		if !open {
			w.raw("<upd:Files>")
			open = true
		}
		w.file("File", f)
	}
	if open {
		w.raw("</upd:Files>")
	}
}

func (w *writer) file(name string, f update.File) {
	w.raw("<upd:" + name)
	w.attr("Digest", f.Digest.Base64())
	w.attr("DigestAlgorithm", "SHA1")
	w.attr("FileName", f.Name)
	w.attr("Size", strconv.FormatInt(f.Size, 10))
	w.attr("Modified", timestamp(f.Modified))
	w.attr("PatchingType", f.PatchingType)
	w.attr("Language", f.Language)
	if f.SHA256.IsZero() {
		w.raw(" />")
		return
	}
	w.raw(`><upd:AdditionalDigest Algorithm="SHA256">` + f.SHA256.Base64() + `</upd:AdditionalDigest></upd:` + name + `>`)
}

func (w *writer) handler(r *update.Revision) {
	_, kind, ok := strings.Cut(r.Handler, "UpdateHandlers/")
	if !ok {
		return
	}
	prefix, data := "x", ""
	switch r.Handler {
	case HandlerCategory:
		prefix, data = "cat", `<cat:CategoryInformation CategoryType="`+escape(string(r.Category))+`" ProhibitsSubcategories="false" />`
	case HandlerCommandLine:
		program := ""
		if len(r.Files) > 0 {
			program = r.Files[0].Name
		}
		prefix, data = "cmd", `<cmd:InstallCommand Program="`+escape(program)+`" Arguments="/quiet /norestart"><cmd:ReturnCode Code="0" Result="Succeeded" /></cmd:InstallCommand>`
	case HandlerCBS:
		prefix, data = "cbs", `<cbs:CbsData PackageIdentity="" />`
	case HandlerDriver:
		prefix = "drv"
	}
	w.raw(`<upd:HandlerSpecificData xsi:type="` + prefix + `:` + escape(kind) + `" xmlns:` + prefix + `="` + escape(r.Handler) +
		`" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` + data + `</upd:HandlerSpecificData>`)
}

// timestamp writes a time as documents do, nothing for the zero time.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.999Z")
}
