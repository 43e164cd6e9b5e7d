package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"sluice/daemon/api"
	"sluice/daemon/metrics"
	"sluice/wsus/clientsync"
	"sluice/wsus/update"
)

// stopWithin is how long open requests get when the appliance stops.
const stopWithin = 20 * time.Second

// Run opens the doors and the control socket, calls ready once all of them
// answer, and serves until ctx ends or a door fails. It returns nil after an
// orderly stop. It is called once.
func (a *Appliance) Run(ctx context.Context, ready func(Addresses)) error {
	certs, err := a.certificates(ctx)
	if err != nil {
		return err
	}
	m := metrics.New(a.version, metrics.Gauges{
		Revisions: func() float64 { return float64(a.catalog.Current().Graph().Revisions()) },
		Updates:   func() float64 { return float64(a.catalog.Current().Graph().Updates()) },
		Seq:       func() float64 { return float64(a.store.Seq()) },
	})
	var current atomic.Pointer[clientsync.Settings]
	services, files := a.wsus(m, current.Load)

	plain := &door{name: "wsus", setting: "wsus.listen", listen: a.cfg.WSUS.Listen}
	secure := &door{name: "wsus-tls", setting: "wsus.tls_listen", listen: a.cfg.WSUS.TLSListen, tls: true}
	mdm := &door{name: "mdm", setting: "mdm.listen", listen: a.cfg.MDM.Listen, tls: true, devices: true}
	admin := &door{name: "admin", setting: "admin.listen", listen: a.cfg.Admin.Listen, tls: true}
	secureURL := func() string {
		return fmt.Sprintf("https://%s", net.JoinHostPort(a.names()[0], fmt.Sprint(secure.port())))
	}
	plain.handler = a.counted(plain.name, m, plainDoor(services, files, a.pki(), a.cfg.WSUS.PlainMetadata, secureURL))
	secure.handler = a.counted(secure.name, m, secureDoor(services, files))
	admin.handler = a.counted(admin.name, m, a.adminDoor(m))

	doors := []*door{plain, secure, admin}
	if mdm.listen != "" {
		doors = append(doors, mdm)
	}
	defer func() {
		for _, d := range doors {
			if d.listener != nil {
				d.listener.Close()
			}
		}
	}()
	for _, d := range doors {
		if err := d.open(ctx, certs); err != nil {
			return err
		}
	}
	s, err := a.settings(ctx, plain.port())
	if err != nil {
		return err
	}
	current.Store(s)
	addr := Addresses{WSUS: plain.url(), WSUSTLS: secure.url(), MDM: mdm.url(), Admin: admin.url()}
	socket, err := api.Listen(a.store.Dir())
	if err != nil {
		return err
	}
	defer socket.Close()
	addr.Socket = socket.Addr().String()
	a.doors.Store(&addr)
	var sessions func(context.Context) error
	if mdm.listener != nil {
		handler, engine := a.management(httpsURL(a.names()[0], mdm.port()), m)
		mdm.handler, sessions = a.counted(mdm.name, m, handler), engine.Run
	}
	control := api.NewServer(api.New(a.Services(), a.log), a.log)
	return a.serve(ctx, doors, socket, control, sessions, func() { ready(addr) })
}

// serve answers on open listeners until ctx ends. sessions is nil where no door
// has any.
func (a *Appliance) serve(ctx context.Context, doors []*door, socket net.Listener, control *http.Server,
	sessions func(context.Context) error, ready func(),
) error {
	background, stopWork := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stopWork()
	// What requests leave behind is kept after the last of them.
	serving, served := context.WithCancel(context.WithoutCancel(ctx))
	defer served()
	work.Go(func() {
		a.sinks.run(serving, func(id update.ID) bool { return a.catalog.Current().InScope(id) })
	})
	work.Go(func() {
		a.catalog.run(background, func(err error) { a.log.Error("the catalog is not up to date", "err", err) })
	})
	work.Go(func() { a.watchReadiness(background) })
	work.Go(func() { a.trusted.run(background) })
	if sessions != nil {
		work.Go(func() { _ = sessions(serving) }) // returns nil
	}
	work.Go(func() { _ = a.content.Run(background) }) // returns the context's error
	for _, j := range a.jobs() {
		work.Go(func() { a.runJob(background, j) })
	}

	servers := make([]*http.Server, 0, len(doors)+1)
	failed := make(chan error, len(doors)+1)
	start := func(name string, srv *http.Server, l net.Listener) {
		servers = append(servers, srv)
		work.Go(func() {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", name, err)
			}
		})
	}
	for _, d := range doors {
		start(d.name, d.server(a.log), d.listener)
	}
	start("control socket", control, socket)
	ready()
	a.log.Info("ready", "version", a.version, "names", a.names())

	var err error
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
	case err = <-failed:
	case err = <-a.damaged:
		// Answers from a damaged store would mislead devices: better none.
		err = fmt.Errorf("the doors were closed: %w; restore the newest backup from %s", err, a.store.Dir())
		a.log.Error("store damaged", "err", err)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	var stopping sync.WaitGroup
	for _, srv := range servers {
		stopping.Go(func() {
			if srv.Shutdown(stop) != nil {
				srv.Close()
			}
		})
	}
	stopping.Wait()
	return err
}
