package metadata

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// fields reads attributes of one element and keeps the first error, so that a run
// of them reads as a list.
type fields struct {
	t   *xmllimit.Token
	err error
}

func (f *fields) fail(name string, err error) {
	if f.err == nil {
		f.err = &Error{Element: elementName(f.t), Field: name, Err: err}
	}
}

// text returns the attribute's value, empty when absent.
func (f *fields) text(name string) string {
	v, _, err := attribute(f.t, name)
	if err != nil && f.err == nil {
		f.err = err
	}
	return v
}

// required is text for an attribute that must be there.
func (f *fields) required(name string) string {
	v := f.text(name)
	if v == "" {
		f.fail(name, ErrMissing)
	}
	return v
}

// id returns a GUID, the zero one when the attribute is absent.
func (f *fields) id(name string) update.ID {
	v := f.text(name)
	if v == "" {
		return update.ID{}
	}
	id, err := update.ParseID(strings.TrimSpace(v))
	if err != nil {
		f.fail(name, err)
	}
	return id
}

// flag returns an xs:boolean, false when the attribute is absent.
func (f *fields) flag(name string) bool {
	switch v := strings.TrimSpace(f.text(name)); v {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	default:
		f.fail(name, fmt.Errorf("%.40q: %w", v, ErrBadBool))
		return false
	}
}

// number returns a whole number from 0 to the largest of so many bits, 0 when the
// attribute is absent.
func (f *fields) number(name string, bits int) int64 {
	v := strings.TrimSpace(f.text(name))
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, bits)
	if err != nil || n < 0 {
		f.fail(name, fmt.Errorf("%.40q: %w", v, ErrRange))
		return 0
	}
	return n
}

// time returns a date or a point in time, zero when the attribute is absent.
func (f *fields) time(name string) time.Time {
	v := strings.TrimSpace(f.text(name))
	if v == "" {
		return time.Time{}
	}
	t, err := parseTime(v)
	if err != nil {
		f.fail(name, err)
	}
	return t
}

// parseTime reads the forms that documents have: xs:dateTime with any number of
// decimals, with an offset, Z, or without a zone (UTC), and dates alone, those of
// drivers also as a driver's INF writes them.
func parseTime(s string) (time.Time, error) {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly, "1/2/2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q: %w", s, ErrBadTime)
}

// parseVersion packs up to four numbers between dots into 64 bits.
func parseVersion(s string) (uint64, error) {
	var v uint64
	parts := strings.Split(strings.TrimSpace(s), ".")
	if len(parts) > 4 {
		return 0, fmt.Errorf("%.40q: %w", s, ErrRange)
	}
	for i := range 4 {
		v <<= 16
		if i >= len(parts) {
			continue
		}
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%.40q: %w", s, ErrRange)
		}
		v |= n
	}
	return v, nil
}
