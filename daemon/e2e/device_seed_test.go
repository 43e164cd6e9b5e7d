//go:build linux

package e2e_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"time"

	"sluice/daemon/store"
	mdmagent "sluice/omadm/agent"
	"sluice/omadm/ca"
	"sluice/omadm/device"
	"sluice/omadm/enroll"
	"sluice/wsus/update"
)

// enrol writes n enrolled devices into the store and starts the daemon on it.
// Every so many-th gets a certificate of the appliance's own authority and an
// agent that has it; the others only stand in the store. Their keys are shared,
// which saves the time to make so many.
func (d *devices) enrol(n, every int) {
	d.Helper()
	d.appliance.start() // makes the authority
	transport := d.transport()
	d.appliance.stop()
	keys, err := mdmagent.NewKeyPool(4)
	if err != nil {
		d.Fatal(err)
	}
	s := seeding{devices: d, keys: keys}
	s.open()
	accounts := make(map[int]*mdmagent.Account)
	for i := range n {
		if i%every == 0 {
			accounts[i] = s.enrol(i, true)
		} else {
			s.enrol(i, false)
		}
	}
	if err := s.store.Close(); err != nil {
		d.Fatal(err)
	}
	d.start()
	image := mdmagent.Windows11Enterprise("image.ship.example")
	for i := range n {
		account := accounts[i]
		if account == nil {
			continue
		}
		account.Addr = d.appliance.mdm + enroll.ManagementPath
		agent, err := mdmagent.New(mdmagent.Config{
			Machine: image.For(deviceName(i)), State: &mdmagent.State{Account: account}, Transport: transport, Updates: &held,
		})
		if err != nil {
			d.Fatal(err)
		}
		d.agents = append(d.agents, agent)
	}
}

// held is what the devices know of updates.
var held = reported(4, 80)

func reported(installable, installed int) mdmagent.UpdateList {
	list := mdmagent.UpdateList{LastScan: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)}
	for i := range installable + installed {
		u := mdmagent.Update{ID: fmt.Sprintf("5117ce00-0000-4000-8000-%012d", i), Revision: 200, Type: 1}
		if i < installable {
			list.Installable = append(list.Installable, u)
		} else {
			list.Installed = append(list.Installed, u)
		}
	}
	return list
}

// seeding enrols devices in a store that no daemon has.
type seeding struct {
	*devices
	store     *store.Store
	authority *ca.Authority
	keys      *mdmagent.KeyPool
	token     [sha256.Size]byte
}

func (s *seeding) open() {
	s.Helper()
	var err error
	s.store, err = store.Open(s.Context(), store.Options{Dir: s.appliance.data, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now})
	if err != nil {
		s.Fatal(err)
	}
	kept, err := s.store.Keys(s.Context(), "ca")
	if err != nil || len(kept) == 0 {
		s.Fatalf("the appliance has %d roots: %v", len(kept), err)
	}
	if s.authority, err = ca.Load(kept[0].Secret); err != nil {
		s.Fatal(err)
	}
	if _, err := s.store.CreateEnrollToken(s.Context(), store.Entry{Who: "bench"}, store.EnrollToken{Label: "bench", Uses: 1 << 30}, s.token); err != nil {
		s.Fatal(err)
	}
}

// enrol enrols the i-th device and returns its account where it is to come.
func (s *seeding) enrol(i int, comes bool) *mdmagent.Account {
	s.Helper()
	id := update.MustParseID(fmt.Sprintf("e4011ed0-0000-4000-8000-%012d", i))
	m := mdmagent.Windows11Enterprise(deviceName(i))
	key, err := s.keys.Next()
	if err != nil {
		s.Fatal(err)
	}
	leaf := &x509.Certificate{Raw: id[:], SerialNumber: big.NewInt(int64(i) + 1), NotBefore: time.Now(), NotAfter: time.Now().AddDate(3, 0, 0)}
	if comes {
		leaf = s.issue(key, device.EnrollmentID(id.String()))
	}
	_, _, err = s.store.Enroll(s.Context(), store.NewEnrollment{
		Credential: store.EnrollCredential{Token: s.token}, Leaf: leaf, KeyHash: sha256.Sum256(id[:]), Addr: "10.0.0.1",
		Secrets: store.Secrets{ClientName: "client " + m.Name, ClientA1: "x", ServerName: "sluice", ServerA1: "y"},
		Enrollment: device.Enrollment{
			ID: device.EnrollmentID(id.String()), Device: device.ID(m.DeviceID), Hardware: m.HardwareID, Name: m.Name,
			OSVersion: m.Version.String(), OSEdition: m.Edition, Context: m.Context, Manufacturer: m.Manufacturer, Model: m.Model,
		},
	})
	if err != nil {
		s.Fatalf("enrol device %d: %v", i, err)
	}
	if !comes {
		return nil
	}
	account, err := mdmagent.Adopt(enroll.ProviderID, "https://localhost", key, leaf)
	if err != nil {
		s.Fatal(err)
	}
	return account
}

func (s *seeding) issue(key *rsa.PrivateKey, id device.EnrollmentID) *x509.Certificate {
	s.Helper()
	leaf, err := s.authority.IssueDevice(key.Public(), id, time.Now(), ca.DeviceLife)
	if err != nil {
		s.Fatal(err)
	}
	return leaf
}
