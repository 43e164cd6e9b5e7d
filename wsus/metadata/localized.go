package metadata

import (
	"strings"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// localized reads LocalizedProperties, which is open, and returns its language.
func (p *reader) localized() (language string, err error) {
	const element = "LocalizedProperties"
	if len(p.rev.Localized) >= MaxLanguages {
		return "", &Error{Element: element, Err: ErrTooMany}
	}
	var l update.Localized
	err = p.each(func(t *xmllimit.Token) error {
		switch {
		case p.is(t, "Language"):
			s, err := p.text(element, "Language")
			l.Language = strings.TrimSpace(s)
			return err
		case p.is(t, "Title"):
			return p.value(&l.Title, element, "Title")
		case p.is(t, "Description"):
			return p.value(&l.Description, element, "Description")
		case p.is(t, "UninstallNotes"):
			return p.value(&l.UninstallNotes, element, "UninstallNotes")
		case p.is(t, "MoreInfoUrl"):
			return p.value(&l.MoreInfoURL, element, "MoreInfoUrl")
		case p.is(t, "SupportUrl"):
			return p.value(&l.SupportURL, element, "SupportUrl")
		}
		return nil
	})
	if err == nil && l.Language == "" {
		err = &Error{Element: element, Field: "Language", Err: ErrMissing}
	}
	if err != nil {
		return "", err
	}
	p.rev.Localized = append(p.rev.Localized, l)
	return l.Language, nil
}

// eula reads EulaFile, which is open, and returns its language.
func (p *reader) eula(t *xmllimit.Token) (language string, err error) {
	f := fields{t: t}
	if language = f.required("Language"); f.err != nil {
		return "", f.err
	}
	return language, p.file(&p.eulas, t)
}
