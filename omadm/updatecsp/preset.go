package updatecsp

import "strings"

// What stands in a preset for what the appliance fills in.
const (
	updateService = "{updateService}"
	content       = "{content}"
)

// Preset is a named set of values that a group can be given as a whole.
type Preset struct {
	Name    string
	Meaning string
	Entries []Entry
	Notes   []string // what it leaves alone, and why
}

// Entry is one value of a preset, and why it is the one.
type Entry struct {
	Name  string
	Value string // {updateService} and {content} stand for parts of an [Environment]
	Why   string
}

// Presets returns the presets that there are.
func Presets() []Preset { return []Preset{airgap()} }

// FindPreset returns a preset by its name.
func FindPreset(name string) (*Preset, bool) {
	for _, p := range Presets() {
		if strings.EqualFold(p.Name, name) {
			return &p, true
		}
	}
	return nil, false
}

// Values returns the entries as devices get them. Those that need what the
// environment lacks are left out.
func (p *Preset) Values(env Environment) []Entry {
	var out []Entry
	for _, e := range p.Entries {
		switch {
		case e.Value == updateService:
			e.Value = env.UpdateService
		case e.Value == content:
			e.Value = env.Content
		case e.Name == "FillEmptyContentUrls" && env.Content == "":
			continue
		}
		if e.Value != "" {
			out = append(out, e)
		}
	}
	return out
}

// airgap is for devices of a network that never sees the Internet.
func airgap() Preset {
	source := "the appliance is the only source there is; all four go together, or a deferral would send the device to Windows Update"
	return Preset{
		Name:    "airgap",
		Meaning: "For devices of a network without Internet: they scan and download from this appliance and call nobody else.",
		Entries: []Entry{
			{"UpdateServiceUrl", updateService, "where to scan and report: this appliance, or the WSUS server that the site names"},
			{"UpdateServiceUrlAlternate", content, "where files come from: this appliance, a tier of it or a cache near the devices"},
			{"FillEmptyContentUrls", "1", "an update whose metadata has no URLs is still downloaded, from the content host"},
			{"SetPolicyDrivenUpdateSourceForFeatureUpdates", "1", source},
			{"SetPolicyDrivenUpdateSourceForQualityUpdates", "1", source},
			{"SetPolicyDrivenUpdateSourceForDriverUpdates", "1", source},
			{"SetPolicyDrivenUpdateSourceForOtherUpdates", "1", source},
			{"DisableDualScan", "1", "the same for versions of Windows 10 that lack the four source settings; others are not sent it"},
			{"AllowUpdateService", "0", "public update services cannot be reached: no calls, no retries, no waiting for them"},
			{"DetectionFrequency", "8", "a device that is on for a working day scans at least once in it; the default of 22 hours may miss days"},
			{"AllowMUUpdateService", "0", "Microsoft Update cannot be reached; other products come from the appliance too"},
			{"SetProxyBehaviorForUpdateDetection", "0", "no user's proxy may stand between a device and its updates"},
			{"DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection", "0", "pinning stays on where a site pins the appliance's certificate"},
			{"AllowNonMicrosoftSignedUpdate", "0", "only what Microsoft signed is installed, although the default is to trust others too; set 1 where packages of your own are published"},
			{"ManagePreviewBuilds", "0", "no Insider builds"},
			{"DODownloadMode", "99", "plain HTTP from the content host: all sharing modes need a cloud service to find peers"},
		},
		Notes: []string{
			"when devices install and restart is left to the site: AllowAutoUpdate, ScheduledInstallDay and ScheduledInstallTime, ActiveHours, ConfigureDeadline",
			"deferrals, pauses and target releases are left alone: approvals decide what is offered, and when",
			"a device is never told to unenrol itself after it lost contact: machines stay off the network for months, and come back",
		},
	}
}
