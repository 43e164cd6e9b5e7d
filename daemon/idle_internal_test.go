package daemon

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sluice/daemon/config"
	"sluice/daemon/credential"
	"sluice/daemon/metrics"
	"sluice/daemon/store"
	mdmagent "sluice/omadm/agent"
	"sluice/wsus/update"
)

// TestIdlePollsCommitNothing has devices poll that have nothing new to tell and
// are told nothing: the database stays as it is, byte for byte, until the times
// of the polls are written, all in one commit.
func TestIdlePollsCommitNothing(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.ContentDir, c.MinFree, c.PublicHost = filepath.Join(c.DataDir, "content"), 0, "127.0.0.1"
	a, err := Open(t.Context(), Options{Config: c, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now, Version: "test", Hostname: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	devices := enrolledDevices(t, a, managementDoor(t, a), 3)
	poll := func() {
		for _, d := range devices {
			s, err := d.Poll(t.Context(), nil)
			if err != nil || len(s.Remarks) > 0 {
				t.Fatalf("poll: %q, %v", s.Remarks, err)
			}
		}
	}
	flush := func() { a.sinks.flush(t.Context(), func(update.ID) bool { return true }) }
	poll() // tells what is asked for once a day
	flush()

	const polls = 10
	seq, before := a.store.Seq(), writeAheadLog(t, c.DataDir)
	start := time.Now()
	for range polls {
		poll()
	}
	if after := writeAheadLog(t, c.DataDir); !bytes.Equal(after, before) || a.store.Seq() != seq {
		t.Errorf("%d idle polls made %d commits", polls*len(devices), commits(after)-commits(before))
	}
	flush()
	if n := commits(writeAheadLog(t, c.DataDir)) - commits(before); n != 1 {
		t.Errorf("the times of %d polls were written with %d commits, not one", polls*len(devices), n)
	}
	list, err := a.store.EnrolledDevices(t.Context(), store.EnrolledFilter{})
	if err != nil || len(list) != len(devices) {
		t.Fatalf("%d devices are listed, %v", len(list), err)
	}
	for _, d := range list {
		if d.LastPoll.Before(start.Truncate(time.Second)) {
			t.Errorf("%s polled last at %s, not after %s", d.Name, d.LastPoll, start)
		}
	}
}

// managementDoor serves the management door, and nothing that works in the
// background, and returns its address.
func managementDoor(t *testing.T, a *Appliance) string {
	t.Helper()
	certs, err := a.certificates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	url := "https://" + srv.Listener.Addr().String()
	zero := func() float64 { return 0 }
	srv.Config.Handler, _ = a.management(url, metrics.New("test", metrics.Gauges{Revisions: zero, Updates: zero, Seq: zero}))
	srv.TLS = certs.deviceConfig()
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return url
}

// enrolledDevices enrols n devices with one token.
func enrolledDevices(t *testing.T, a *Appliance, url string, n int) []*mdmagent.Agent {
	t.Helper()
	secret, hash := credential.NewToken()
	by := store.Entry{Who: "test", Via: "cli"}
	if _, err := a.store.CreateEnrollToken(t.Context(), by, store.EnrollToken{Label: "test", Uses: n}, hash); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.trusted.Current().Certificate())
	var devices []*mdmagent.Agent
	for i := range n {
		d, err := mdmagent.New(mdmagent.Config{
			Server: url, Credential: mdmagent.Credential{Name: "pc@ship.example", Token: secret},
			Machine:   mdmagent.Windows11Enterprise(fmt.Sprintf("pc%d.ship.example", i)),
			Transport: &mdmagent.Transport{TLS: &tls.Config{RootCAs: roots}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Enroll(t.Context()); err != nil {
			t.Fatal(err)
		}
		devices = append(devices, d)
	}
	return devices
}

func writeAheadLog(t *testing.T, dir string) []byte {
	t.Helper()
	wal, err := os.ReadFile(filepath.Join(dir, "sluice.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return wal
}

// commits counts the commits in a write-ahead log of SQLite: frames of the log's
// own salt that say how large the database is after them
// (sqlite.org/fileformat2.html, 4.1).
func commits(wal []byte) (n int) {
	const header, frameHeader = 32, 24
	if len(wal) < header {
		return 0
	}
	page, salt := int(binary.BigEndian.Uint32(wal[8:])), wal[16:24]
	for f := wal[header:]; len(f) >= frameHeader+page && bytes.Equal(f[8:16], salt); f = f[frameHeader+page:] {
		if binary.BigEndian.Uint32(f[4:]) != 0 {
			n++
		}
	}
	return n
}
