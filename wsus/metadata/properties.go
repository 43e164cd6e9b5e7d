package metadata

import (
	"strings"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// identity reads the revision's own UpdateIdentity.
func (p *reader) identity(t *xmllimit.Token) error {
	f := fields{t: t}
	f.required("UpdateID")
	f.required("RevisionNumber")
	p.rev.Identity = update.Identity{ID: f.id("UpdateID"), Number: int32(f.number("RevisionNumber", 32))}
	if f.err == nil && p.rev.ID.IsZero() {
		f.fail("UpdateID", ErrMissing)
	}
	return f.err
}

// coreProperties reads the attributes of Properties that core fragments carry.
func (p *reader) coreProperties(t *xmllimit.Token) error {
	f := fields{t: t}
	p.rev.Type = update.ParseType(f.required("UpdateType"))
	p.rev.ExplicitlyDeployable = f.flag("ExplicitlyDeployable")
	p.rev.EulaID = f.id("EulaID")
	return f.err
}

// appendCoreProperties appends what core fragments have of Properties: an empty
// element with few attributes, in fixed order, without those that are false.
func appendCoreProperties(dst []byte, t *xmllimit.Token) []byte {
	dst = append(dst, "<Properties"...)
	for _, name := range [...]string{"UpdateType", "ExplicitlyDeployable", "AutoSelectOnWebSites", "OSUpgrade", "EulaID"} {
		raw, ok := t.Attr(name)
		if !ok || isFalse(raw) {
			continue
		}
		dst = append(append(append(dst, ' '), name...), '=', '"')
		dst = append(appendAttribute(dst, raw), '"')
	}
	return append(dst, " />"...)
}

// isFalse reports whether an attribute value is what an absent one stands for.
func isFalse(raw []byte) bool {
	return len(raw) == 0 || string(raw) == "false" || string(raw) == "0"
}

// isNotExtended reports whether an attribute of Properties is left out of extended
// fragments: core has it, or clients do not get it.
func isNotExtended(a xmllimit.Attr) bool {
	switch string(a.Name) {
	case "UpdateType", "ExplicitlyDeployable", "AutoSelectOnWebSites", "OSUpgrade", "EulaID",
		"PublicationState", "PublisherID", "CreationDate", "IsPublic", "LegacyName", "DetectoidType":
		return true
	case "PerUser":
		return isFalse(a.Value)
	}
	return false
}

// documentProperties reads the attributes of Properties that no fragment carries.
func (p *reader) documentProperties(t *xmllimit.Token) error {
	f := fields{t: t}
	p.rev.Expired = f.text("PublicationState") == "Expired"
	p.rev.Created = f.time("CreationDate")
	return f.err
}

// extendedProperties reads the rest of Properties, or ExtendedProperties, which is
// open.
func (p *reader) extendedProperties(t *xmllimit.Token) error {
	f := fields{t: t}
	r := p.rev
	r.Handler = f.text("Handler")
	r.DefaultLanguage = f.text("DefaultPropertiesLanguage")
	r.MsrcSeverity = f.text("MsrcSeverity")
	r.LocallyPublished = f.flag("IsLocallyPublished")
	if f.err != nil {
		return f.err
	}
	return p.each(func(t *xmllimit.Token) error {
		switch {
		case p.is(t, "KBArticleID"):
			return p.reference(&r.KBs, "KBArticleID")
		case p.is(t, "SecurityBulletinID"):
			return p.reference(&r.Bulletins, "SecurityBulletinID")
		case p.is(t, "CveID"):
			return p.reference(&r.CVEs, "CveID")
		case p.is(t, "SupportUrl"):
			return p.value(&r.SupportURL, "Properties", "SupportUrl")
		case p.is(t, "InstallationBehavior"):
			f := fields{t: t}
			r.RebootBehavior = f.text("RebootBehavior")
			return f.err
		case p.is(t, "UninstallationBehavior"):
			r.CanUninstall = true
		}
		return nil
	})
}

// reference appends the text of the open element to list, unless it is empty.
func (p *reader) reference(list *[]string, name string) error {
	s, err := p.text("Properties", name)
	if s = strings.TrimSpace(s); err != nil || s == "" {
		return err
	}
	if len(*list) >= MaxReferences {
		return &Error{Element: "Properties", Field: name, Err: ErrTooMany}
	}
	*list = append(*list, s)
	return nil
}

// value sets dst to the text of the open element.
func (p *reader) value(dst *string, element, name string) error {
	s, err := p.text(element, name)
	*dst = s
	return err
}
