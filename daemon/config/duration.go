package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time. As text it is one or more whole numbers with a
// unit, the larger unit first: "15d", "2h", "1h30m". The units are w (7 days),
// d (24 hours), h, m and s. Only zero may stand without a unit.
type Duration time.Duration

// Units of durations.
const (
	Minute = Duration(time.Minute)
	Day    = Duration(24 * time.Hour)
)

const durationForm = `whole numbers with w, d, h, m or s, such as "15d" or "1h30m"`

// The units of Duration, the largest first.
func durationUnits() []durationUnit {
	return []durationUnit{
		{'w', 7 * Day},
		{'d', Day},
		{'h', Duration(time.Hour)},
		{'m', Duration(time.Minute)},
		{'s', Duration(time.Second)},
	}
}

type durationUnit struct {
	letter byte
	length Duration
}

// ParseDuration reads the text form of a Duration.
func ParseDuration(s string) (Duration, error) {
	if s == "0" {
		return 0, nil
	}
	if s == "" {
		return 0, errors.New("is empty")
	}
	var total Duration
	units := durationUnits()
	for s != "" {
		number, rest := splitNumber(s)
		if number == "" {
			return 0, errors.New("has no whole number where one is due")
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, errors.New("is too long")
		}
		if rest == "" {
			return 0, unitError("")
		}
		at := unitIndex(units, rest[0])
		if at < 0 {
			return 0, durationUnitError(rest)
		}
		length := units[at].length
		if n > (math.MaxInt64-int64(total))/int64(length) {
			return 0, errors.New("is too long")
		}
		total += Duration(n) * length
		units, s = units[at+1:], rest[1:]
	}
	return total, nil
}

func unitIndex(units []durationUnit, letter byte) int {
	for i, u := range units {
		if u.letter == letter {
			return i
		}
	}
	return -1
}

// durationUnitError tells a unit that does not exist from one that comes too
// late or twice.
func durationUnitError(rest string) error {
	if unitIndex(durationUnits(), rest[0]) >= 0 {
		return errors.New("has its units out of order")
	}
	end := strings.IndexAny(rest, "0123456789")
	if end < 0 {
		end = len(rest)
	}
	return unitError(rest[:end])
}

// String returns the text form. Whole weeks are written in days; parts of a
// second are not written.
func (d Duration) String() string {
	if d < Duration(time.Second) {
		return "0s"
	}
	var b strings.Builder
	for _, u := range durationUnits()[1:] {
		if n := d / u.length; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(u.letter)
			d -= n * u.length
		}
	}
	return b.String()
}

// MarshalText returns the text form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text form.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err == nil {
		*d = v
	}
	return err
}
