package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/wsus/clientsync"
)

// TestRegistryShowsJoins has a computer prove to be an enrolled device: its
// client id is that device's from then on, and its own number is gone; split
// again, it has a number of its own. A registry that is opened anew knows the
// same.
func TestRegistryShowsJoins(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	r, err := openRegistry(t.Context(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	by := store.Entry{Who: "anna", Via: "cli"}
	hash := sha256.Sum256([]byte("token"))
	if _, err := s.CreateEnrollToken(t.Context(), by, store.EnrollToken{Label: "t", Uses: 1}, hash); err != nil {
		t.Fatal(err)
	}
	claim := clientsync.Claim{ClientID: "c1", DNSName: "pc1.ship.example"}
	computer, err := r.Authorize(t.Context(), claim)
	if err != nil {
		t.Fatal(err)
	}
	id := device.EnrollmentID("0a0b0c0d-0000-4000-8000-000000000001")
	machine, err := r.Enroll(t.Context(), store.NewEnrollment{
		Credential: store.EnrollCredential{Token: hash}, Leaf: selfSigned(t), KeyHash: hash,
		Enrollment: device.Enrollment{ID: id, Device: "AA", Name: "PC1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(step string, client, device int64) {
		t.Helper()
		again, err := openRegistry(t.Context(), s, false)
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]*registry{"the registry": r, "one opened anew": again} {
			if got, ok := r.ByClientID("c1"); !ok || got != client {
				t.Errorf("%s: by %s the client id is of device %d, %v, want %d", step, name, got, ok, client)
			}
			if !r.Known(device) {
				t.Errorf("%s: %s does not know device %d", step, name, device)
			}
		}
	}
	expect("enrolled", computer, machine)
	err = r.Learn(t.Context(), id, &dialogue.Lesson{Facts: &dialogue.Facts{DeviceID: "AA", DeviceName: "PC1", DNSName: "PC1.ship.example"}})
	if err != nil {
		t.Fatal(err)
	}
	expect("joined", machine, machine)
	if r.Known(computer) {
		t.Errorf("the computer's own number %d is still known", computer)
	}
	if got, err := r.Authorize(t.Context(), claim); err != nil || got != machine {
		t.Errorf("its next login is of device %d, %v, want %d", got, err, machine)
	}
	// An id that the device does not go by is not taken for its own.
	if got, err := r.Authorize(t.Context(), clientsync.Claim{ClientID: "c2", DNSName: "pc1.ship.example"}); err != nil || got == machine {
		t.Errorf("an impostor is device %d, %v", got, err)
	}
	expect("after an impostor", machine, machine)
	if err := r.SplitDevice(t.Context(), by, machine); err != nil {
		t.Fatal(err)
	}
	split, ok := r.ByClientID("c1")
	if !ok || split == machine {
		t.Errorf("after the split the client id is of device %d, %v", split, ok)
	}
	expect("split", split, machine)
	if err := r.JoinDevices(t.Context(), by, machine, split); err != nil {
		t.Fatal(err)
	}
	expect("joined again", machine, machine)
	if err := r.Retire(t.Context(), by, machine); err != nil {
		t.Fatal(err)
	}
	expect("retired", machine, machine)
}

func selfSigned(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}
