package config

import (
	"log/slog"
	"path/filepath"
	"strings"
)

// Config holds the value of every setting. The toml tags are the keys.
type Config struct {
	Role         Role      `toml:"role"`
	DataDir      string    `toml:"data_dir"`      // the database and its lock; local disk, absolute
	ContentDir   string    `toml:"content_dir"`   // payload files are written here; any volume, absolute
	ContentRoots []string  `toml:"content_roots"` // further folders of payload files, only read
	MinFree      Size      `toml:"min_free"`      // an import stops before less than this stays free
	PublicHost   string    `toml:"public_host"`   // the name devices use; empty for the host's own
	Aliases      []string  `toml:"aliases"`       // further names devices use
	WSUS         WSUS      `toml:"wsus"`
	MDM          MDM       `toml:"mdm"`
	Admin        Admin     `toml:"admin"`
	TLS          TLS       `toml:"tls"`
	CA           CA        `toml:"ca"`
	Log          Log       `toml:"log"`
	Import       Import    `toml:"import"`
	Retention    Retention `toml:"retention"`
	Upstream     Upstream  `toml:"upstream"`

	origins map[string]Origin
}

// Role says on which side of the air gap the appliance stands.
type Role string

// The roles.
const (
	Isolated  Role = "isolated"  // serves devices that never see the internet
	Connected Role = "connected" // collects updates on the side that sees an upstream
)

// WSUS is the door of Windows Update Agents.
type WSUS struct {
	Listen        string    `toml:"listen"`         // plain HTTP: content and self-update
	TLSListen     string    `toml:"tls_listen"`     // HTTPS: everything
	PlainMetadata bool      `toml:"plain_metadata"` // answer SOAP on plain HTTP too
	Targeting     Targeting `toml:"targeting"`
}

// Targeting says who puts a computer into its groups.
type Targeting string

// The ways of targeting.
const (
	ServerTargeting Targeting = "server" // the administrator
	ClientTargeting Targeting = "client" // the computer, by its own policy
)

// MDM is the door of device management.
type MDM struct {
	Listen string   `toml:"listen"` // HTTPS; empty for none
	Poll   Duration `toml:"poll"`   // how often a device comes, give or take a fifth
	// ApprovedClasses are approved as a whole on devices that RequireUpdateApproval:
	// classifications by name or GUID.
	ApprovedClasses []string `toml:"approved_classes"`
}

// Admin is the door of administrators.
type Admin struct {
	Listen string `toml:"listen"`
}

// TLS says which certificate the doors show.
type TLS struct {
	Mode     TLSMode `toml:"mode"`
	CertFile string  `toml:"cert_file"` // PEM, leaf first; with mode files
	KeyFile  string  `toml:"key_file"`  // PEM; with mode files
}

// TLSMode says who issues the certificate of the doors.
type TLSMode string

// The TLS modes.
const (
	OwnCA     TLSMode = "own"   // the appliance's own authority
	SiteFiles TLSMode = "files" // the site: cert_file and key_file
)

// CA is the authority that issues the certificates of devices and, with an own
// TLS mode, that of the doors.
type CA struct {
	CertFile   string   `toml:"cert_file"`   // PEM, the site's issuing authority first; empty for an own root
	KeyFile    string   `toml:"key_file"`    // PEM; with cert_file
	DeviceLife Duration `toml:"device_life"` // of a device certificate
	RenewGrace Duration `toml:"renew_grace"` // for so long after its end it may still be renewed
}

// Log says what is logged, how and where.
type Log struct {
	Level  Level  `toml:"level"`
	Format Format `toml:"format"`
	File   string `toml:"file"` // empty for standard error
}

// Level is the least important level that is logged.
type Level string

// The log levels.
const (
	DebugLevel Level = "debug"
	InfoLevel  Level = "info"
	WarnLevel  Level = "warn"
	ErrorLevel Level = "error"
)

// Slog returns the level as log/slog has it.
func (l Level) Slog() slog.Level {
	switch l {
	case DebugLevel:
		return slog.LevelDebug
	case WarnLevel:
		return slog.LevelWarn
	case ErrorLevel:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// Format is how a log line is written.
type Format string

// The log formats.
const (
	TextFormat Format = "text"
	JSONFormat Format = "json"
)

// Import bounds what media may hold and says what is kept of it.
type Import struct {
	Languages   []string `toml:"languages"`    // of the titles that lists show, best first; always with en
	MaxMember   Size     `toml:"max_member"`   // one file, in or beside a medium
	MaxMembers  int      `toml:"max_members"`  // files of one medium
	MaxDocument Size     `toml:"max_document"` // one update's XML
	MaxExpanded Size     `toml:"max_expanded"` // everything unpacked from one medium
}

// Retention says how long what devices reported is kept.
type Retention struct {
	Events       Duration `toml:"events"`        // of workstations
	ServerEvents Duration `toml:"server_events"` // of servers
}

// Upstream is the update server that a connected appliance collects from.
type Upstream struct {
	URL string `toml:"url"` // http or https; empty for none
}

// Default returns the settings of an isolated appliance that nobody
// configured.
func Default() *Config { return Defaults(Isolated) }

// Defaults returns the default settings of a role. What depends on it:
//
//   - mdm.listen is ":443" for isolated and empty (off) for connected, where no
//     device is enrolled.
func Defaults(role Role) *Config {
	c := &Config{
		Role:         role,
		DataDir:      defaultDataDir(),
		ContentRoots: []string{},
		MinFree:      5 * GiB,
		Aliases:      []string{},
		WSUS:         WSUS{Listen: ":8530", TLSListen: ":8531", Targeting: ServerTargeting},
		MDM:          MDM{Listen: ":443", Poll: 90 * Minute, ApprovedClasses: []string{"Definition Updates"}},
		Admin:        Admin{Listen: "127.0.0.1:8533"},
		TLS:          TLS{Mode: OwnCA},
		CA:           CA{DeviceLife: 3 * 365 * Day, RenewGrace: maxGrace},
		Log:          Log{Level: InfoLevel, Format: TextFormat},
		Import: Import{
			Languages: []string{"en"},
			// The largest payloads known, feature updates, reach 15 GB.
			MaxMember: 32 * GiB,
			// wsusscn2.cab holds some 300,000.
			MaxMembers: 2_000_000,
			// The largest document known, a cumulative update's, has 47 MB.
			MaxDocument: 256 * MiB,
			MaxExpanded: 2 * TiB,
		},
		Retention: Retention{Events: 15 * Day, ServerEvents: 90 * Day},
	}
	c.ContentDir = contentDirOf(c.DataDir)
	if role == Connected {
		c.MDM.Listen = ""
	}
	return c
}

// contentDirOf is the content folder of a data folder, where none is set.
func contentDirOf(dataDir string) string { return filepath.Join(dataDir, "content") }

// Names returns the names under which devices reach the appliance, the public
// one first, each once. hostname stands in for a public_host that is not set.
func (c *Config) Names(hostname string) []string {
	public := c.PublicHost
	if public == "" {
		public = hostname
	}
	var names []string
	seen := map[string]bool{}
	for _, n := range append([]string{public}, c.Aliases...) {
		if key := strings.ToLower(n); n != "" && !seen[key] {
			seen[key] = true
			names = append(names, n)
		}
	}
	return names
}
