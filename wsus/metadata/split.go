package metadata

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// Split reads a full update document in UTF-8, with or without a byte order mark
// and a declaration (whose encoding is not looked at: documents that were UTF-16 at
// their origin still say so), and returns its revision and the fragments that clients get
// of it. The files of the revision are its payload, then its license texts, which
// have a language. The fragments share no memory with doc.
//
// An update of a type that is not known has type [update.Unknown]. Sections of a
// document are taken in any order, but each once. The error is an [*Error] or, for
// what is no XML or too much of it, wraps one of [sluice/wsus/xmllimit].
func Split(doc []byte) (*update.Revision, *update.Fragments, error) {
	if len(doc) > MaxDocument {
		return nil, nil, &Error{Element: "Update", Err: ErrTooLong}
	}
	doc = withoutDeclaration(doc)
	d := splitter{reader: reader{s: xmllimit.NewScanner(doc, limits(false)), rev: &update.Revision{}}}
	d.core.b = make([]byte, 0, min(len(doc)/2, 4096))
	d.extended.b = make([]byte, 0, min(len(doc)/4, 2048))
	if err := d.document(len(doc)); err != nil {
		return nil, nil, err
	}
	d.rev.Files = append(d.rev.Files, d.eulas...)
	d.fragments.Core = d.core.join()
	d.fragments.Extended = d.extended.join()
	return d.rev, &d.fragments, nil
}

// withoutDeclaration returns what follows a byte order mark and an XML declaration.
func withoutDeclaration(doc []byte) []byte {
	const longest = 256 // bytes of a declaration
	doc = bytes.TrimPrefix(doc, []byte("\xEF\xBB\xBF"))
	if bytes.HasPrefix(doc, []byte("<?xml ")) {
		if end := bytes.Index(doc[:min(len(doc), longest)], []byte("?>")); end > 0 {
			return doc[end+len("?>"):]
		}
	}
	return doc
}

// splitter reads a document.
type splitter struct {
	reader
	rw             rewriter
	core, extended pieces
	fragments      update.Fragments
	seen           [sections]bool
}

// The sections of a document. Those of core and those of extended stand in the
// order of the fragment.
const (
	identitySection = iota
	propertiesSection
	relationshipsSection
	rulesSection
	filesSection
	handlerSection
	localizedSection
	sections
)

var sectionNames = [sections]string{
	"UpdateIdentity", "Properties", "Relationships", "ApplicabilityRules", "Files", "HandlerSpecificData",
	"LocalizedPropertiesCollection",
}

// document reads the root and all sections.
func (d *splitter) document(size int) error {
	root, err := d.next()
	if err != nil {
		return err
	}
	if !root.Is(nsUpdate, "Update") {
		return &Error{Element: elementName(&root), Err: ErrUnexpected}
	}
	err = d.each(func(t *xmllimit.Token) error {
		i := slices.Index(sectionNames[:], string(t.Local()))
		if i < 0 || t.Space != nsUpdate {
			return nil
		}
		if d.seen[i] {
			return &Error{Element: sectionNames[i], Err: ErrRepeated}
		}
		d.seen[i] = true
		return d.section(i, t, size)
	})
	if err != nil {
		return err
	}
	if _, err := d.next(); !errors.Is(err, io.EOF) {
		return err // what follows the root is refused by the scanner
	}
	for _, i := range [...]int{identitySection, propertiesSection} {
		if !d.seen[i] {
			return &Error{Element: sectionNames[i], Err: ErrMissing}
		}
	}
	return nil
}

// section reads the section that t begins.
func (d *splitter) section(i int, t *xmllimit.Token, size int) error {
	switch i {
	case identitySection:
		return d.part(&d.core, i, t, func() error { return d.identity(t) })
	case propertiesSection:
		return d.properties(t)
	case relationshipsSection:
		return d.part(&d.core, i, t, d.relationships)
	case rulesSection:
		if rest := size - int(t.Offset); rest > 1<<20 {
			d.core.b = slices.Grow(d.core.b, rest) // large cores are nearly all of their document
		}
		return d.part(&d.core, i, t, d.rules)
	case filesSection:
		return d.part(&d.extended, i, t, d.files)
	case handlerSection:
		return d.part(&d.extended, i, t, func() error { return d.handler(t) })
	}
	return d.each(d.language)
}

// part copies a section to its fragment, while read reads it.
func (d *splitter) part(p *pieces, section int, t *xmllimit.Token, read func() error) error {
	from := len(p.b)
	if err := d.copy(&p.b, t, read); err != nil {
		return err
	}
	p.mark(section, from)
	return nil
}

// properties reads Properties and writes it twice: reduced into core, renamed and
// without what core has or nobody gets into extended.
func (d *splitter) properties(t *xmllimit.Token) error {
	if err := d.coreProperties(t); err != nil {
		return err
	}
	if err := d.documentProperties(t); err != nil {
		return err
	}
	from := len(d.core.b)
	d.core.b = appendCoreProperties(d.core.b, t)
	d.core.mark(propertiesSection, from)

	d.rw.rename, d.rw.renameAt = "ExtendedProperties", d.s.Depth()
	defer func() { d.rw.rename = "" }()
	reduced := *t
	reduced.Attrs = slices.DeleteFunc(slices.Clone(t.Attrs), isNotExtended)
	return d.part(&d.extended, propertiesSection, &reduced, func() error { return d.extendedProperties(t) })
}

// language reads one child of LocalizedPropertiesCollection.
func (d *splitter) language(t *xmllimit.Token) error {
	var list *[]update.LocalizedFragment
	var read func() (string, error)
	switch {
	case d.is(t, "LocalizedProperties"):
		list, read = &d.fragments.Localized, d.localized
	case d.is(t, "EulaFile"):
		list, read = &d.fragments.Eula, func() (string, error) { return d.eula(t) }
	default:
		return nil
	}
	var f update.LocalizedFragment
	err := d.copy(&f.XML, t, func() (err error) {
		f.Language, err = read()
		return err
	})
	*list = append(*list, f)
	return err
}

// copy appends the element that t begins to dst, while read reads it.
func (d *splitter) copy(dst *[]byte, t *xmllimit.Token, read func() error) error {
	depth := d.s.Depth()
	d.rw.buf, d.w = *dst, &d.rw
	if err := d.rw.token(t, depth); err != nil {
		return err
	}
	if err := read(); err != nil {
		return err
	}
	if err := d.leave(depth - 1); err != nil {
		return err
	}
	*dst, d.rw.buf, d.w = d.rw.buf, nil, nil
	return nil
}
