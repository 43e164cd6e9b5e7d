package soaptest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// What a [Difference] is about.
const (
	Missing   = "missing"   // recorded, but not in the answer
	Extra     = "extra"     // in the answer, but not recorded
	Order     = "order"     // the same children in another order
	Text      = "text"      // another text
	Form      = "form"      // a text of a server's own that is not of its type
	Namespace = "namespace" // another namespace
	Attribute = "attribute" // other attributes
	Bytes     = "bytes"     // the same message written in other bytes
)

// Difference is a way in which an answer is not like the recorded one. Those of
// several items of a list count as one.
type Difference struct {
	Path   string // element names below the SOAP body, with slashes between
	What   string
	Detail string // of the first, for people
}

func (d Difference) String() string { return fmt.Sprintf("%s %s: %s", d.What, d.Path, d.Detail) }

// Compare returns how the message got differs from want. It fails where one of
// them cannot be parsed.
func (r *Rules) Compare(want, got []byte) ([]Difference, error) {
	w, err := Parse(want)
	if err != nil {
		return nil, fmt.Errorf("recorded answer: %w", err)
	}
	g, err := Parse(got)
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	c := comparison{rules: r}
	if w.Name.Local != g.Name.Local {
		c.report(w.Name.Local, Missing, "the answer is a "+g.Name.Local)
		return c.found, nil
	}
	c.element(w.Name.Local, w, g)
	if len(c.found) == 0 {
		// Quotes, declarations, empty elements: clients parse loosely written XML
		// in their own ways.
		if a, b := r.masked(want, w), r.masked(got, g); a != b {
			c.report(w.Name.Local, Bytes, "recorded "+a+"\ngot      "+b)
		}
	}
	return c.found, nil
}

type comparison struct {
	rules *Rules
	found []Difference
}

func (c *comparison) report(path, what, detail string) {
	path = strings.TrimPrefix(path, "Envelope/Body/")
	same := func(d Difference) bool { return d.Path == path && d.What == what }
	if !slices.ContainsFunc(c.found, same) {
		c.found = append(c.found, Difference{Path: path, What: what, Detail: detail})
	}
}

func (c *comparison) element(path string, want, got *Element) {
	if want.Name.Space != got.Name.Space {
		c.report(path, Namespace, fmt.Sprintf("recorded %q, got %q", want.Name.Space, got.Name.Space))
	}
	if !reflect.DeepEqual(want.Attrs, got.Attrs) {
		c.report(path, Attribute, fmt.Sprintf("recorded %v, got %v", want.Attrs, got.Attrs))
	}
	switch form := c.rules.own(path); {
	case form != nil:
		for _, e := range []*Element{want, got} {
			if len(e.Children) > 0 || !form.MatchString(e.Text) {
				c.report(path, Form, fmt.Sprintf("%.100q is not %s", e.Text, form))
			}
		}
		return
	case want.Text != got.Text:
		c.report(path, Text, fmt.Sprintf("recorded %.2000q, got %.2000q", want.Text, got.Text))
	}
	c.children(path, want, got)
}

// children compares those that have the same key, and then the order of those.
func (c *comparison) children(path string, want, got *Element) {
	recorded, answered := c.rules.keyed(want), c.rules.keyed(got)
	common := func(of, in []keyed) (keys []string) {
		for _, k := range of {
			if slices.ContainsFunc(in, func(o keyed) bool { return o.key == k.key }) {
				keys = append(keys, k.key)
			}
		}
		return keys
	}
	if a, b := common(recorded, answered), common(answered, recorded); !slices.Equal(a, b) {
		c.report(path, Order, fmt.Sprintf("recorded %v, got %v", a, b))
	}
	for _, w := range recorded {
		i := slices.IndexFunc(answered, func(g keyed) bool { return g.key == w.key })
		if i < 0 {
			c.report(path+"/"+w.element.Name.Local, Missing, w.key)
			continue
		}
		c.element(path+"/"+w.element.Name.Local, w.element, answered[i].element)
	}
	for _, g := range answered {
		if !slices.ContainsFunc(recorded, func(w keyed) bool { return w.key == g.key }) {
			c.report(path+"/"+g.element.Name.Local, Extra, g.key)
		}
	}
}
