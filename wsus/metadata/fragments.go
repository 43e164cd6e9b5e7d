package metadata

import (
	"fmt"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// FromFragments returns what fragments tell of their revision: the same as [Split]
// does of a document, but for what no fragment carries (Created, Expired, and what
// drivers say beyond one line per hardware id, unless the fragment has it). Core is
// needed, the others may be absent. Elements that are not known are passed over.
// The language of a text is the one written in it. Errors are as those of Split.
func FromFragments(f *update.Fragments) (*update.Revision, error) {
	p := reader{s: xmllimit.NewScanner(nil, limits(true)), fragment: true, rev: &update.Revision{}}
	var seen [sections]bool
	once := func(section int) error {
		if seen[section] {
			return &Error{Element: sectionNames[section], Err: ErrRepeated}
		}
		seen[section] = true
		return nil
	}
	err := p.read("core", f.Core, func(t *xmllimit.Token) error { return p.coreElement(t, once) })
	if err != nil {
		return nil, err
	}
	for _, i := range [...]int{identitySection, propertiesSection} {
		if !seen[i] {
			return nil, &Error{Element: sectionNames[i], Err: ErrMissing}
		}
	}
	seen[propertiesSection] = false // extended fragments have properties of their own
	err = p.read("extended", f.Extended, func(t *xmllimit.Token) error { return p.extendedElement(t, once) })
	if err != nil {
		return nil, err
	}
	for _, l := range f.Localized {
		if err := p.read("localized", l.XML, p.localizedElement); err != nil {
			return nil, err
		}
	}
	for _, l := range f.Eula {
		if err := p.read("eula", l.XML, p.localizedElement); err != nil {
			return nil, err
		}
	}
	p.rev.Files = append(p.rev.Files, p.eulas...)
	return p.rev, nil
}

// read calls visit with the root elements of a fragment.
func (p *reader) read(kind string, xml []byte, visit func(*xmllimit.Token) error) error {
	if len(xml) > MaxDocument {
		return &Error{Element: kind + " fragment", Err: ErrTooLong}
	}
	p.s.Reset(xml, limits(true))
	if err := p.each(visit); err != nil {
		return fmt.Errorf("%s fragment: %w", kind, err)
	}
	return nil
}

func (p *reader) coreElement(t *xmllimit.Token, once func(int) error) error {
	switch string(t.Local()) {
	case "UpdateIdentity":
		if err := once(identitySection); err != nil {
			return err
		}
		return p.identity(t)
	case "Properties":
		if err := once(propertiesSection); err != nil {
			return err
		}
		return p.coreProperties(t)
	case "Relationships":
		if err := once(relationshipsSection); err != nil {
			return err
		}
		return p.relationships()
	case "ApplicabilityRules":
		if err := once(rulesSection); err != nil {
			return err
		}
		return p.rules()
	}
	return nil
}

func (p *reader) extendedElement(t *xmllimit.Token, once func(int) error) error {
	switch string(t.Local()) {
	case "ExtendedProperties", "Properties": // the latter is the specification's name
		if err := once(propertiesSection); err != nil {
			return err
		}
		return p.extendedProperties(t)
	case "Files":
		if err := once(filesSection); err != nil {
			return err
		}
		return p.files()
	case "HandlerSpecificData":
		if err := once(handlerSection); err != nil {
			return err
		}
		return p.handler(t)
	}
	return nil
}

func (p *reader) localizedElement(t *xmllimit.Token) error {
	var err error
	switch string(t.Local()) {
	case "LocalizedProperties":
		_, err = p.localized()
	case "EulaFile":
		_, err = p.eula(t)
	}
	return err
}
