package wire

import "time"

// PolicySetting is one setting that devices can be given.
type PolicySetting struct {
	Name        string        `json:"name"`
	Area        string        `json:"area"` // Update or DeliveryOptimization
	URI         string        `json:"uri"`
	Format      string        `json:"format"` // int or chr
	Allowed     string        `json:"allowed"`
	Values      []PolicyValue `json:"values,omitempty"`
	Default     string        `json:"default"`
	Since       string        `json:"since"`
	Builds      []string      `json:"builds"`
	Editions    []string      `json:"editions"`
	Status      string        `json:"status"` // current, legacy, uncertain
	Conflict    string        `json:"conflict"`
	Meaning     string        `json:"meaning"`
	Doors       []PolicyDoor  `json:"doors"`
	Caveats     []string      `json:"caveats"`
	GroupPolicy string        `json:"group_policy,omitempty"`
	Registry    []string      `json:"registry,omitempty"`
	Presets     []string      `json:"presets"`
}

// PolicyValue is an allowed value and what it means.
type PolicyValue struct {
	Value   string `json:"value"`
	Meaning string `json:"meaning"`
}

// PolicyDoor is the effect of a setting through one door.
type PolicyDoor struct {
	Door   string `json:"door"`
	Effect string `json:"effect"`
}

// PolicySettings is the whole catalogue.
type PolicySettings struct {
	Settings []PolicySetting `json:"settings"`
	Presets  []PolicyPreset  `json:"presets"`
}

// PolicyPreset is a named set of values.
type PolicyPreset struct {
	Name    string         `json:"name"`
	Meaning string         `json:"meaning"`
	Values  []PresetChoice `json:"values"`
	Notes   []string       `json:"notes"`
}

// PresetChoice is one value of a preset and why it is chosen.
type PresetChoice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// GroupPolicies is what the groups want.
type GroupPolicies struct {
	Groups []GroupPolicy `json:"groups"`
}

// GroupPolicy is what one group wants of its devices.
type GroupPolicy struct {
	Group    string          `json:"group"`
	Depth    int             `json:"depth"`
	Preset   string          `json:"preset"` // empty for none
	Values   []PolicySet     `json:"values"` // set by hand
	Merged   []DevicePolicy  `json:"merged"` // what a device of just this group is to have
	Warnings []PolicyWarning `json:"warnings"`
}

// PolicySet is a value that was set on a group by hand.
type PolicySet struct {
	Name    string     `json:"name"`
	Value   *string    `json:"value"` // null: left out of the preset
	By      string     `json:"by"`
	Changed *time.Time `json:"changed"`
}

// PolicyWarning is a value that does not do what it seems to.
type PolicyWarning struct {
	Settings []string `json:"settings"`
	Severity string   `json:"severity"` // warning or error
	Message  string   `json:"message"`
}

// SetPolicies asks to set values on a group, all or none.
type SetPolicies struct {
	Values map[string]string `json:"values"`
}

// PoliciesSet says what was set, in the form that devices get, and what to know
// about it.
type PoliciesSet struct {
	Values   map[string]string `json:"values"`
	Warnings []PolicyWarning   `json:"warnings"`
}

// SetPreset asks to give a group a preset, or none.
type SetPreset struct {
	Preset string `json:"preset"` // empty for none
}

// PolicyExport is settings as files for machines that do not enrol.
type PolicyExport struct {
	Files   []ExportFile `json:"files"`
	LeftOut []LeftOut    `json:"left_out"`
}

// ExportFile is one file of an export.
type ExportFile struct {
	Path string `json:"path"` // relative, with "/"
	Data []byte `json:"data"` // base64
}

// LeftOut is a setting that an export cannot carry.
type LeftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}
