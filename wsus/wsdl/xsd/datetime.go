package xsd

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// DateTime is a value of xs:dateTime (XML Schema part 2, 3.2.7): an instant, or a local
// time where no zone is given. Fractions of a second keep up to nine digits and zones
// their offset, so that a value is written as it was read, but for zeros at the end of a
// fraction.
//
// The zero value is year 1, by which .NET says that there is no time; an empty text is
// read as that.
type DateTime struct {
	t     time.Time
	local bool // there was no zone; t is as if it were UTC
}

// NewDateTime returns the DateTime of t in UTC, cut to the 100 nanoseconds that Windows
// counts in.
func NewDateTime(t time.Time) DateTime {
	return DateTime{t: t.UTC().Truncate(100 * time.Nanosecond)}
}

// Time returns the instant. A value without a zone is taken for UTC.
func (d DateTime) Time() time.Time { return d.t }

// HasZone reports whether the value names an instant.
func (d DateTime) HasZone() bool { return !d.local }

// IsUnset reports whether d is the zero value, or another of the values by which no time
// is said: anything in the years 1 and before.
func (d DateTime) IsUnset() bool { return d.t.Year() <= 1 }

// Equal reports whether d and o are the same instant, however they are written.
func (d DateTime) Equal(o DateTime) bool { return d.local == o.local && d.t.Equal(o.t) }

// String returns the text of d.
func (d DateTime) String() string {
	layout := "2006-01-02T15:04:05.999999999Z07:00"
	if d.local {
		layout = "2006-01-02T15:04:05.999999999"
	}
	t, sign := d.t, ""
	if t.Year() < 0 { // Go writes the sign as a digit of the four
		sign = "-"
		t = t.AddDate(-2*t.Year(), 0, 0)
	}
	return sign + t.Format(layout)
}

// MarshalText implements encoding.TextMarshaler.
func (d DateTime) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *DateTime) UnmarshalText(text []byte) error {
	v, err := ParseDateTime(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// errDateTime is all that is said about a wrong text, which is from outside.
var errDateTime = errors.New("not a dateTime")

// ParseDateTime reads a dateTime with years of four digits, which may be negative. White
// space around it is ignored, and an empty text is the zero value.
func ParseDateTime(s string) (DateTime, error) {
	s = strings.Trim(s, " \t\r\n")
	if s == "" {
		return DateTime{}, nil
	}
	rest, negative := strings.CutPrefix(s, "-")
	date, zone, local := splitZone(rest)
	loc, err := parseZone(zone)
	if err != nil || len(date) < len("2006-01-02T15:04:05") {
		return DateTime{}, errDateTime
	}
	if frac := date[len("2006-01-02T15:04:05"):]; frac != "" && (frac[0] != '.' || len(frac) == 1 || len(frac) > 10) {
		return DateTime{}, errDateTime
	}
	midnight := strings.HasPrefix(date[10:], "T24:00:00") && strings.Trim(date[19:], ".0") == ""
	if midnight {
		date = date[:10] + "T00:00:00"
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05", date, loc)
	if err != nil {
		return DateTime{}, errDateTime
	}
	if negative {
		if t.Year() == 0 {
			return DateTime{}, errDateTime
		}
		t = time.Date(-t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc)
	}
	if midnight {
		t = t.AddDate(0, 0, 1)
	}
	return DateTime{t: t, local: local}, nil
}

// splitZone divides s before its zone; local says that there is none.
func splitZone(s string) (date, zone string, local bool) {
	if date, ok := strings.CutSuffix(s, "Z"); ok {
		return date, "Z", false
	}
	if n := len(s) - len("+00:00"); n > 0 && (s[n] == '+' || s[n] == '-') && s[n+3] == ':' {
		return s[:n], s[n:], false
	}
	return s, "Z", true
}

// parseZone returns the location of "Z" or of an offset of at most 14 hours.
func parseZone(s string) (*time.Location, error) {
	if s == "Z" {
		return time.UTC, nil
	}
	h, err1 := strconv.ParseUint(s[1:3], 10, 8)
	m, err2 := strconv.ParseUint(s[4:6], 10, 8)
	if err1 != nil || err2 != nil || m > 59 || h*60+m > 14*60 {
		return nil, errDateTime
	}
	offset := int(h*60+m) * 60
	if s[0] == '-' {
		offset = -offset
	}
	if offset == 0 {
		return time.UTC, nil
	}
	return time.FixedZone("", offset), nil
}
