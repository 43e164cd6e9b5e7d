package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/daemon/config"
	"sluice/daemon/store"
	"sluice/omadm/ca"
	"sluice/wsus/content"
	"sluice/wsus/update"
)

// Services are what the control API works on. A running appliance answers with
// its doors, one that a command opened with none.
func (a *Appliance) Services() api.Services {
	return api.Services{
		Store:        a.store,
		Fleet:        a.fleet,
		Catalog:      a.catalog,
		Import:       a.Import,
		RotateKeys:   a.rotateKeys,
		Management:   managed{a},
		Now:          a.now,
		HashPassword: a.hasher.Hash,
		OpenContent:  a.openContent,
		CA:           a.showCA,
		RolloverCA:   a.rolloverCA,
		PageUpdates:  pageUpdates,
		PageBytes:    pageBytes,
		Version:      a.version,
		Started:      a.started,
		Offline:      a.doors.Load() == nil,
		Doors:        a.openDoors,
		Trust:        a.trust,
	}
}

// trust returns by which names devices reach the appliance and, with an own
// authority, the root that they must trust.
func (a *Appliance) trust(ctx context.Context) (names []string, root string, err error) {
	if a.cfg.TLS.Mode == config.OwnCA {
		t, err := a.authorities(ctx)
		if err != nil {
			return nil, "", err
		}
		if c := t.Current().Root(); c != nil {
			root = string(ca.EncodePEM(c))
		}
	}
	return a.names(), root, nil
}

// openDoors lists the doors that are open.
func (a *Appliance) openDoors() []wire.Door {
	addr := a.doors.Load()
	if addr == nil {
		return nil
	}
	var list []wire.Door
	for _, d := range []wire.Door{{Name: "wsus", URL: addr.WSUS}, {Name: "wsus-tls", URL: addr.WSUSTLS}, {Name: "mdm", URL: addr.MDM}, {Name: "admin", URL: addr.Admin}} {
		if d.URL != "" {
			list = append(list, d)
		}
	}
	return list
}

// rotateKeys gives cookies a new key. Those that are out stay good.
func (a *Appliance) rotateKeys(ctx context.Context, by store.Entry) error {
	secret, err := drawSecret()
	if err != nil {
		return err
	}
	by.Action, by.Subject = "key.rotate", cookiePurpose
	if _, err := a.store.RotateKeyBy(ctx, by, cookiePurpose, secret); err != nil {
		return err
	}
	return a.keys.reload(ctx)
}

// openContent opens a payload file. The error wraps [fs.ErrNotExist] where it is
// not held.
func (a *Appliance) openContent(d update.Digest) (io.ReadCloser, error) {
	f, _, err := a.content.Open(d)
	switch {
	case errors.Is(err, content.ErrNotHeld):
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case err != nil:
		return nil, err
	}
	return f, nil
}
