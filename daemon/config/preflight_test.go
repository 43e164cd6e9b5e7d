package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sluice/daemon/config"
)

func TestPreflight(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DataDir = filepath.Join(t.TempDir(), "not", "there", "yet")
	if _, network, err := config.NetworkFilesystem(c.DataDir); err != nil {
		t.Fatal(err)
	} else if network {
		t.Skip("the temporary folder is on a network filesystem")
	}
	if err := c.Preflight(); err != nil {
		t.Errorf("Preflight of a local folder: %v", err)
	}

	c.TLS = config.TLS{Mode: config.SiteFiles, CertFile: c.DataDir, KeyFile: c.DataDir}
	problems := config.Problems(c.Preflight())
	if len(problems) != 1 || problems[0].Key != "tls.cert_file" {
		t.Errorf("Preflight without a certificate = %v", problems)
	}
}

func TestPreflightOfTheSitesAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := config.Default()
	c.DataDir = dir
	c.CA.CertFile, c.CA.KeyFile = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key")
	for _, tt := range []struct{ what, want string }{
		{"nothing", "read the certificates of the site's authority"},
		{"certificates", "read the key of the site's authority"},
		{"key", "no certificate in PEM"},
	} {
		switch tt.what {
		case "certificates":
			if err := os.WriteFile(c.CA.CertFile, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		case "key":
			if err := os.WriteFile(c.CA.KeyFile, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		problems := config.Problems(c.Preflight())
		if len(problems) != 1 || problems[0].Key != "ca.cert_file" || !strings.Contains(problems[0].Error(), tt.want) {
			t.Errorf("Preflight with %s = %v, want %q", tt.what, problems, tt.want)
		}
	}
}

func TestKeyExposed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode")
	}
	a := config.CA{}
	if got := a.KeyExposed(); got != "" {
		t.Errorf("without a file: %q", got)
	}
	a.KeyFile = filepath.Join(t.TempDir(), "ca.key")
	if err := os.WriteFile(a.KeyFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, exposed := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true} {
		if err := os.Chmod(a.KeyFile, mode); err != nil {
			t.Fatal(err)
		}
		if got := a.KeyExposed(); (got != "") != exposed {
			t.Errorf("mode %o: %q", mode, got)
		}
	}
}

func TestNetworkFilesystemBelowAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.DataDir = filepath.Join(file, "data")
	if err := c.Preflight(); err != nil && !strings.Contains(err.Error(), "data_dir") {
		t.Errorf("Preflight below a file: %v", err)
	}
}
