package wire

import "time"

// EnrollAccount is an account of a person who enrols devices.
type EnrollAccount struct {
	Name       string     `json:"name"`
	Display    string     `json:"display"`
	MaxDevices int        `json:"max_devices"` // 0 for no limit
	Devices    int        `json:"devices"`     // enrolled with it now
	Expires    *time.Time `json:"expires"`     // null: never
	Disabled   bool       `json:"disabled"`
	Created    *time.Time `json:"created"`
	By         string     `json:"by"`
}

// EnrollAccounts is all accounts.
type EnrollAccounts struct {
	Accounts []EnrollAccount `json:"accounts"`
}

// PutEnrollAccount asks for a new account, or to change one. What is null stays.
type PutEnrollAccount struct {
	Display    *string    `json:"display,omitempty"`
	Password   *string    `json:"password,omitempty"`
	MaxDevices *int       `json:"max_devices,omitempty"`
	Expires    *time.Time `json:"expires,omitempty"`
	Disabled   *bool      `json:"disabled,omitempty"`
}

// EnrollToken is a secret that enrols a number of devices.
type EnrollToken struct {
	ID      int64      `json:"id"`
	Label   string     `json:"label"`
	Uses    int        `json:"uses"` // in all
	Left    int        `json:"left"`
	Groups  []string   `json:"groups"` // that its devices are put into
	Expires *time.Time `json:"expires"`
	Revoked bool       `json:"revoked"`
	Created *time.Time `json:"created"`
	By      string     `json:"by"`
}

// EnrollTokens is all tokens.
type EnrollTokens struct {
	Tokens []EnrollToken `json:"tokens"`
}

// CreateEnrollToken asks for a token.
type CreateEnrollToken struct {
	Label   string     `json:"label"`
	Uses    int        `json:"uses"`
	Expires *time.Time `json:"expires"` // null: a week
	Groups  []string   `json:"groups"`
}

// NewEnrollToken is a token that was made. The secret is shown this once.
type NewEnrollToken struct {
	EnrollToken
	Secret string `json:"secret"`
}

// EnrollWay is one way of enrolling a device with this appliance.
type EnrollWay struct {
	Title string   `json:"title"`
	For   string   `json:"for"`            // for whom, or what, it is good
	Steps []string `json:"steps"`          // what to do, in order
	Text  string   `json:"text,omitempty"` // a link, a script or a file
}

// EnrollInstructions is all ways, and what is wanted before.
type EnrollInstructions struct {
	Server string      `json:"server"` // as a person types it
	Before []string    `json:"before"`
	Ways   []EnrollWay `json:"ways"`
}

// Eula is license terms that updates name.
type Eula struct {
	ID       string     `json:"id"`
	Accepted bool       `json:"accepted"`
	By       string     `json:"by,omitempty"`
	At       *time.Time `json:"at"`
	Updates  int        `json:"updates"` // that name it
	Title    string     `json:"title"`   // of the newest of them
}

// EulaPage is one page of license terms.
type EulaPage struct {
	Eulas []Eula `json:"eulas"`
	Next  string `json:"next,omitempty"`
}

// EulaText is the words of license terms.
type EulaText struct {
	Eula
	Language  string   `json:"language"`
	Languages []string `json:"languages"`
	Text      string   `json:"text"`
}
