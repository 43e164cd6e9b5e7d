package metadata

import (
	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// relationships reads Relationships, which is open.
func (p *reader) relationships() error {
	return p.each(func(t *xmllimit.Token) error {
		switch {
		case p.is(t, "Prerequisites"):
			return p.each(p.prerequisite)
		case p.is(t, "BundledUpdates"):
			return p.each(p.bundled)
		case p.is(t, "SupersededUpdates"):
			return p.each(p.superseded)
		}
		return nil
	})
}

// prerequisite reads one clause: a bare id, or AtLeastOne of several. One of none
// is no clause: tools that make MSUs write it where they mean nothing.
func (p *reader) prerequisite(t *xmllimit.Token) error {
	var c update.Clause
	switch {
	case p.is(t, "UpdateIdentity"):
		id, err := p.related("Prerequisites", t)
		if err != nil {
			return err
		}
		c.Any = []update.ID{id}
	case p.is(t, "AtLeastOne"):
		f := fields{t: t}
		if c.IsCategory = f.flag("IsCategory"); f.err != nil {
			return f.err
		}
		err := p.group("Prerequisites", func(id update.ID, _ *xmllimit.Token) error {
			c.Any = append(c.Any, id)
			return nil
		})
		if err != nil {
			return err
		}
	default:
		return nil
	}
	if len(c.Any) == 0 {
		return nil
	}
	if len(p.rev.Prerequisites) >= MaxClauses {
		return &Error{Element: "Prerequisites", Err: ErrTooMany}
	}
	p.rev.Prerequisites = append(p.rev.Prerequisites, c)
	return nil
}

// bundled reads one group of bundle members: a bare identity, or AtLeastOne of
// several.
func (p *reader) bundled(t *xmllimit.Token) error {
	var members []update.Identity
	add := func(id update.ID, t *xmllimit.Token) error {
		f := fields{t: t}
		f.required("RevisionNumber")
		n := int32(f.number("RevisionNumber", 32))
		members = append(members, update.Identity{ID: id, Number: n})
		return f.err
	}
	switch {
	case p.is(t, "UpdateIdentity"):
		id, err := p.related("BundledUpdates", t)
		if err != nil {
			return err
		}
		if err := add(id, t); err != nil {
			return err
		}
	case p.is(t, "AtLeastOne"):
		if err := p.group("BundledUpdates", add); err != nil {
			return err
		}
	default:
		return nil
	}
	if len(members) == 0 {
		return nil
	}
	if len(p.rev.Bundles) >= MaxClauses {
		return &Error{Element: "BundledUpdates", Err: ErrTooMany}
	}
	p.rev.Bundles = append(p.rev.Bundles, members)
	return nil
}

func (p *reader) superseded(t *xmllimit.Token) error {
	if !p.is(t, "UpdateIdentity") {
		return nil
	}
	id, err := p.related("SupersededUpdates", t)
	if err == nil {
		p.rev.Supersedes = append(p.rev.Supersedes, id)
	}
	return err
}

// group reads AtLeastOne, which is open, and calls add for each identity in it.
func (p *reader) group(within string, add func(update.ID, *xmllimit.Token) error) error {
	return p.each(func(t *xmllimit.Token) error {
		if !p.is(t, "UpdateIdentity") {
			return nil
		}
		id, err := p.related(within, t)
		if err != nil {
			return err
		}
		return add(id, t)
	})
}

// related returns the id of an UpdateIdentity among the relationships.
func (p *reader) related(within string, t *xmllimit.Token) (update.ID, error) {
	if p.ids++; p.ids > MaxIdentities {
		return update.ID{}, &Error{Element: within, Err: ErrTooMany}
	}
	raw, ok := t.Attr("UpdateID")
	if !ok {
		return update.ID{}, &Error{Element: within, Field: "UpdateID", Err: ErrMissing}
	}
	id, err := update.ParseIDBytes(raw)
	if err != nil {
		return update.ID{}, &Error{Element: within, Field: "UpdateID", Err: err}
	}
	return id, nil
}
