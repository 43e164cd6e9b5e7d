package store

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"runtime"
	"testing"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// benchDevices is how many devices are enrolled while single acts are measured.
const benchDevices = 100_000

// benchStore returns a store with 100,000 enrolled devices, each with 40
// settings and a report of 60 updates, and their ids.
func benchStore(b *testing.B) (*Store, []device.EnrollmentID, []*x509.Certificate) {
	b.Helper()
	s, err := Open(b.Context(), Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	hash := sha256.Sum256([]byte("bench"))
	if _, err := s.CreateEnrollToken(b.Context(), Entry{}, EnrollToken{Label: "bench", Uses: 1 << 30}, hash); err != nil {
		b.Fatal(err)
	}
	leaf := benchCertificate(b)
	ids := make([]device.EnrollmentID, benchDevices)
	certs := make([]*x509.Certificate, benchDevices)
	lesson := benchLesson()
	n := 0
	err = s.WriteTurns(b.Context(), "enroll many", func(tx *Tx) (bool, error) {
		id := update.ID{0: 0x42}
		binary.BigEndian.PutUint64(id[8:], uint64(n))
		c := *leaf
		c.Raw, c.SerialNumber = id[:], big.NewInt(int64(n+1))
		name := fmt.Sprintf("PC%06d", n)
		e := NewEnrollment{
			Credential: EnrollCredential{Token: hash}, Leaf: &c, KeyHash: sha256.Sum256(id[:]), Addr: "10.0.0.1",
			Secrets:    Secrets{ClientName: "client " + name, ClientA1: "x", ServerName: "y", ServerA1: "z"},
			Enrollment: device.Enrollment{ID: device.EnrollmentID(id.String()), Device: device.ID(name), Hardware: "hw" + name, Name: name, OSVersion: "10.0.19045.4170", OSEdition: 4},
		}
		g, err := tx.grant(e.Credential)
		if err != nil {
			return false, err
		}
		var machine int64
		if _, err := tx.enroll(&machine, &e, &g, ""); err != nil {
			return false, err
		}
		row, err := tx.enrollment(e.Enrollment.ID)
		if err != nil {
			return false, err
		}
		if err := tx.learnSettings(row, lesson.Settings); err != nil {
			return false, err
		}
		if err := tx.learnReport(row, lesson); err != nil {
			return false, err
		}
		ids[n], certs[n] = e.Enrollment.ID, &c
		n++
		return n == benchDevices, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s, ids, certs
}

func benchCertificate(b *testing.B) *x509.Certificate {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().AddDate(3, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	return leaf
}

func benchLesson() *dialogue.Lesson {
	l := &dialogue.Lesson{Settings: map[string]*dialogue.Setting{}, Report: &tree.Report{
		Installed: map[update.ID]int32{}, Installable: map[update.ID]tree.Installable{}, Failed: map[update.ID]tree.Failure{},
	}, ReportedAt: time.Now()}
	for n := range 40 {
		l.Settings[fmt.Sprint("SetPolicyDrivenUpdateSource", n)] = &dialogue.Setting{Value: "1", Status: 200, At: time.Now(), OSVersion: "10.0.19045.4170"}
	}
	for n := range 60 {
		id := update.ID{0: 0x77, 15: byte(n)}
		if n < 5 {
			l.Report.Installable[id] = tree.Installable{Number: 200}
		} else {
			l.Report.Installed[id] = 200
		}
	}
	return l
}

// BenchmarkEnrolled measures what a poll and an enrollment ask of the store
// while 100,000 devices are enrolled, and how much memory those take. Run it
// with -benchtime=2000x; making the fleet takes minutes.
func BenchmarkEnrolled(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, ids, certs := benchStore(b)
	clear(certs[1000:])
	pick := func() int { return mathrand.IntN(1000) }
	b.Run("by certificate", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.EnrollmentByCertificate(b.Context(), sha256.Sum256(certs[pick()].Raw)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open record", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.OpenRecord(b.Context(), ids[mathrand.IntN(len(ids))]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("note 1000 polls", func(b *testing.B) {
		polls := make(map[device.EnrollmentID]Poll, 1000)
		for n := range 1000 {
			polls[ids[n*97%len(ids)]] = Poll{At: time.Now(), Addr: "10.0.0.1"}
		}
		for b.Loop() {
			if err := s.Polled(b.Context(), polls); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("learn a report", func(b *testing.B) {
		for b.Loop() {
			l := benchLesson()
			if _, err := s.Learn(b.Context(), ids[mathrand.IntN(len(ids))], l); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("list 100", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.EnrolledDevices(b.Context(), EnrolledFilter{DeviceFilter: DeviceFilter{After: 50_000}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("candidates", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.JoinCandidates(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	ids, certs = nil, nil
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			runtime.GC()
		}
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))/(1<<20), "heap-MiB")
	})
}
