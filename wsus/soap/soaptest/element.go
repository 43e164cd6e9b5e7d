package soaptest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// Element is an element of a parsed message.
type Element struct {
	Name     xml.Name
	Attrs    []xml.Attr // without declarations of namespaces
	Text     string     // its own, without that of children
	Children []*Element

	from, to int64 // its content in the message, as offsets
}

// Parse reads a message with one root element.
func Parse(message []byte) (*Element, error) {
	d := xml.NewDecoder(bytes.NewReader(message))
	stack := []*Element{{}}
	for {
		end := d.InputOffset()
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("parse message: %w in %.300q", err, message)
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			e := &Element{Name: t.Name, from: d.InputOffset()}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					e.Attrs = append(e.Attrs, a)
				}
			}
			top.Children = append(top.Children, e)
			stack = append(stack, e)
		case xml.EndElement:
			top.to = max(end, top.from)
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.Text += string(t)
		}
	}
	if n := len(stack[0].Children); n != 1 {
		return nil, fmt.Errorf("parse message: %d root elements in %.300q", n, message)
	}
	return stack[0].Children[0], nil
}

// Find returns the elements below e that have a name, in the order of the
// message.
func (e *Element) Find(name string) (found []*Element) {
	for _, c := range e.Children {
		if c.Name.Local == name {
			found = append(found, c)
		}
		found = append(found, c.Find(name)...)
	}
	return found
}

// Child returns the text of the first child that has a name; empty for none.
func (e *Element) Child(name string) string {
	for _, c := range e.Children {
		if c.Name.Local == name {
			return c.Text
		}
	}
	return ""
}
