package config

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"sluice/omadm/ca"
)

// Bring reads the authority of the site. It is nil where the site has none.
func (a *CA) Bring(now time.Time) (*ca.Authority, error) {
	if a.CertFile == "" {
		return nil, nil
	}
	chain, err := os.ReadFile(a.CertFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of the site's authority: %w", err)
	}
	key, err := os.ReadFile(a.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the key of the site's authority: %w", err)
	}
	return ca.Bring(chain, key, now)
}

// KeyExposed returns what is wrong with who may read the key of the site's
// authority, empty for nothing. Windows has other means to say so, which are
// not looked at.
func (a *CA) KeyExposed() string {
	if a.KeyFile == "" || runtime.GOOS == "windows" {
		return ""
	}
	info, err := os.Stat(a.KeyFile)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("%s has mode %04o: others than its owner may read the key of the authority; make it the service's own and chmod it to 0600",
		a.KeyFile, info.Mode().Perm())
}
