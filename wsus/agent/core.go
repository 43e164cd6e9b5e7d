package agent

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Core is a parsed core fragment: what a client needs of an update to decide
// whether it applies. It is immutable and shared by all agents that hold it.
type Core struct {
	update.Identity
	Type       update.Type
	Deployable bool // ExplicitlyDeployable
	EulaID     update.ID

	Prerequisites []update.Clause
	Bundles       [][]update.Identity
	Supersedes    []update.ID

	Installed   *Rule // IsInstalled; nil where absent
	Installable *Rule
	Superseded  *Rule

	Package     Package // of CbsPackageApplicabilityMetadata
	ProductCode string  // of m.MsiApplicationMetadata, lower case
	Drivers     []update.DriverMatch

	XML string // as it came
}

// Package is what a CBS manifest says of its package.
type Package struct {
	Name, Version, Architecture, Language string

	Parents []ParentPackage // of which any one must be there; none: no condition
}

// ParentPackage is a package that another one builds on.
type ParentPackage struct {
	Name, Version string
	SameBuild     bool // buildCompare="EQ"
}

// Rule is one element of an applicability rule.
type Rule struct {
	Name  string // with the prefix of the wire: And, b.RegDword, m.MsiProductInstalled
	Attrs []Attr
	Text  string
	Kids  []*Rule
}

// Attr is an attribute of a rule.
type Attr struct{ Name, Value string }

// Attr returns the value of an attribute, nothing where it is absent.
func (r *Rule) Attr(name string) string {
	for _, a := range r.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Has reports whether the rule has the attribute.
func (r *Rule) Has(name string) bool {
	for _, a := range r.Attrs {
		if a.Name == name {
			return true
		}
	}
	return false
}

// The bounds of a core fragment's rules; manifests below Metadata are read
// through and not kept.
const (
	maxRuleDepth  = 64
	maxRules      = 200_000
	maxParents    = 64
	maxIdentities = 100_000
)

// ParseCore reads a core fragment: the elements UpdateIdentity, Properties,
// Relationships and ApplicabilityRules in this order, the last two optional
// (MS-WUSP 2.2.2.2.5).
func ParseCore(text string) (*Core, error) {
	p := &coreParser{d: xml.NewDecoder(strings.NewReader(text)), core: &Core{XML: text}}
	next := 0
	for {
		tok, err := p.d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("core fragment: %w", err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			at := -1
			for i, name := range []string{"UpdateIdentity", "Properties", "Relationships", "ApplicabilityRules"} {
				if t.Name.Local == name && t.Name.Space == "" {
					at = i
				}
			}
			if at < next {
				return nil, fmt.Errorf("core fragment: unexpected or repeated <%s>", clip(t.Name.Local))
			}
			if at > 1 && next < 2 || at == 1 && next < 1 {
				return nil, fmt.Errorf("core fragment: <%s> before UpdateIdentity and Properties", t.Name.Local)
			}
			next = at + 1
			if err := p.top(t); err != nil {
				return nil, fmt.Errorf("core fragment: <%s>: %w", t.Name.Local, err)
			}
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return nil, errors.New("core fragment: text between elements")
			}
		case xml.ProcInst, xml.Directive:
			return nil, errors.New("core fragment: declaration in a fragment")
		}
	}
	if next < 2 {
		return nil, errors.New("core fragment: no UpdateIdentity or no Properties")
	}
	return p.core, nil
}

type coreParser struct {
	d     *xml.Decoder
	core  *Core
	rules int
	ids   int
}

func (p *coreParser) top(t xml.StartElement) error {
	switch t.Name.Local {
	case "UpdateIdentity":
		id, err := identityOf(t, true)
		if err != nil {
			return err
		}
		p.core.Identity = id
		return p.d.Skip()
	case "Properties":
		p.core.Type = update.ParseType(attr(t, "UpdateType"))
		if p.core.Type == update.Unknown {
			return fmt.Errorf("UpdateType %q", clip(attr(t, "UpdateType")))
		}
		p.core.Deployable = attr(t, "ExplicitlyDeployable") == "true"
		if s := attr(t, "EulaID"); s != "" {
			id, err := update.ParseID(s)
			if err != nil {
				return fmt.Errorf("EulaID: %w", err)
			}
			p.core.EulaID = id
		}
		return p.d.Skip()
	case "Relationships":
		return p.children(p.relationship)
	}
	return p.children(p.applicability)
}

// children calls f for every child element of the element just opened; f must
// consume it.
func (p *coreParser) children(f func(xml.StartElement) error) error {
	for {
		tok, err := p.d.Token()
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if err := f(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		case xml.ProcInst, xml.Directive:
			return errors.New("declaration in a fragment")
		}
	}
}

func (p *coreParser) relationship(t xml.StartElement) error {
	switch t.Name.Local {
	case "SupersededUpdates":
		return p.children(func(t xml.StartElement) error {
			id, err := p.identity(t, false)
			p.core.Supersedes = append(p.core.Supersedes, id.ID)
			return err
		})
	case "Prerequisites":
		return p.children(func(t xml.StartElement) error {
			clause := update.Clause{IsCategory: attr(t, "IsCategory") == "true"}
			err := p.group(t, false, func(id update.Identity) { clause.Any = append(clause.Any, id.ID) })
			p.core.Prerequisites = append(p.core.Prerequisites, clause)
			return err
		})
	case "BundledUpdates":
		return p.children(func(t xml.StartElement) error {
			var any []update.Identity
			err := p.group(t, true, func(id update.Identity) { any = append(any, id) })
			p.core.Bundles = append(p.core.Bundles, any)
			return err
		})
	}
	return p.d.Skip()
}

// group reads an UpdateIdentity or the ones within an AtLeastOne.
func (p *coreParser) group(t xml.StartElement, numbered bool, add func(update.Identity)) error {
	one := func(t xml.StartElement) error {
		id, err := p.identity(t, numbered)
		if err == nil {
			add(id)
		}
		return err
	}
	if t.Name.Local == "AtLeastOne" {
		return p.children(one)
	}
	return one(t)
}

func (p *coreParser) identity(t xml.StartElement, numbered bool) (update.Identity, error) {
	if t.Name.Local != "UpdateIdentity" {
		return update.Identity{}, fmt.Errorf("unexpected <%s>", clip(t.Name.Local))
	}
	if p.ids++; p.ids > maxIdentities {
		return update.Identity{}, fmt.Errorf("more than %d related updates", maxIdentities)
	}
	id, err := identityOf(t, numbered)
	if err != nil {
		return id, err
	}
	return id, p.d.Skip()
}

func identityOf(t xml.StartElement, numbered bool) (update.Identity, error) {
	id, err := update.ParseID(attr(t, "UpdateID"))
	if err != nil {
		return update.Identity{}, fmt.Errorf("UpdateID: %w", err)
	}
	if !numbered {
		return update.Identity{ID: id}, nil
	}
	n, err := strconv.ParseInt(attr(t, "RevisionNumber"), 10, 32)
	if err != nil {
		return update.Identity{}, fmt.Errorf("RevisionNumber %q", clip(attr(t, "RevisionNumber")))
	}
	return update.Identity{ID: id, Number: int32(n)}, nil
}

func (p *coreParser) applicability(t xml.StartElement) error {
	target := (**Rule)(nil)
	switch t.Name.Local {
	case "IsInstalled":
		target = &p.core.Installed
	case "IsInstallable":
		target = &p.core.Installable
	case "IsSuperseded":
		target = &p.core.Superseded
	case "Metadata":
		return p.children(p.metadata)
	default:
		return p.d.Skip()
	}
	r, err := p.rule(t, 0)
	if err != nil {
		return err
	}
	// The wrapper holds one rule; several would all have to hold, none says nothing.
	if r.Name = "And"; len(r.Kids) > 0 {
		*target = r
	}
	return nil
}

func (p *coreParser) rule(t xml.StartElement, depth int) (*Rule, error) {
	if p.rules++; p.rules > maxRules || depth > maxRuleDepth {
		return nil, fmt.Errorf("more than %d rules or %d levels", maxRules, maxRuleDepth)
	}
	r := &Rule{Name: t.Name.Local}
	for _, a := range t.Attr {
		r.Attrs = append(r.Attrs, Attr{a.Name.Local, a.Value})
	}
	for {
		tok, err := p.d.Token()
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			k, err := p.rule(t, depth+1)
			if err != nil {
				return nil, err
			}
			r.Kids = append(r.Kids, k)
		case xml.CharData:
			if len(r.Text) < 4096 {
				r.Text += strings.TrimSpace(clip(string(t)))
			}
		case xml.EndElement:
			return r, nil
		}
	}
}

func (p *coreParser) metadata(t xml.StartElement) error {
	switch t.Name.Local {
	case "CbsPackageApplicabilityMetadata":
		return p.manifest()
	case "m.MsiApplicationMetadata", "m.MsiPatchMetadata":
		return p.children(func(t xml.StartElement) error {
			if t.Name.Local != "m.ProductCode" {
				return p.d.Skip()
			}
			r, err := p.rule(t, 0)
			if err == nil {
				p.core.ProductCode = strings.ToLower(r.Text)
			}
			return err
		})
	case "d.WindowsDriverMetaData":
		return p.driver(t)
	}
	return p.d.Skip()
}

// manifest reads a component manifest of any size, of which it keeps the first
// assembly's identity and parents.
func (p *coreParser) manifest() error {
	depth, inParent := 0, 0
	sameBuild := false
	for {
		tok, err := p.d.Token()
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxRuleDepth {
				return fmt.Errorf("manifest of more than %d levels", maxRuleDepth)
			}
			switch {
			case t.Name.Local == "parent" && inParent == 0:
				inParent, sameBuild = depth, attr(t, "buildCompare") == "EQ"
			case t.Name.Local != "assemblyIdentity":
			case inParent > 0:
				p.parent(ParentPackage{attr(t, "name"), attr(t, "version"), sameBuild})
			case p.core.Package.Name == "":
				p.core.Package = Package{
					Name: attr(t, "name"), Version: attr(t, "version"),
					Architecture: attr(t, "processorArchitecture"), Language: attr(t, "language"),
				}
			}
		case xml.EndElement:
			if depth == 0 {
				return nil
			}
			if depth == inParent {
				inParent = 0
			}
			depth--
		}
	}
}

// parent keeps a parent once; a manifest repeats them for every component.
func (p *coreParser) parent(add ParentPackage) {
	list := &p.core.Package.Parents
	if len(*list) < maxParents && !slices.Contains(*list, add) {
		*list = append(*list, add)
	}
}

func (p *coreParser) driver(t xml.StartElement) error {
	if len(p.core.Drivers) >= maxIdentities {
		return fmt.Errorf("more than %d hardware ids", maxIdentities)
	}
	m := update.DriverMatch{
		HardwareID: attr(t, "HardwareID"), Class: attr(t, "Class"), Manufacturer: attr(t, "Manufacturer"),
		Provider: attr(t, "Provider"), Model: attr(t, "Model"),
	}
	if s := attr(t, "DriverVerDate"); s != "" {
		d, err := time.Parse(time.DateOnly, s[:min(len(s), 10)])
		if err != nil {
			return fmt.Errorf("DriverVerDate %q", clip(s))
		}
		m.VerDate = d
	}
	if s := attr(t, "DriverVerVersion"); s != "" {
		v, err := parseVersion(s)
		if err != nil {
			return fmt.Errorf("DriverVerVersion: %w", err)
		}
		m.VerVersion = v
	}
	p.core.Drivers = append(p.core.Drivers, m)
	return p.d.Skip()
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// parseVersion reads up to four 16-bit parts, packed as in a driver version;
// absent parts are zero.
func parseVersion(s string) (uint64, error) {
	parts := strings.Split(strings.TrimSpace(s), ".")
	if len(parts) > 4 || s == "" {
		return 0, fmt.Errorf("%q is not a version", clip(s))
	}
	var v uint64
	for i := range 4 {
		v <<= 16
		if i < len(parts) {
			n, err := strconv.ParseUint(parts[i], 10, 16)
			if err != nil {
				return 0, fmt.Errorf("%q is not a version", clip(s))
			}
			v |= n
		}
	}
	return v, nil
}
