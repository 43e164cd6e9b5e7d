package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// schema is what the generated Go does not tell about a WSDL. Keys are Go type names,
// or "Type.element".
type schema struct {
	file     string
	docs     map[string]string // also "Type=value" for enumerations
	optional map[string]bool   // elements with minOccurs="0" that are no lists
}

type wsdlFile struct {
	Elements []element     `xml:"types>schema>element"`
	Types    []complexType `xml:"types>schema>complexType"`
	Simple   []struct {
		Name   string `xml:"name,attr"`
		Doc    string `xml:"annotation>documentation"`
		Values []struct {
			Value string `xml:"value,attr"`
			Doc   string `xml:"annotation>documentation"`
		} `xml:"restriction>enumeration"`
	} `xml:"types>schema>simpleType"`
}

type element struct {
	Name    string       `xml:"name,attr"`
	Min     string       `xml:"minOccurs,attr"`
	Max     string       `xml:"maxOccurs,attr"`
	Doc     string       `xml:"annotation>documentation"`
	Complex *complexType `xml:"complexType"`
}

type complexType struct {
	Name     string    `xml:"name,attr"`
	Doc      string    `xml:"annotation>documentation"`
	Elements []element `xml:"sequence>element"`
}

func readSchema(path string) (*schema, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f wsdlFile
	if err := xml.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	s := &schema{file: filepath.Base(path), docs: map[string]string{}, optional: map[string]bool{}}
	for _, e := range f.Elements {
		s.add(e.Name, e.Doc, e.Complex)
	}
	for i := range f.Types {
		s.add(f.Types[i].Name, f.Types[i].Doc, &f.Types[i])
	}
	for _, t := range f.Simple {
		s.add(t.Name, t.Doc, nil)
		for _, v := range t.Values {
			s.docs[exported(t.Name)+"="+v.Value] = v.Doc
		}
	}
	return s, nil
}

func (s *schema) add(name, doc string, t *complexType) {
	name = exported(name)
	s.docs[name] = doc
	if t == nil {
		return
	}
	for _, e := range t.Elements {
		key := name + "." + e.Name
		s.docs[key] = e.Doc
		s.optional[key] = e.Min == "0" && (e.Max == "" || e.Max == "1")
	}
}

// exported returns name as gowsdl exports it.
func exported(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
