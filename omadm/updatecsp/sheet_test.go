package updatecsp_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/updatecsp"
	"sluice/wsus/update/samples"
)

// rows reads a sheet of settings that lies beside the samples, by column name.
func rows(t *testing.T, name string) []map[string]string {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(samples.Read(t, "../ref/"+name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, r := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = r[i]
		}
		list = append(list, row)
	}
	return list
}

// described is a setting in the words of the sheets.
type described struct {
	Name, URI, Format, Kind, Allowed, Default, Builds string
	Since, Scope, Status, Conflict, GroupPolicy       string
}

func describe(s *updatecsp.Setting) described {
	d := described{
		Name: s.Name, URI: s.URI(), Format: string(s.Format), Kind: string(s.Kind), Default: s.Default,
		Since: s.Since, Scope: s.Scope, Status: string(s.Status), Conflict: string(s.Conflict), GroupPolicy: s.GroupPolicy,
	}
	switch s.Kind {
	case updatecsp.Range:
		d.Allowed = strconv.FormatInt(s.Min, 10) + ".." + strconv.FormatInt(s.Max, 10)
	case updatecsp.Enum:
		var values []string
		for _, v := range s.Values {
			values = append(values, v.Value)
		}
		d.Allowed = sorted(values)
	}
	var builds []string
	for _, b := range s.Builds {
		builds = append(builds, b.String())
	}
	d.Builds = sorted(builds)
	return d
}

func sorted(list []string) string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	sort.Strings(list)
	return strings.Join(list, "|")
}

func describeRow(row map[string]string) described {
	d := described{
		Name: row["name"], URI: row["uri"], Format: row["format"], Kind: row["allowed_kind"], Default: row["default"],
		Builds: sorted(strings.Split(row["min_os_builds"], ";")), Since: row["first_release"], Scope: row["scope"],
		Status: row["status"], Conflict: row["conflict_resolution"], GroupPolicy: row["gp_name"],
	}
	if row["source"] == "uncertain" {
		d.Status = "uncertain"
	}
	switch d.Kind {
	case "range":
		d.Allowed = row["allowed"]
	case "enum":
		var values []string
		for _, v := range strings.Split(row["allowed"], "|") {
			v, _, _ = strings.Cut(v, "=")
			values = append(values, v)
		}
		d.Allowed = sorted(values)
	}
	return d
}

// TestUpdateSheet compares the catalogue with every row of the sheet.
func TestUpdateSheet(t *testing.T) {
	t.Parallel()
	sheet := rows(t, "policy-csp-update.csv")
	if len(sheet) != 77 {
		t.Fatalf("the sheet has %d rows", len(sheet))
	}
	for _, row := range sheet {
		s, ok := updatecsp.Find(row["name"])
		if !ok {
			t.Errorf("%s is not in the catalogue", row["name"])
			continue
		}
		if diff := cmp.Diff(describeRow(row), describe(s)); diff != "" {
			t.Errorf("%s (-sheet +catalogue):\n%s", s.Name, diff)
		}
		edges(t, s)
	}
	var count int
	for _, s := range updatecsp.Settings() {
		if s.Area == updatecsp.Update {
			count++
		}
	}
	if count != len(sheet) {
		t.Errorf("the catalogue has %d settings of Update, the sheet %d", count, len(sheet))
	}
}

// TestDownloadSheet does the same for Delivery Optimization, of which the sheet
// has fewer columns.
func TestDownloadSheet(t *testing.T) {
	t.Parallel()
	sheet := rows(t, "policy-csp-deliveryoptimization.csv")
	for _, row := range sheet {
		s, ok := updatecsp.Find(row["name"])
		if !ok {
			t.Errorf("%s is not in the catalogue", row["name"])
			continue
		}
		want, got := describeRow(row), describe(s)
		got.Since, got.Scope, got.Status, got.Conflict, got.GroupPolicy = "", "", "", "", ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-sheet +catalogue):\n%s", s.Name, diff)
		}
		edges(t, s)
	}
	if len(updatecsp.Settings()) != 77+len(sheet) {
		t.Errorf("the catalogue has %d settings", len(updatecsp.Settings()))
	}
}

// node is a setting in a DDF file.
type node struct {
	Name       string `xml:"NodeName"`
	Properties struct {
		Format struct {
			Inner string `xml:",innerxml"`
		} `xml:"DFFormat"`
		Default       string `xml:"DefaultValue"`
		Applicability struct {
			Builds   string `xml:"OsBuildVersion"`
			Editions string `xml:"EditionAllowList"`
		} `xml:"Applicability"`
		Allowed struct {
			Type  string `xml:"ValueType,attr"`
			Value string `xml:"Value"`
			Enum  []struct {
				Value string `xml:"Value"`
			} `xml:"Enum"`
		} `xml:"AllowedValues"`
		GroupPolicy struct {
			Name string `xml:"GpEnglishName,attr"`
			Part string `xml:"GpElement,attr"`
		} `xml:"GpMapping"`
		Conflict string `xml:"ConflictResolution"`
	} `xml:"DFProperties"`
	Nodes []node `xml:"Node"`
}

// settings reads the settings of a DDF file.
func settings(t *testing.T, name string) []node {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(samples.Read(t, "omadm/ddf/"+name)))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var tree struct {
		Nodes []node `xml:"Node"`
	}
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	return tree.Nodes[0].Nodes
}

// TestDescriptions compares the catalogue, edition lists and all, with the DDF
// files.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	for file, count := range map[string]int{"Update_AreaDDF.xml": 76, "DeliveryOptimization_AreaDDF.xml": 29} {
		list := settings(t, file)
		if len(list) != count {
			t.Errorf("%s describes %d settings", file, len(list))
		}
		for _, n := range list {
			s, ok := updatecsp.Find(n.Name)
			if !ok {
				t.Errorf("%s of %s is not in the catalogue", n.Name, file)
				continue
			}
			p := n.Properties
			var builds []string
			for _, b := range strings.Split(p.Applicability.Builds, ",") {
				if b = strings.TrimSpace(b); b != "99.9.99999" { // builds that were not out
					builds = append(builds, b)
				}
			}
			want := described{
				Name: n.Name, Format: strings.Trim(p.Format.Inner, "< />\r\n\t"), Default: p.Default,
				Builds: sorted(builds), Conflict: p.Conflict, GroupPolicy: p.GroupPolicy.Name,
			}
			if p.GroupPolicy.Part != "" && p.GroupPolicy.Part != p.GroupPolicy.Name || s.Area == updatecsp.DeliveryOptimization && p.GroupPolicy.Part != "" {
				want.GroupPolicy += "/" + p.GroupPolicy.Part
			}
			switch p.Allowed.Type {
			case "Range":
				want.Kind = "range"
				want.Allowed = strings.ReplaceAll(strings.Trim(p.Allowed.Value, "[]"), "-", "..")
			case "ENUM":
				want.Kind = "enum"
				var values []string
				for _, v := range p.Allowed.Enum {
					values = append(values, v.Value)
				}
				want.Allowed = sorted(values)
			default:
				want.Kind = "text"
			}
			got := describe(s)
			got.URI, got.Since, got.Scope, got.Status = "", "", "", ""
			// The sheet and the file differ in whether a policy's only part is named.
			if policy, part, _ := strings.Cut(got.GroupPolicy, "/"); policy == part {
				got.GroupPolicy, want.GroupPolicy = policy, strings.TrimSuffix(want.GroupPolicy, "/"+part)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-description +catalogue):\n%s", s.Name, diff)
			}
			var editions updatecsp.Editions
			for _, e := range strings.Split(p.Applicability.Editions, ";") {
				if e != "" {
					sku, err := strconv.ParseInt(e, 0, 32)
					if err != nil {
						t.Fatal(err)
					}
					editions = append(editions, int(sku))
				}
			}
			if diff := cmp.Diff(editions, s.Editions); diff != "" {
				t.Errorf("editions of %s (-description +catalogue):\n%s", s.Name, diff)
			}
		}
	}
}

// edges checks both edges of a range, every value of an enum, and their
// neighbours.
func edges(t *testing.T, s *updatecsp.Setting) {
	t.Helper()
	good := func(v string) {
		if _, got, err := updatecsp.Validate(s.Name, v); err != nil || got != v {
			t.Errorf("Validate(%s, %q) = %q, %v", s.Name, v, got, err)
		}
	}
	bad := func(v string) {
		_, got, err := updatecsp.Validate(s.Name, v)
		if err == nil {
			t.Errorf("Validate(%s, %q) = %q, want an error", s.Name, v, got)
		} else if !strings.Contains(err.Error(), s.Allowed()) {
			t.Errorf("Validate(%s, %q): %v does not name what is allowed", s.Name, v, err)
		}
	}
	for _, v := range []string{"", " ", "x\x00", strings.Repeat("9", 5000)} {
		bad(v)
	}
	switch s.Kind {
	case updatecsp.Range:
		good(strconv.FormatInt(s.Min, 10))
		good(strconv.FormatInt(s.Max, 10))
		bad(strconv.FormatInt(s.Min-1, 10))
		bad(strconv.FormatInt(s.Max+1, 10))
		bad("one")
	case updatecsp.Enum:
		var all []string
		for _, v := range s.Values {
			good(v.Value)
			all = append(all, v.Value)
		}
		for _, v := range all {
			n, err := strconv.Atoi(v)
			if err != nil {
				t.Fatal(err)
			}
			for _, beside := range []string{strconv.Itoa(n - 1), strconv.Itoa(n + 1)} {
				if !slices.Contains(all, beside) {
					bad(beside)
				}
			}
		}
		bad("yes")
	case updatecsp.Text:
		good(examples()[s.Text])
		bad("\x01")
	}
}

// examples are good values of each form of text.
func examples() map[updatecsp.TextKind]string {
	return map[updatecsp.TextKind]string{
		updatecsp.URL:      "https://sluice.site.example:8531",
		updatecsp.Date:     "2026-11-24",
		updatecsp.Release:  "24H2",
		updatecsp.Product:  "Windows 11",
		updatecsp.Hosts:    "cache.site.example,10.0.0.7",
		updatecsp.GUID:     "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
		updatecsp.Place:    `D:\Cache`,
		updatecsp.Keywords: "corp vpn,tunnel",
		updatecsp.ADMX:     `<enabled/><data id="From" value="8"/>`,
	}
}
