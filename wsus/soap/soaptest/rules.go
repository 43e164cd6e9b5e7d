package soaptest

import (
	"fmt"
	"regexp"
	"strings"
)

// Rules say which texts of messages are a server's own, and how items of lists
// are told apart.
type Rules struct {
	forms map[string]*regexp.Regexp        // by the end of a path
	keys  map[string]func(*Element) string // of an item, by its name
}

// WUSP returns the rules for answers of MS-WUSP.
func WUSP() *Rules {
	base64 := regexp.MustCompile(`^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`)
	dateTime := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z$`)
	return &Rules{
		forms: map[string]*regexp.Regexp{
			"/EncryptedData": base64,
			"/CookieData":    base64,
			"/Expiration":    dateTime,
			"/LastChange":    dateTime,
			// A number space of each server.
			"/Deployment/ID": regexp.MustCompile(`^[1-9]\d{0,9}$`),
			"/detail/ID":     regexp.MustCompile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`),
		},
		keys: map[string]func(*Element) string{
			"UpdateInfo":   func(e *Element) string { return e.Child("ID") },
			"FileLocation": func(e *Element) string { return e.Child("FileDigest") },
			// A revision has one for each of its fragments.
			"Update": func(e *Element) string {
				name, _, _ := strings.Cut(e.Child("Xml"), ">")
				name, _, _ = strings.Cut(name, " ")
				return e.Child("ID") + " " + strings.TrimPrefix(name, "<")
			},
			"ConfigurationProperty": func(e *Element) string { return e.Child("Name") },
		},
	}
}

// own returns the form of a text that is a server's own, or nil.
func (r *Rules) own(path string) *regexp.Regexp {
	for end, form := range r.forms {
		if strings.HasSuffix(path, end) {
			return form
		}
	}
	return nil
}

// keyed is a child under a key that no other child of its parent has.
type keyed struct {
	key     string
	element *Element
}

func (r *Rules) keyed(parent *Element) []keyed {
	list := make([]keyed, len(parent.Children))
	seen := make(map[string]int)
	for i, c := range parent.Children {
		key := c.Name.Local
		if of := r.keys[key]; of != nil {
			key += " " + of(c)
		}
		seen[key]++
		if n := seen[key]; n > 1 {
			key = fmt.Sprintf("%s (%d)", key, n)
		}
		list[i] = keyed{key, c}
	}
	return list
}

// masked returns a message with a star for each text that is a server's own.
func (r *Rules) masked(message []byte, root *Element) string {
	var b strings.Builder
	var last int64
	var walk func(path string, e *Element)
	walk = func(path string, e *Element) {
		path += "/" + e.Name.Local
		if r.own(path) != nil {
			b.Write(message[last:e.from])
			b.WriteByte('*')
			last = e.to
			return
		}
		for _, c := range e.Children {
			walk(path, c)
		}
	}
	walk("", root)
	b.Write(message[last:])
	return b.String()
}
