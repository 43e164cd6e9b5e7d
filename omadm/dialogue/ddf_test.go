package dialogue_test

import (
	"bytes"
	"encoding/xml"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/wsus/update/samples"
)

// ddfNode is a node of a device description (OMA DM DDF 1.2).
type ddfNode struct {
	Name   string `xml:"NodeName"`
	Path   string `xml:"Path"`
	Access struct {
		Verbs []struct{ XMLName xml.Name } `xml:",any"`
	} `xml:"DFProperties>AccessType"`
	Format struct {
		Types []struct{ XMLName xml.Name } `xml:",any"`
	} `xml:"DFProperties>DFFormat"`
	Nodes []ddfNode `xml:"Node"`
}

// described is what a description says of the nodes of a path.
type described struct{ verbs, formats []string }

// collect puts a node and those below it into a table by path, with {} for names
// that a device or a server gives.
func (n ddfNode) collect(parent string, into map[string]described) {
	name := n.Name
	if name == "" {
		name = "{}"
	}
	path := strings.Replace(parent+"/"+name, "./Device/", "./", 1)
	d := into[path]
	for _, v := range n.Access.Verbs {
		d.verbs = append(d.verbs, v.XMLName.Local)
	}
	for _, f := range n.Format.Types {
		d.formats = append(d.formats, f.XMLName.Local)
	}
	into[path] = d
	for _, c := range n.Nodes {
		c.collect(parent+"/"+name, into)
	}
}

// Every command that is said names a node that Microsoft describes, and does
// with it what its description allows.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	nodes := map[string]described{}
	for _, name := range []string{"DevDetail", "DevInfo", "DeviceStatus", "CertificateStore", "DMClient", "Reboot", "Policy", "Update_CSP_1803_DDF", "Update_AreaDDF"} {
		var tree struct {
			Nodes []ddfNode `xml:"Node"`
		}
		d := xml.NewDecoder(bytes.NewReader(samples.Read(t, "omadm/ddf/"+name+".xml")))
		if err := d.Decode(&tree); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, n := range tree.Nodes {
			n.collect(n.Path, nodes)
		}
	}
	o := full(t)
	o.config.Poll = func(device.Enrollment) map[string]string {
		return map[string]string{
			"NumberOfFirstRetries": "8", "IntervalForFirstSetOfRetries": "15", "NumberOfSecondRetries": "5", "IntervalForSecondSetOfRetries": "60",
			"NumberOfRemainingScheduledRetries": "0", "IntervalForRemainingScheduledRetries": "1440", "PollOnLogin": "true",
		}
	}
	o.record.Orders = append(o.record.Orders, dialogue.Order{ID: 3, Command: dialogue.Unenroll("sluice")})
	o.strict = false
	o.poll()
	heard := map[string]device.Command{}
	for _, c := range o.heard {
		heard[string(c.Verb)+" "+c.URI] = c
	}
	given := regexp.MustCompile(`%7b.*%7d|Provider/sluice|Result/.*`)
	checked := 0
	for _, key := range slices.Sorted(maps.Keys(heard)) {
		c := heard[key]
		uri, _, _ := strings.Cut(strings.Replace(c.URI, "./Device/", "./", 1), "?")
		uri = given.ReplaceAllStringFunc(uri, func(s string) string {
			switch {
			case strings.HasPrefix(s, "Provider"):
				return "Provider/{}"
			case strings.HasPrefix(s, "Result"):
				return "Result/{}/{}"
			}
			return "{}"
		})
		if strings.HasPrefix(uri, "./Vendor/MSFT/Defender/") {
			continue // is not described among the samples
		}
		d, ok := nodes[uri]
		verbs := d.verbs
		if uri == "./Vendor/MSFT/Update/ApprovedUpdates/{}" {
			verbs = append(verbs, nodes["./Vendor/MSFT/Update/ApprovedUpdates"].verbs...) // which says what may be added below it
		}
		switch {
		case !ok:
			t.Errorf("%s is not described", uri)
		case !slices.Contains(verbs, string(c.Verb)):
			t.Errorf("%s %s: may only %v", c.Verb, uri, verbs)
		case c.Verb != device.Exec && c.Format != "" && !slices.Contains(d.formats, string(c.Format)):
			t.Errorf("%s: format %s, described as %v", uri, c.Format, d.formats)
		}
		checked++
	}
	if checked < 40 {
		t.Errorf("only %d commands were said", checked)
	}
}
