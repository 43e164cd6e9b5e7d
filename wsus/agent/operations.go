package agent

import (
	"context"

	"sluice/wsus/update"
)

// GetFileLocations asks where files are; files that the server does not know are
// left out.
func (a *Agent) GetFileLocations(ctx context.Context, digests []update.Digest) (map[update.Digest]string, error) {
	var urls map[update.Digest]string
	err := a.persist(ctx, func() (err error) {
		if err = a.connect(ctx); err == nil {
			urls, err = a.fileLocations(ctx, digests)
		}
		return err
	})
	return urls, err
}

// fileLocations is GetFileLocations without a handshake and recovery, which
// themselves may need it. A hundred digests go into one request.
func (a *Agent) fileLocations(ctx context.Context, digests []update.Digest) (map[update.Digest]string, error) {
	const op, chunk = "GetFileLocations", 100
	all := make(map[update.Digest]string, len(digests))
	for len(digests) > 0 {
		part := digests[:min(len(digests), chunk)]
		digests = digests[len(part):]
		n, err := a.post(ctx, clientService, a.address(clientService), op, getFileLocations(a.state.Cookie, part))
		if err != nil {
			return nil, err
		}
		r := n.child(op + "Result")
		if r == nil {
			return nil, fail(op, hrParse, "no %sResult", op)
		}
		if err := r.inOrder("FileLocations", "NewCookie"); err != nil {
			return nil, failWith(op, hrParse, err, "answer")
		}
		urls, err := readLocations(r)
		if err != nil {
			return nil, failWith(op, hrParse, err, "answer")
		}
		if a.state.Cookie, err = parseCookie(r.child("NewCookie")); err != nil {
			return nil, failWith(op, hrParse, err, "NewCookie")
		}
		for d, u := range urls {
			all[d] = u
		}
	}
	return all, nil
}

// GetExtendedUpdateInfo2 asks for the file locations of updates by identity, as
// clients since Windows 8 do for encrypted content.
func (a *Agent) GetExtendedUpdateInfo2(ctx context.Context, ids []update.Identity) (map[update.Digest]string, error) {
	const op = "GetExtendedUpdateInfo2"
	n, err := a.ask(ctx, clientService, op, func() []byte {
		return getExtendedUpdateInfo2(a.state.Cookie, ids, a.cfg.Machine.Locales, a.caller)
	})
	if err != nil {
		return nil, err
	}
	r := n.child(op + "Result")
	if r == nil {
		return nil, fail(op, hrParse, "no %sResult", op)
	}
	if err := r.inOrder("Updates", "FileLocations", "FileDecryptionData", "FileDecryptionData2", "UpdateEncryptionDetails"); err != nil {
		return nil, failWith(op, hrParse, err, "answer")
	}
	urls, err := readLocations(r)
	if err != nil {
		return nil, failWith(op, hrParse, err, "answer")
	}
	return urls, nil
}

// SyncPrinterCatalog asks for printer drivers as the wizard that adds a printer
// does, and returns how many the server names. Nothing is cached.
func (a *Agent) SyncPrinterCatalog(ctx context.Context) (int, error) {
	const op = "SyncPrinterCatalog"
	n, err := a.ask(ctx, clientService, op, func() []byte {
		installed, _, drivers := a.state.lists()
		return syncPrinterCatalog(a.state.Cookie, installed, drivers)
	})
	if err != nil {
		return 0, err
	}
	info, err := parseSync(op, n)
	if err != nil {
		return 0, err
	}
	a.state.Cookie = info.cookie
	return len(info.added), nil
}

// RequiredInventoryType asks which inventory the server wants: 0 for none.
func (a *Agent) RequiredInventoryType(ctx context.Context, rules update.ID, version string) (int, error) {
	const op = "GetRequiredInventoryType"
	n, err := a.ask(ctx, reportService, op, func() []byte {
		return getRequiredInventoryType(a.state.Cookie, rules, version)
	})
	if err != nil {
		return 0, err
	}
	v, err := n.number(op + "Result")
	if err != nil {
		return 0, failWith(op, hrParse, err, "answer")
	}
	return int(v), nil
}

// ReportInventory sends an inventory document.
func (a *Agent) ReportInventory(ctx context.Context, document string) error {
	const op = "ReportInventory"
	n, err := a.ask(ctx, reportService, op, func() []byte {
		return reportInventory(a.state.Cookie, a.cfg.Now(), document)
	})
	return confirmed(op, n, err)
}

// confirmed checks an answer that must say true.
func confirmed(op string, n *node, err error) error {
	if err != nil {
		return err
	}
	ok, err := n.flag(op + "Result")
	if err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	if !ok {
		return fail(op, hrUnexpected, "the server answered false")
	}
	return nil
}
