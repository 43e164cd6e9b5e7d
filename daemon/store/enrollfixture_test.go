package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// issuer issues device certificates for tests.
type issuer struct {
	key    *ecdsa.PrivateKey
	serial int64
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{key: key}
}

// issue returns a certificate of number n; what has the same number has the same
// public key hash.
func (i *issuer) issue(t testing.TB, n int, from time.Time) (leaf *x509.Certificate, keyHash [32]byte) {
	t.Helper()
	i.serial++
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(i.serial), Subject: pkix.Name{CommonName: fmt.Sprint("device ", n)},
		NotBefore: from, NotAfter: from.AddDate(3, 0, 0), AuthorityKeyId: []byte{7, 7}, SubjectKeyId: []byte{7, 7},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, i.key.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return leaf, sha256.Sum256(fmt.Append(nil, n))
}

// door enrols devices for tests, with a token that never ends.
type door struct {
	t     testing.TB
	s     *store.Store
	ca    *issuer
	now   func() time.Time
	token [32]byte
	keys  int
}

func openDoor(t testing.TB, s *store.Store, now func() time.Time) *door {
	t.Helper()
	d := &door{t: t, s: s, ca: newIssuer(t), now: now, token: sha256.Sum256([]byte("door"))}
	if _, err := s.CreateEnrollToken(t.Context(), anna, store.EnrollToken{Label: "door", Uses: 1 << 30}, d.token); err != nil {
		t.Fatal(err)
	}
	return d
}

// request is what a device enrols with; each has a key of its own.
func (d *door) request(dmID, hardware, name string) store.NewEnrollment {
	d.keys++
	leaf, hash := d.ca.issue(d.t, d.keys, d.now())
	return store.NewEnrollment{
		Credential: store.EnrollCredential{Token: d.token},
		Enrollment: device.Enrollment{
			ID: eid(d.keys), Device: device.ID(dmID), Hardware: hardware, Name: name, Context: device.DeviceContext,
			OSEdition: 4, OSVersion: "10.0.19045.4170", Locale: "en-US", DeviceType: "CIMClient_Windows",
		},
		Leaf: leaf, KeyHash: hash, Addr: "10.0.0.9",
		Secrets: store.Secrets{ClientName: fmt.Sprint("client ", d.keys), ClientA1: "a1", ServerName: "server", ServerA1: "a2", ClientNonce: []byte{1}},
	}
}

func eid(n int) device.EnrollmentID { return device.EnrollmentID(uid(n).String()) }

func (d *door) enroll(n store.NewEnrollment) int64 {
	d.t.Helper()
	machine, _, err := d.s.Enroll(d.t.Context(), n)
	if err != nil {
		d.t.Fatal(err)
	}
	return machine
}

// dell is a request of a machine that tells manufacturer and model.
func dell(n store.NewEnrollment) store.NewEnrollment {
	n.Enrollment.Manufacturer, n.Enrollment.Model = "Dell Inc.", "Latitude 5400"
	return n
}

func (d *door) learn(id device.EnrollmentID, l *dialogue.Lesson) {
	d.t.Helper()
	if _, err := d.s.Learn(d.t.Context(), id, l); err != nil {
		d.t.Fatal(err)
	}
}

// dns is the lesson of a session in which a device told its DNS name.
func dns(n store.NewEnrollment, name string) *dialogue.Lesson {
	return &dialogue.Lesson{Facts: &dialogue.Facts{
		DeviceID: string(n.Enrollment.Device), DeviceName: n.Enrollment.Name, DNSName: name, OSVersion: "10.0.19045.4170",
		Manufacturer: n.Enrollment.Manufacturer, Model: n.Enrollment.Model,
	}}
}

func reportOf(lists ...map[int]update.State) *tree.Report {
	r := &tree.Report{
		Installable: map[update.ID]tree.Installable{}, Installed: map[update.ID]int32{},
		Failed: map[update.ID]tree.Failure{}, PendingReboot: map[update.ID]tree.Pending{},
	}
	for _, list := range lists {
		for n, s := range list {
			switch s {
			case update.NotInstalled:
				r.Installable[uid(n)] = tree.Installable{Number: 1}
			case update.Installed:
				r.Installed[uid(n)] = 1
			case update.Failed:
				r.Failed[uid(n)] = tree.Failure{HResult: -1, Number: 1}
			case update.InstalledPendingReboot:
				r.PendingReboot[uid(n)] = tree.Pending{Number: 1}
			}
		}
	}
	return r
}

func enrolledDetail(t *testing.T, s *store.Store, machine int64) store.EnrolledDetail {
	t.Helper()
	d, err := s.EnrolledDevice(t.Context(), machine)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ptr[T any](v T) *T { return &v }
