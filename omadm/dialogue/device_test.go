package dialogue_test

import (
	"maps"
	"slices"
	"strings"

	"sluice/omadm/device"
	"sluice/wsus/update"
)

// machine is a device that answers from a tree of values. The zero options are a
// device that bears everything.
type machine struct {
	info   map[string]string // DevInfo
	values map[string]string // by path, without ./ and Device/
	inner  map[string]bool   // inner nodes without children
	heard  []device.Command  // in order
	once   map[int64]int     // how often each was done

	refuse       func(device.Command) device.Status // 0: not
	noStructData bool                               // knows names only
	strict       bool                               // Replace makes no nodes
	mute         func(device.Command) bool          // answers nothing to these
	unenrolled   bool
}

const (
	updateRoot = "Vendor/MSFT/Update/"
	policyRoot = "Vendor/MSFT/Policy/"
)

// newMachine is a Windows 10 22H2 Pro that was just enrolled.
func newMachine() *machine {
	return &machine{
		info: map[string]string{"DevId": "0123456789ABCDEF0123456789ABCDEF", "Man": "Example", "Mod": "Box 3", "DmV": "1.3", "Lang": "en-US"},
		values: map[string]string{
			"DevDetail/SwV":                                             "10.0.19045.4170",
			"DevDetail/LrgObj":                                          "false",
			"DevDetail/Ext/Microsoft/OSPlatform":                        "Windows 10 Pro",
			"DevDetail/Ext/Microsoft/ProcessorArchitecture":             "9",
			"DevDetail/Ext/Microsoft/DeviceName":                        "PC-1",
			"DevDetail/Ext/Microsoft/DNSComputerName":                   "PC-1.corp.example",
			"DevDetail/Ext/Microsoft/SMBIOSSerialNumber":                "S/N 1",
			"Vendor/MSFT/DeviceStatus/OS/Edition":                       "48",
			"Vendor/MSFT/Defender/Health/SignatureVersion":              "1.403.2259.0",
			"Vendor/MSFT/Defender/Health/SignatureOutOfDate":            "true",
			"Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RenewPeriod":   "60",
			"Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RetryInterval": "4",
			"Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/Status":        "0",
			updateRoot + "LastSuccessfulScanTime":                       "2026-03-14T07:30:00Z",
			updateRoot + "DeferUpgrade":                                 "false",
			updateRoot + "Rollback/QualityUpdateStatus":                 "",
			updateRoot + "Rollback/FeatureUpdateStatus":                 "",
		},
		inner: map[string]bool{updateRoot + "ApprovedUpdates": true},
		once:  map[int64]int{},
	}
}

// list puts an update on a list of the Update CSP; pairs are leaves and values.
func (m *machine) list(list string, id update.ID, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		m.values[updateRoot+list+"/{"+id.String()+"}/"+pairs[i]] = pairs[i+1]
	}
}

// unlist takes it off.
func (m *machine) unlist(list string, id update.ID) {
	maps.DeleteFunc(m.values, func(path, _ string) bool {
		return strings.HasPrefix(path, updateRoot+list+"/{"+id.String()+"}")
	})
}

// policies are the settings that the device has.
func (m *machine) policies() map[string]string {
	got := map[string]string{}
	for path, v := range m.values {
		if rest, ok := strings.CutPrefix(path, policyRoot+"Config/"); ok {
			got[rest[strings.Index(rest, "/")+1:]] = v
		}
	}
	return got
}

// approvedIDs are the updates that the device may install.
func (m *machine) approvedIDs() []string {
	var ids []string
	for path := range m.inner {
		if id, ok := strings.CutPrefix(path, updateRoot+"ApprovedUpdates/"); ok {
			ids = append(ids, strings.Trim(id, "{}"))
		}
	}
	slices.Sort(ids)
	return ids
}

// path brings a LocURI into the form of the tree.
func path(uri string) (path, query string) {
	uri, query, _ = strings.Cut(uri, "?")
	uri = strings.TrimPrefix(strings.TrimPrefix(uri, "./"), "Device/")
	return strings.NewReplacer("%7b", "{", "%7d", "}").Replace(uri), query
}

// do runs a command and answers.
func (m *machine) do(c device.Command) device.Answer {
	m.heard = append(m.heard, c)
	if c.Once != 0 {
		m.once[c.Once]++
	}
	a := device.Answer{Command: c, Status: device.OK}
	if m.mute != nil && m.mute(c) {
		a.Status = 0
		return a
	}
	if m.refuse != nil {
		if s := m.refuse(c); s != 0 {
			a.Status, a.Detail = s, "0x86000002"
			return a
		}
	}
	at, query := path(c.URI)
	_, there := m.values[at]
	there = there || m.inner[at]
	switch c.Verb {
	case device.Get:
		a.Items = m.get(c.URI, at, query)
		switch {
		case query != "" && m.noStructData:
			a.Status, a.Items = device.NotSupported, nil
		case a.Items == nil:
			a.Status = device.NotFound
		}
	case device.Exec:
		m.unenrolled = m.unenrolled || strings.HasSuffix(at, "/Unenroll")
	case device.Delete:
		if !there {
			a.Status = device.NotFound
		}
		delete(m.values, at)
		delete(m.inner, at)
	case device.Add, device.Replace:
		switch {
		case c.Verb == device.Add && there:
			a.Status = device.AlreadyExists
		case c.Verb == device.Replace && !there && m.strict:
			a.Status = device.NotFound
		case c.Format == device.Node:
			m.inner[at] = true
		default:
			m.values[at] = c.Data
		}
	}
	return a
}

// get returns the value of a node, the names of its children, or all below it;
// nil where it is not there. Policy/Result is what Policy/Config says.
func (m *machine) get(uri, at, query string) []device.Item {
	if rest, ok := strings.CutPrefix(at, policyRoot+"Result/"); ok && m.values[at] == "" {
		at = policyRoot + "Config/" + rest
	}
	if v, ok := m.values[at]; ok {
		return []device.Item{{URI: uri, Format: device.Chr, Data: v}}
	}
	var names []string
	var below []device.Item
	for _, p := range slices.Sorted(maps.Keys(m.values)) {
		if rest, ok := strings.CutPrefix(p, at+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
			below = append(below, device.Item{URI: "./" + p, Data: m.values[p]})
		}
	}
	for _, p := range slices.Sorted(maps.Keys(m.inner)) {
		if rest, ok := strings.CutPrefix(p, at+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
			below = append(below, device.Item{URI: "./" + p, Format: device.Node})
		}
	}
	switch {
	case names == nil && !m.inner[at]:
		return nil
	case query != "":
		return append([]device.Item{{URI: "./" + at, Format: device.Node}}, below...)
	}
	slices.Sort(names)
	return []device.Item{{URI: uri, Format: device.Node, Data: strings.Join(slices.Compact(names), "/")}}
}
