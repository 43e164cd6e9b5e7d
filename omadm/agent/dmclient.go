package agent

import (
	"slices"
	"strconv"
	"strings"

	"sluice/omadm/device"
)

// dmNode is one leaf below DMClient/Provider/<PROVIDER-ID> (its DDF).
type dmNode struct {
	path     string
	format   device.Format
	access   access
	since    int    // build
	standard string // value where none was set
}

const (
	rw  = canGet | canReplace
	arw = canGet | canReplace | canAdd
	all = canGet | canReplace | canAdd | canDelete
)

// dmNodes are the leaves that provisioning documents and servers may set.
var dmNodes = []dmNode{
	{"EntDeviceName", device.Chr, all, 0, ""},
	{"EntDMID", device.Chr, all, 0, ""},
	{"SignedEntDMID", device.Chr, all, 0, ""},
	{"CertRenewTimeStamp", device.Chr, all, 0, ""},
	{"PublisherDeviceID", device.Chr, all, 0, ""},
	{"UPN", device.Chr, arw, 0, ""},
	{"HelpPhoneNumber", device.Chr, all, 0, ""},
	{"HelpWebsite", device.Chr, all, 0, ""},
	{"HelpEmailAddress", device.Chr, all, 0, ""},
	{"RequireMessageSigning", device.Bool, all, 0, "false"},
	{"SyncApplicationVersion", device.Chr, all, 0, "1.0"},
	{"EnableOmaDmKeepAliveMessage", device.Bool, rw, 10586, "false"},
	{"ManagementServerAddressList", device.Chr, rw, 14393, ""},
	{"NumberOfDaysAfterLostContactToUnenroll", device.Int, all, 16299, ""},
	{"Poll/IntervalForFirstSetOfRetries", device.Int, all, 0, ""},
	{"Poll/NumberOfFirstRetries", device.Int, all, 0, ""},
	{"Poll/IntervalForSecondSetOfRetries", device.Int, all, 0, ""},
	{"Poll/NumberOfSecondRetries", device.Int, all, 0, ""},
	{"Poll/IntervalForRemainingScheduledRetries", device.Int, all, 0, ""},
	{"Poll/NumberOfRemainingScheduledRetries", device.Int, all, 0, ""},
	{"Poll/PollOnLogin", device.Bool, all, 0, "false"},
	{"Poll/AllUsersPollOnFirstLogin", device.Bool, all, 0, "false"},
	{"FirstSyncStatus/TimeOutUntilSyncFailure", device.Int, rw, 16299, "60"},
	{"FirstSyncStatus/ServerHasFinishedProvisioning", device.Bool, rw, 16299, "false"},
	{"FirstSyncStatus/SkipDeviceStatusPage", device.Bool, rw, 17134, "true"},
	{"FirstSyncStatus/SkipUserStatusPage", device.Bool, rw, 17134, "true"},
	{"CustomEnrollmentCompletePage/Title", device.Chr, all, 15063, ""},
	{"CustomEnrollmentCompletePage/BodyText", device.Chr, all, 15063, ""},
	{"ConfigRefresh/Enabled", device.Bool, all, 22621, "false"},
	{"ConfigRefresh/Cadence", device.Int, all, 22621, "90"},
	{"ConfigRefresh/PausePeriod", device.Int, all, 22621, "0"},
}

func findDMNode(path string) (dmNode, bool) {
	i := slices.IndexFunc(dmNodes, func(n dmNode) bool { return n.path == path })
	if i < 0 {
		return dmNode{}, false
	}
	return dmNodes[i], true
}

// readDMClient reads DMClient/Provider/<id> of a provisioning document and
// returns id.
func (p *provisioning) readDMClient(c *characteristic, r *remarks) (string, error) {
	if len(c.parms) > 0 || len(c.children) != 1 || c.children[0].kind != "Provider" ||
		len(c.children[0].parms) > 0 || len(c.children[0].children) != 1 {
		return "", refuse("DMClient is not one Provider with one id below")
	}
	own := c.children[0].children[0]
	if err := p.dmLeaves(own, "", r); err != nil {
		return "", err
	}
	if err := checkPoll(p.dmclient, r); err != nil {
		return "", err
	}
	return own.kind, nil
}

func (p *provisioning) dmLeaves(c *characteristic, below string, r *remarks) error {
	for _, name := range c.order {
		v := c.parms[name]
		n, ok := findDMNode(below + name)
		if !ok {
			return refuse("DMClient has no parameter %s%s that a document may set", below, name)
		}
		got := v.datatype
		if got == "" {
			got = "string"
		}
		want := map[device.Format]string{device.Chr: "string", device.Int: "integer", device.Bool: "boolean"}[n.format]
		if got != want {
			return refuse("DMClient/%s has the datatype %q, not %s", n.path, v.datatype, want)
		}
		if !v.hasValue || !wellFormed(n.format, v.value) {
			return refuse("DMClient/%s is %q, not a value of %s", n.path, v.value, want)
		}
		if name == "NumberOfDaysAfterLostContactToUnenroll" && v.value != "0" {
			r.add("the device leaves the server by itself after %s days without contact", v.value)
		}
		p.dmclient[n.path] = v.value
	}
	for _, sub := range c.children {
		if below != "" {
			return refuse("characteristic %s is too deep", sub.path)
		}
		known := slices.ContainsFunc(dmNodes, func(n dmNode) bool { return strings.HasPrefix(n.path, sub.kind+"/") })
		if !known {
			return refuse("DMClient has no characteristic %q", sub.kind)
		}
		if err := p.dmLeaves(sub, sub.kind+"/", r); err != nil {
			return err
		}
	}
	return nil
}

// wellFormed reports whether a text is a value of the format.
func wellFormed(f device.Format, s string) bool {
	switch f {
	case device.Int:
		_, err := strconv.ParseInt(s, 10, 64)
		return err == nil
	case device.Bool:
		return s == "true" || s == "false"
	}
	return true
}
