package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/daemon/config"
)

// write puts a configuration file into a temporary folder.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// values ignores where the values came from.
func values() cmp.Option { return cmpopts.IgnoreUnexported(config.Config{}) }

func TestLoadWithoutAnythingIsDefault(t *testing.T) {
	t.Parallel()
	got, err := config.Load("", []string{"PATH=/bin", "SLUICE_CONFIG=elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), got, values()); diff != "" {
		t.Errorf("Load differs from Default (-want +got):\n%s", diff)
	}
}

func TestLoadLayers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, `
role = "connected"
min_free = "1 GiB"
aliases = ["a", "b"]
wsus = { listen = ":1", plain_metadata = true }
[retention]
events = "2d"
`)
	c, err := config.Load(path,
		[]string{"SLUICE_WSUS_LISTEN=:2", "SLUICE_ALIASES=c, d", "SLUICE_IMPORT_MAX_MEMBERS=7", "SLUICE_DATA_DIR=" + path},
		config.Override{Flag: "--data", Key: "data_dir", Value: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Defaults(config.Connected)
	want.DataDir, want.ContentDir = dir, filepath.Join(dir, "content")
	want.MinFree = config.GiB
	want.Aliases = []string{"c", "d"}
	want.WSUS.Listen, want.WSUS.PlainMetadata = ":2", true
	want.Import.MaxMembers = 7
	want.Retention.Events = 2 * config.Day
	if diff := cmp.Diff(want, c, values()); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}

	origins := map[string]string{}
	for _, s := range c.Settings() {
		origins[s.Key] = s.Origin.String()
	}
	for key, want := range map[string]string{
		"role":                path + ":2",
		"wsus.plain_metadata": path + ":5",
		"retention.events":    path + ":7",
		"wsus.listen":         "environment SLUICE_WSUS_LISTEN",
		"data_dir":            "flag --data",
		"content_dir":         "default",
		"mdm.listen":          "default",
	} {
		if origins[key] != want {
			t.Errorf("origin of %s = %q, want %q", key, origins[key], want)
		}
	}
}

func TestRoleDecidesDefaults(t *testing.T) {
	t.Parallel()
	for role, want := range map[config.Role]string{config.Isolated: ":443", config.Connected: ""} {
		c, err := config.Load("", []string{"SLUICE_ROLE=" + string(role)})
		if err != nil {
			t.Fatal(err)
		}
		if c.MDM.Listen != want {
			t.Errorf("role %s: mdm.listen = %q, want %q", role, c.MDM.Listen, want)
		}
	}
	c, err := config.Load(write(t, "role = 'connected'\n[mdm]\nlisten = ':444'\n"), nil)
	if err != nil || c.MDM.Listen != ":444" {
		t.Errorf("a set mdm.listen = %v, %v, want :444", c, err)
	}
}

func TestLoadProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		environ    []string
		want       []string // each starts a line, FILE stands for the path
	}{
		{"syntax", "role = \n", nil, []string{"FILE:1: "}},
		{"key twice", "role = 'isolated'\nrole = 'isolated'\n", nil, []string{"FILE:2: "}},
		{"unknown key", "[wsus]\ncolour = 1\n", nil,
			[]string{"FILE:2: wsus.colour: unknown key; allowed: in [wsus] listen, tls_listen, plain_metadata, targeting"}},
		{"unknown key at the top", "colour = 1\n", nil,
			[]string{"FILE:1: colour: unknown key; allowed: role, data_dir, "}},
		{"unknown table", "[wsu]\nlisten = ':1'\n", nil,
			[]string{"FILE:2: wsu.listen: unknown table [wsu]; allowed: [wsus], [mdm], "}},
		{"key in the wrong table", "[wsus]\nrole = 'isolated'\n[mdm]\nurl = 'x'\n", nil, []string{
			"FILE:2: wsus.role: unknown key: role belongs above the first [table]; ",
			"FILE:4: mdm.url: unknown key: url belongs below [upstream]; ",
		}},
		{"quoted dot is no table", "'wsus.listen' = ':1'\n", nil, []string{`FILE:1: "wsus.listen": unknown key; `}},
		{"table as a value", "wsus = 3\n", nil, []string{"FILE:1: wsus: is a table, not a value; "}},
		{"array of tables", "[[wsus]]\nlisten = ':1'\n", nil, []string{"FILE:1: wsus: is a table, not a value; "}},
		{"too deep", "[wsus.listen.a]\nb = 1\n", nil, []string{"FILE:1: wsus.listen: is a table; "}},
		{"every problem at once", "min_free = 5\nrole = 'both'\n[wsus]\nplain_metadata = 'yes'\n[import]\nlanguages = 'en'\nmax_members = 1.5\n[log]\nlevel = 1979-05-27\n[retention]\nevents = '15 days'\n",
			[]string{"SLUICE_WSUS_PLAIN_METADATA=1", "SLUICE_IMPORT_MAX_MEMBERS=many", "SLUICE_COLOUR=red"}, []string{
				`FILE:1: min_free: is a number; allowed: a whole number and B,`,
				`FILE:2: role: "both" is not known; allowed: isolated, connected`,
				"FILE:4: wsus.plain_metadata: is a text; allowed: true, false",
				"FILE:6: import.languages: is a text; allowed: a list of texts",
				"FILE:7: import.max_members: is a number; allowed: a whole number",
				"FILE:9: log.level: is a date or time; allowed: text in quotes",
				`FILE:11: retention.events: "15 days" has an unknown unit " days"; allowed: whole numbers with w, d, h, m or s`,
				"environment SLUICE_COLOUR: names no key; allowed: SLUICE_ and a key in upper case",
				`environment SLUICE_WSUS_PLAIN_METADATA: wsus.plain_metadata: "1" is not true or false; allowed: true, false`,
				`environment SLUICE_IMPORT_MAX_MEMBERS: import.max_members: "many" is not a whole number`,
			}},
		{"list of numbers", "aliases = ['a', 1]\n", nil, []string{"FILE:1: aliases: the list holds what is a number; "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, tt.file)
			_, err := config.Load(path, tt.environ)
			checkProblems(t, err, path, tt.want)
		})
	}
}

// checkProblems compares the problems of err by how their lines begin.
func checkProblems(t *testing.T, err error, path string, want []string) {
	t.Helper()
	var got []string
	for _, p := range config.Problems(err) {
		got = append(got, strings.ReplaceAll(p.Error(), path, "FILE"))
	}
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Errorf("problem %d does not begin with\n%s", i, w)
		}
	}
	if len(got) != len(want) || t.Failed() {
		t.Errorf("problems:\n%s", strings.Join(got, "\n"))
	}
}

func TestLoadUnreadableFile(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.toml")
	_, err := config.Load(missing, nil)
	checkProblems(t, err, missing, []string{"FILE: open the configuration file: "})

	big := write(t, strings.Repeat("#\n", 1<<15)+"\n")
	_, err = config.Load(big, nil)
	checkProblems(t, err, big, []string{"FILE: is no configuration file: it has more than 64 KiB"})
	if err := os.Truncate(big, 64<<10); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(big, nil); err != nil {
		t.Errorf("a file of 64 KiB: %v", err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	abs, err := filepath.Abs("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*config.Config)
		want   []string
	}{
		{"relative folders", func(c *config.Config) { c.DataDir, c.Log.File = "data", "log" },
			[]string{`data_dir: "data" is not an absolute path; `, `log.file: "log" is not an absolute path; `}},
		{"root twice", func(c *config.Config) { c.ContentRoots = []string{abs, abs, c.ContentDir} },
			[]string{"content_roots: ", "content_roots: "}},
		{"names", func(c *config.Config) {
			c.PublicHost, c.Aliases = "https://x", []string{"a.b", "10.0.0.1", "::1", "A_1", "a:1", ""}
		},
			[]string{`public_host: "https://x" is not a host name; `, `aliases: "a:1" is not`, `aliases: "" is not`}},
		{"addresses", func(c *config.Config) {
			c.WSUS.Listen, c.WSUS.TLSListen, c.MDM.Listen, c.Admin.Listen = "", "8531", ":http", "x y:1"
		}, []string{`wsus.listen: "" is`, `wsus.tls_listen: "8531" is`, `mdm.listen: ":http" is`, `admin.listen: "x y:1" is`}},
		{"same address", func(c *config.Config) { c.WSUS.TLSListen, c.Admin.Listen = "10.0.0.1:8530", "[::]:443" },
			[]string{`wsus.tls_listen: "10.0.0.1:8530" is taken by wsus.listen; `, `admin.listen: "[::]:443" is taken by mdm.listen; `}},
		{"same port elsewhere", func(c *config.Config) { c.WSUS.Listen, c.WSUS.TLSListen = "10.0.0.1:1", "10.0.0.2:1" }, nil},
		{"any port", func(c *config.Config) { c.WSUS.Listen, c.WSUS.TLSListen = ":0", ":0" }, nil},
		{"site files missing", func(c *config.Config) { c.TLS.Mode = config.SiteFiles },
			[]string{`tls.cert_file: is empty, but tls.mode is "files"; `, `tls.key_file: is empty`}},
		{"site files unused", func(c *config.Config) { c.TLS.CertFile = abs }, []string{`tls.cert_file: is set, but tls.mode is "own"; `}},
		{"key of the authority missing", func(c *config.Config) { c.CA.CertFile = abs }, []string{`ca.key_file: is empty, but ca.cert_file is set; allowed: the path of a PEM file, or both empty for an own root`}},
		{"certificate of the authority missing", func(c *config.Config) { c.CA.KeyFile = "ca.key" },
			[]string{`ca.cert_file: is empty, but ca.key_file is set`, `ca.key_file: "ca.key" is not an absolute path`}},
		{"short certificates", func(c *config.Config) { c.CA.DeviceLife, c.CA.RenewGrace = 90*config.Day-1, -1 },
			[]string{"ca.device_life: 89d23h59m59s is not possible; allowed: 90d to 3650d", "ca.renew_grace: 0s is not possible; allowed: 0 to 730d"}},
		{"long certificates", func(c *config.Config) { c.CA.DeviceLife, c.CA.RenewGrace = 3651*config.Day, 731*config.Day },
			[]string{"ca.device_life: 3651d is", "ca.renew_grace: 731d is"}},
		{"bounds of certificates", func(c *config.Config) { c.CA.DeviceLife, c.CA.RenewGrace = 90*config.Day, 0 }, nil},
		{"words", func(c *config.Config) {
			c.WSUS.Targeting, c.TLS.Mode, c.Log.Level, c.Log.Format = "x", "x", "x", "x"
		}, []string{
			`wsus.targeting: "x" is not known; allowed: server, client`, `tls.mode: "x" is not known; allowed: own, files`,
			`log.level: "x" is not known; allowed: debug, info, warn, error`, `log.format: "x" is not known; allowed: text, json`}},
		{"limits", func(c *config.Config) {
			c.MinFree, c.Import.MaxMembers = -1, 0
			c.Import.MaxDocument, c.Import.MaxMember, c.Import.MaxExpanded = config.MiB-1, config.MiB-2, 0
			c.Retention = config.Retention{Events: config.Day - 1}
		}, []string{"min_free: is negative", "import.max_members: 0 is too small; allowed: 1 or more",
			"import.max_document: 1048575 B is too small; allowed: 1 MiB or more", "import.max_member: 1048574 B is too small",
			"import.max_expanded: 0 B is too small", "retention.events: 23h59m59s is too short; allowed: 1d or more",
			"retention.server_events: 0s is too short"}},
		{"languages", func(c *config.Config) { c.Import.Languages = []string{"de", "pt-br", "Deutsch!"} },
			[]string{"import.languages: en is missing", `import.languages: "Deutsch!" is not a language`}},
		{"upstream of an isolated one", func(c *config.Config) { c.Upstream.URL = "https://up:8531" },
			[]string{`upstream.url: an isolated appliance has no upstream; allowed: "", or role = "connected"`}},
		{"upstream address", func(c *config.Config) { c.Role, c.Upstream.URL = config.Connected, "https://a:b@up" },
			[]string{"upstream.url: is not the address of a server; "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := config.Default()
			tt.change(c)
			checkProblems(t, c.Validate(), "no file", tt.want)
		})
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	there := write(t, "")
	missing := there + ".none"
	for _, tt := range []struct {
		name, standard, want string
		environ              []string
	}{
		{"variable", there, missing, []string{"SLUICE_CONFIG=" + missing}},
		{"empty variable", there, there, []string{"SLUICE_CONFIG="}},
		{"standard", there, there, nil},
		{"none", missing, "", nil},
	} {
		if got := config.Locate(tt.environ, tt.standard); got != tt.want {
			t.Errorf("%s: Locate = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.Aliases = []string{"wsus", "HOST"}
	if diff := cmp.Diff([]string{"host", "wsus"}, c.Names("host")); diff != "" {
		t.Error(diff)
	}
	c.PublicHost = "updates.example"
	if diff := cmp.Diff([]string{"updates.example", "wsus", "HOST"}, c.Names("host")); diff != "" {
		t.Error(diff)
	}
}

func TestVariablesAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, s := range config.Default().Settings() {
		if other, ok := seen[s.Environment]; ok {
			t.Errorf("%s and %s share %s", s.Key, other, s.Environment)
		}
		seen[s.Environment] = s.Key
	}
	if runtime.GOOS != "windows" && seen["SLUICE_WSUS_PLAIN_METADATA"] != "wsus.plain_metadata" {
		t.Errorf("SLUICE_WSUS_PLAIN_METADATA sets %q", seen["SLUICE_WSUS_PLAIN_METADATA"])
	}
}
