package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/configs"
	"sluice/daemon/client"
	"sluice/daemon/config"
	"sluice/daemon/store"
)

func newInit(a *app) *cobra.Command {
	var publicHost, role string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Set up an appliance: its configuration file, data folder and keys",
		Long: "Writes the configuration file with every key explained, makes the data folder and\n" +
			"draws the keys. Nothing that exists is overwritten. On a terminal it asks for the\n" +
			"name by which devices reach this machine.",
		Example: "  sluice init --public-host updates.ship.example\n" +
			"  sluice init --config ./sluice.toml --data ./data --public-host localhost",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.setUp(cmd.Context(), publicHost, role)
		},
	}
	cmd.Flags().StringVar(&publicHost, "public-host", "", "the `NAME` by which devices reach this machine (default its host name)")
	cmd.Flags().StringVar(&role, "role", "", "the `ROLE`: isolated or connected (default isolated)")
	return cmd
}

func (a *app) setUp(ctx context.Context, publicHost, role string) error {
	file := a.newConfigPath()
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = errors.New("there is a configuration file already")
		}
		return &ExitError{ExitFailed, fmt.Errorf("%s: %w", file, err), "change that file, or name another one with --config"}
	}
	if publicHost == "" && a.interactive() {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("find the host name: %w", err)
		}
		answer, err := a.ask(ctx, fmt.Sprintf("Name by which devices reach this machine [%s]: ", host))
		if err != nil {
			return err
		}
		publicHost = answer
	}
	text, err := a.firstConfig(publicHost, role)
	if err != nil {
		return err
	}
	if err := writeNew(file, text); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return &ExitError{ExitFailed, err, "run it as the superuser, or name other places with --config and --data"}
		}
		return err
	}
	cfg, existed, err := a.firstOpening(ctx, file)
	if err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return a.tellNext(file, cfg, existed)
}

// newConfigPath is where a new configuration file goes.
func (a *app) newConfigPath() string {
	if p := a.configPath(); p != "" {
		return p
	}
	return a.standardConfig
}

// firstConfig is the shipped file with what was chosen switched on.
func (a *app) firstConfig(publicHost, role string) (string, error) {
	text := configs.Sample()
	chosen := [][2]string{{"role", role}, {"public_host", publicHost}}
	if a.dataDir != "" {
		dir, err := filepath.Abs(a.dataDir)
		if err != nil {
			return "", usageError(fmt.Errorf("--data %s: %w", a.dataDir, err), "")
		}
		chosen = append(chosen, [2]string{"data_dir", dir})
	}
	for _, c := range chosen {
		if c[1] != "" {
			line := regexp.MustCompile(`(?m)^#` + c[0] + ` = .*$`)
			text = line.ReplaceAllLiteralString(text, c[0]+" = "+tomlString(c[1]))
		}
	}
	return text, nil
}

// tomlString writes a string as TOML does; a Windows path stays as it reads.
func tomlString(s string) string {
	if strings.ContainsRune(s, '\\') && !strings.ContainsAny(s, "'\n\r\x00") {
		return "'" + s + "'"
	}
	return strconv.Quote(s)
}

// writeNew writes a file that does not exist yet.
func writeNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// firstOpening opens the data folder once, which makes what is in it. existed
// says that there was an appliance in it before.
func (a *app) firstOpening(ctx context.Context, file string) (cfg *config.Config, existed bool, err error) {
	a.configFile = file
	if cfg, err = a.config(); err != nil {
		return nil, false, err
	}
	if err := cfg.Preflight(); err != nil {
		return nil, false, usageError(err, "")
	}
	existed = store.Exists(cfg.DataDir)
	return cfg, existed, a.inProcess(ctx, cfg, func(c *client.Client) error {
		_, err := c.Status(ctx) // makes the root that devices trust
		return err
	})
}

func (a *app) tellNext(file string, cfg *config.Config, existed bool) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find the host name: %w", err)
	}
	name := cfg.Names(host)[0]
	if a.json {
		return writeJSON(a.stdout, struct {
			Config     string `json:"config"`
			DataDir    string `json:"data_dir"`
			PublicHost string `json:"public_host"`
		}{file, cfg.DataDir, name})
	}
	folder := "made"
	if existed {
		folder = "kept as it was"
	}
	address := name
	if _, port, err := net.SplitHostPort(cfg.WSUS.TLSListen); err == nil {
		address = net.JoinHostPort(name, port)
	}
	option := ""
	if file != a.standardConfig {
		option = " --config " + file
	}
	_, err = fmt.Fprintf(a.stdout, `configuration  %s
data folder    %s (%s)
public host    %s

Next:
  sluice%s run                                    open the doors
  sluice%s import --accept-unsigned PATH...       bring updates in
  sluice%s groups create Pilot                    make a group, and approve for it
Point devices at https://%s; "sluice%s status" shows every address.
`, printable(file), printable(cfg.DataDir), folder, printable(name), option, option, option, printable(address), option)
	return err
}
