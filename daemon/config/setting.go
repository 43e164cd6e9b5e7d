package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Setting is one effective value of a configuration.
type Setting struct {
	Key         string `json:"key"`
	Value       any    `json:"value"` // string, bool, int or []string
	Environment string `json:"environment"`
	Origin      Origin `json:"origin"`
}

// Literal returns the value as it would be written in the file.
func (s Setting) Literal() string {
	switch v := s.Value.(type) {
	case string:
		return strconv.Quote(v)
	case []string:
		quoted := make([]string, len(v))
		for i, e := range v {
			quoted[i] = strconv.Quote(e)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprint(s.Value)
}

// Settings returns every setting with its effective value, in the order of the
// file as shipped.
func (c *Config) Settings() []Setting {
	var all []Setting
	for _, f := range fieldsOf(c) {
		all = append(all, Setting{
			Key:         f.key,
			Value:       plain(f.value),
			Environment: variable(f.key),
			Origin:      c.origin(f.key),
		})
	}
	return all
}

// origin returns where the value of a key came from.
func (c *Config) origin(key string) Origin {
	if o, ok := c.origins[key]; ok {
		return o
	}
	return Origin{Kind: FromDefault}
}

// field is a setting's place in a Config.
type field struct {
	key   string
	value reflect.Value
}

// fieldsOf walks the struct by its tags, so that the struct is the one list of
// keys.
func fieldsOf(c *Config) []field { return walk("", reflect.ValueOf(c).Elem()) }

func walk(prefix string, v reflect.Value) []field {
	var all []field
	for i := range v.NumField() {
		tag, ok := v.Type().Field(i).Tag.Lookup("toml")
		switch {
		case !ok:
		case v.Field(i).Kind() == reflect.Struct:
			all = append(all, walk(prefix+tag+".", v.Field(i))...)
		default:
			all = append(all, field{prefix + tag, v.Field(i)})
		}
	}
	return all
}

// plain turns a field into the kinds that Setting.Value promises.
func plain(v reflect.Value) any {
	if m, ok := v.Interface().(fmt.Stringer); ok {
		return m.String()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int:
		return int(v.Int())
	}
	return v.Interface()
}

// text is a value that has no kind of its own yet: of the environment or a flag.
type text string

// set gives the field a value as the TOML decoder yields it, or a text. It
// returns what is wrong with the value and what is allowed.
func (f field) set(value any) (reason, allowed string) {
	switch target := f.value.Addr().Interface().(type) {
	case *Size:
		return setText(target, value, sizeForm)
	case *Duration:
		return setText(target, value, durationForm)
	case *bool:
		return setBool(target, value)
	case *int:
		return setInt(target, value)
	case *[]string:
		return setList(target, value)
	}
	s, ok := stringOf(value)
	if !ok {
		return kindOf(value), "text in quotes"
	}
	f.value.SetString(s)
	return "", ""
}

func setText(target encoding.TextUnmarshaler, value any, form string) (reason, allowed string) {
	s, ok := stringOf(value)
	if !ok {
		return kindOf(value), form + ", in quotes"
	}
	if err := target.UnmarshalText([]byte(s)); err != nil {
		return fmt.Sprintf("%q %v", s, err), form
	}
	return "", ""
}

func setBool(target *bool, value any) (reason, allowed string) {
	const form = "true, false"
	switch v := value.(type) {
	case bool:
		*target = v
		return "", ""
	case text:
		if v == "true" || v == "false" {
			*target = v == "true"
			return "", ""
		}
		return fmt.Sprintf("%q is not true or false", string(v)), form
	}
	return kindOf(value), form
}

func setInt(target *int, value any) (reason, allowed string) {
	const form = "a whole number"
	switch v := value.(type) {
	case int64:
		if n := int(v); int64(n) == v {
			*target = n
			return "", ""
		}
		return fmt.Sprintf("%d is too large", v), form
	case text:
		n, err := strconv.Atoi(string(v))
		if err != nil {
			return fmt.Sprintf("%q is not a whole number", string(v)), form
		}
		*target = n
		return "", ""
	}
	return kindOf(value), form
}

func setList(target *[]string, value any) (reason, allowed string) {
	const form = `a list of texts, such as ["a", "b"]`
	list := []string{}
	switch v := value.(type) {
	case text:
		for e := range strings.SplitSeq(string(v), ",") {
			if e = strings.TrimSpace(e); e != "" {
				list = append(list, e)
			}
		}
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return "the list holds what " + kindOf(e), form
			}
			list = append(list, s)
		}
	default:
		return kindOf(value), form
	}
	*target = list
	return "", ""
}

func stringOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case text:
		return string(v), true
	}
	return "", false
}

// kindOf names the kind of a value that has the wrong one.
func kindOf(value any) string {
	switch value.(type) {
	case string, text:
		return "is a text"
	case bool:
		return "is true or false"
	case int64, float64:
		return "is a number"
	case []any:
		return "is a list"
	case map[string]any:
		return "is a table"
	}
	return "is a date or time"
}
