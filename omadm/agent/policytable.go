package agent

import (
	_ "embed" // policies.csv
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sluice/omadm/device"
)

//go:embed policies.csv
var policiesCSV string

// policy is one policy that Windows knows.
type policy struct {
	area, name string
	format     device.Format
	kind       string // range, enum, text
	low, high  int64  // of a range
	values     []int64
	builds     []Version // from which it is known; of several branches
	editions   []int
}

// Editions that know a policy, by the lists of the DDF: everyone that has update
// policies at all, without 0xAF, and without Holographic too. Home (0x62 to
// 0x65) and servers are in none.
var (
	editionsC = []int{
		0x04, 0x1B, 0x30, 0x31, 0x48, 0x54, 0x79, 0x7A, 0x7D, 0x7E, 0x81, 0x82, 0x8A, 0x8B, 0xA1, 0xA2, 0xA4, 0xA5,
		0xAB, 0xAC, 0xBC, 0xBF, 0xCA, 0xCB, 0xCD, 0xCF, 0xD2,
	}
	editionsB = append([]int{0x88}, editionsC...)
	editionsA = append([]int{0xAF}, editionsB...)
)

func slicesHas(list []int, v int) bool { return slices.Contains(list, v) }

// policyTable returns what Windows knows, by area and name.
var policyTable = sync.OnceValue(func() map[string]map[string]*policy {
	t, err := readPolicies(policiesCSV)
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return t
})

func readPolicies(text string) (map[string]map[string]*policy, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	table := map[string]map[string]*policy{}
	for _, row := range rows[1:] {
		p, err := readPolicyRow(row)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", row[1], err)
		}
		if table[p.area] == nil {
			table[p.area] = map[string]*policy{}
		}
		table[p.area][p.name] = p
	}
	return table, nil
}

func readPolicyRow(row []string) (*policy, error) {
	p := &policy{area: row[0], name: row[1], format: device.Format(row[2]), kind: row[3]}
	switch p.kind {
	case "range":
		low, high, _ := strings.Cut(row[4], "..")
		var err error
		if p.low, err = strconv.ParseInt(low, 10, 64); err != nil {
			return nil, err
		}
		if p.high, err = strconv.ParseInt(high, 10, 64); err != nil {
			return nil, err
		}
	case "enum":
		for _, s := range strings.Split(row[4], "|") {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				return nil, err
			}
			p.values = append(p.values, n)
		}
	}
	for _, s := range strings.Split(row[5], ";") {
		v, err := parseVersion(s)
		if err != nil {
			return nil, err
		}
		p.builds = append(p.builds, v)
	}
	p.editions = map[string][]int{"A": editionsA, "B": editionsB, "C": editionsC}[row[6]]
	return p, nil
}

// parseVersion reads three or four numbers.
func parseVersion(s string) (Version, error) {
	var v Version
	parts := strings.Split(s, ".")
	if len(parts) < 3 || len(parts) > 4 {
		return v, fmt.Errorf("version %q", s)
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			return v, err
		}
		v[i] = n
	}
	return v, nil
}

// known reports whether a build has the policy: its own branch decides where it
// is named, else the nearest one below.
func (p *policy) known(v Version) bool {
	var nearest Version
	for _, b := range p.builds {
		if b[2] <= v[2] && b[2] > nearest[2] {
			nearest = b
		}
	}
	return nearest[2] > 0 && (nearest[2] < v[2] || nearest[3] <= v[3])
}

// valid reports whether a build takes the value.
func (p *policy) valid(v Version, s string) bool {
	switch p.kind {
	case "text":
		return p.validText(s)
	case "enum":
		n, err := strconv.ParseInt(s, 10, 64)
		return err == nil && slices.Contains(p.values, n) && p.narrow(v, n)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n >= p.low && n <= p.high && p.narrow(v, n)
}

// narrow holds what the table, which is that of the newest build, allows and
// some builds do not.
func (p *policy) narrow(v Version, n int64) bool {
	build := v.Build()
	switch p.name {
	case "BranchReadinessLevel":
		switch n {
		case 32: // Semi-Annual Channel, gone with 1903
			return build < 18362
		case 2, 4, 8: // Windows Insider rings, with 1709
			return build >= 16299
		case 64, 128:
			return build >= 22000
		}
	case "DeferFeatureUpdatesPeriodInDays":
		return n <= 180 || build >= 15063
	case "AllowAutoUpdate":
		return n != 5 || build >= 10240
	case "DODownloadMode":
		return n != 100 || build < 22000
	}
	return true
}

func (p *policy) validText(s string) bool {
	switch p.name {
	case "UpdateServiceUrl", "UpdateServiceUrlAlternate":
		u, err := url.Parse(s)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	case "PauseQualityUpdatesStartTime", "PauseFeatureUpdatesStartTime":
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	}
	return s != ""
}
