package tree

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// errValue reports a value that is not of its node's type.
var errValue = errors.New("not a value of its type")

// maxValue bounds the texts that are read as numbers and times.
const maxValue = 64

// parseNumber reads a revision number.
func parseNumber(s string) (int32, error) {
	n, err := parseInt(s)
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0, bad(s)
	}
	return int32(n), nil
}

// parseType reads the classification of an update. Numbers that later versions
// may bring are kept as they are.
func parseType(s string) (Type, error) {
	n, err := parseNumber(s)
	return Type(n), err
}

// parseBits reads a bit mask.
func parseBits(s string) (int, error) {
	n, err := parseHResult(s)
	return int(uint32(n)), err
}

// parseHResult reads an error code: signed or unsigned, decimal or hexadecimal.
func parseHResult(s string) (int32, error) {
	n, err := parseInt(s)
	if err != nil || n < math.MinInt32 || n > math.MaxUint32 {
		return 0, bad(s)
	}
	return int32(uint32(n)), nil
}

// parseInt reads a decimal, or after 0x a hexadecimal, number.
func parseInt(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxValue {
		return 0, bad(s)
	}
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		return strconv.ParseInt(hex, 16, 64)
	}
	return strconv.ParseInt(s, 10, 64)
}

// parseBool reads "true" and "false", and the 1 and 0 of nodes that are numbers
// on some versions.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1":
		return true, nil
	case "false", "0", "":
		return false, nil
	}
	return false, bad(s)
}

// The forms of times without a zone are taken for UTC.
var layouts = [...]string{
	time.RFC3339, // reads fractions of a second too
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02",
	"20060102T150405Z", // the basic form of ISO 8601, which OMA DM calls time
	"20060102T150405",
	"1/2/2006 3:04:05 PM",
}

// Numbers that are times: seconds since 1970, and the 100 nanoseconds since 1601
// of a FILETIME.
const (
	minUnix     = 946_684_800                // the year 2000
	maxUnix     = 7_258_118_400              // 2200
	fileTime    = 10_000_000                 // in a second
	fileTimeOff = 11_644_473_600             // seconds from 1601 to 1970
	minFileTime = minUnix * int64(1_000_000) // no Unix time is that large
)

// parseTime reads a time in UTC, to the millisecond: times are kept so, and what
// was kept is to compare as what is read again. "0", an empty text and the first
// day of a FILETIME are never. What is not between the years 2000 and 2200 is no
// time.
func parseTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" || s == "0" || strings.HasPrefix(s, "1601-01-01") {
		return time.Time{}, nil
	}
	if len(s) > maxValue {
		return time.Time{}, bad(s)
	}
	t, ok := fromNumber(s)
	for _, layout := range layouts {
		if ok {
			break
		}
		parsed, err := time.Parse(layout, s)
		t, ok = parsed.UTC(), err == nil
	}
	if !ok || t.Unix() < minUnix || t.Unix() > maxUnix {
		return time.Time{}, bad(s)
	}
	return t.Truncate(time.Millisecond), nil
}

func fromNumber(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case n >= minFileTime:
		return time.Unix(n/fileTime-fileTimeOff, n%fileTime*100).UTC(), true
	}
	return time.Unix(n, 0).UTC(), true
}

func bad(s string) error {
	if len(s) > maxValue {
		s = s[:maxValue]
	}
	return fmt.Errorf("%q: %w", s, errValue)
}
