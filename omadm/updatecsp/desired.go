package updatecsp

import "sluice/wsus/update"

// Assignment is what one group wants of its devices.
type Assignment struct {
	Group  update.ID
	Name   string            // of the group
	Depth  int               // of the group; 0 for All Computers
	Preset string            // name of the preset that the values add to; empty for none
	Values map[string]string // by name of the setting, in the form that goes to devices
	// Without are settings of the preset that the group leaves out, ascending.
	Without []string
}

// Environment is what presets fill in.
type Environment struct {
	UpdateService string // URL of the WSUS door, such as https://sluice.site.example:8531
	Content       string // URL of the host of payload files
}

// Desired is what a device is to have, by name of the setting.
type Desired map[string]Choice

// Choice is the value of one setting and where it came from.
type Choice struct {
	Value string
	From  Origin
	// Overruled are the other values that groups of the device want, the nearest
	// first.
	Overruled []Overruled
}

// Origin is the group that wants a value, and the preset that it came with.
type Origin struct {
	Group  update.ID
	Name   string
	Depth  int
	Preset string // empty where the value was set by hand
}

// Overruled is a value that another one won over.
type Overruled struct {
	Value  string
	From   Origin
	Reason string // such as "a group nearer to the device wins"
}
