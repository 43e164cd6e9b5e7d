package config_test

import (
	"os"
	"path/filepath"
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
