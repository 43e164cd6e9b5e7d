package metadata

import (
	"strings"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// files reads Files, which is open.
func (p *reader) files() error {
	return p.each(func(t *xmllimit.Token) error {
		if !p.is(t, "File") {
			return nil
		}
		return p.file(&p.rev.Files, t)
	})
}

// file appends a File or an EulaFile, which is open, to list.
func (p *reader) file(list *[]update.File, t *xmllimit.Token) error {
	f := fields{t: t}
	if len(*list) >= MaxFiles {
		f.fail("", ErrTooMany)
		return f.err
	}
	file := update.File{
		Name:         f.required("FileName"),
		Size:         f.number("Size", 64),
		Modified:     f.time("Modified"),
		PatchingType: f.text("PatchingType"),
		Language:     f.text("Language"),
	}
	digest, err := update.ParseDigest(strings.TrimSpace(f.required("Digest")))
	if err != nil {
		f.fail("Digest", err)
	}
	file.Digest = digest
	element := elementName(t)
	if f.err != nil {
		return f.err
	}
	err = p.each(func(t *xmllimit.Token) error {
		if !p.is(t, "AdditionalDigest") {
			return nil
		}
		f := fields{t: t}
		if algorithm := f.text("Algorithm"); algorithm != "SHA256" {
			return f.err
		}
		s, err := p.text(element, "AdditionalDigest")
		if err != nil {
			return err
		}
		if file.SHA256, err = update.ParseSHA256(strings.TrimSpace(s)); err != nil {
			return &Error{Element: element, Field: "AdditionalDigest", Err: err}
		}
		return nil
	})
	if err == nil {
		*list = append(*list, file)
	}
	return err
}

// handler reads HandlerSpecificData, which is open.
func (p *reader) handler(t *xmllimit.Token) error {
	p.rev.CommandLine = p.rev.CommandLine || typeName(t) == "CommandLineInstallation"
	return p.each(func(t *xmllimit.Token) error {
		switch {
		case p.is(t, "CategoryInformation"):
			f := fields{t: t}
			p.rev.Category = update.CategoryType(f.text("CategoryType"))
			return f.err
		case p.is(t, "InstallCommand"):
			p.rev.CommandLine = true
		}
		return nil
	})
}

// typeName returns the type of handler data without the prefix in its value. The
// attribute is xsi:type in documents, type in fragments.
func typeName(t *xmllimit.Token) string {
	for i := range t.Attrs {
		a := &t.Attrs[i]
		if !a.DeclaresNamespace() && string(a.Local()) == "type" {
			v := decodeAttribute(a.Value)
			return v[strings.IndexByte(v, ':')+1:]
		}
	}
	return ""
}
