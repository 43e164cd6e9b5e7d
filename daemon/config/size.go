package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. As text it is a whole number and a unit: "5 GiB",
// "512MiB", "100 MB". B, KiB, MiB, GiB and TiB count in 1024, KB, MB, GB and TB
// in 1000. Only zero may stand without a unit.
type Size int64

// Units of Size.
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
	TiB Size = 1 << 40
)

const sizeForm = `a whole number and B, KiB, MiB, GiB, TiB, KB, MB, GB or TB, such as "5 GiB"`

// ParseSize reads the text form of a Size.
func ParseSize(s string) (Size, error) {
	number, unit := splitNumber(s)
	if number == "" {
		return 0, errors.New("does not start with a whole number")
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, errors.New("is too large")
	}
	unit = strings.TrimLeft(unit, " ")
	if unit == "" && n == 0 {
		return 0, nil
	}
	factor, ok := sizeFactor(unit)
	if !ok {
		return 0, unitError(unit)
	}
	if n > math.MaxInt64/factor {
		return 0, errors.New("is too large")
	}
	return Size(n * factor), nil
}

func sizeFactor(unit string) (int64, bool) {
	switch strings.ToLower(unit) {
	case "b":
		return 1, true
	case "kib":
		return int64(KiB), true
	case "mib":
		return int64(MiB), true
	case "gib":
		return int64(GiB), true
	case "tib":
		return int64(TiB), true
	case "kb":
		return 1e3, true
	case "mb":
		return 1e6, true
	case "gb":
		return 1e9, true
	case "tb":
		return 1e12, true
	}
	return 0, false
}

// String returns the text form, in the largest unit that leaves a whole number.
func (s Size) String() string {
	for _, u := range []struct {
		size Size
		name string
	}{{TiB, "TiB"}, {GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}} {
		if s != 0 && s%u.size == 0 {
			return fmt.Sprintf("%d %s", s/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d B", int64(s))
}

// MarshalText returns the text form.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text form.
func (s *Size) UnmarshalText(text []byte) error {
	v, err := ParseSize(string(text))
	if err == nil {
		*s = v
	}
	return err
}

// splitNumber cuts the leading digits off s.
func splitNumber(s string) (number, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

func unitError(unit string) error {
	if unit == "" {
		return errors.New("has no unit")
	}
	return fmt.Errorf("has an unknown unit %q", unit)
}
