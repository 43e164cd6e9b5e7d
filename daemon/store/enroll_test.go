package store_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/wsus/update"
)

var monday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestEnroll(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := dell(d.request("0A1B", "hw1", "PC1"))
	machine, changes, err := s.Enroll(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := changes.Seats[machine]; !ok {
		t.Errorf("changes %+v show no seat of device %d", changes, machine)
	}
	want := n.Enrollment
	want.State, want.User, want.Created = device.Active, "token door", monday
	sum := sha256.Sum256(n.Leaf.Raw)
	got, err := s.EnrollmentByCertificate(t.Context(), sum)
	if err != nil || got.Machine != machine || !got.Unused {
		t.Errorf("by certificate: %+v, %v", got, err)
	}
	if diff := cmp.Diff(want, got.Enrollment); diff != "" {
		t.Errorf("by certificate: -want +got\n%s", diff)
	}
	got, secrets, err := s.EnrollmentByName(t.Context(), n.Secrets.ClientName)
	if err != nil || got.ID != want.ID {
		t.Errorf("by name: %+v, %v", got, err)
	}
	if diff := cmp.Diff(n.Secrets, secrets); diff != "" {
		t.Errorf("secrets: -want +got\n%s", diff)
	}
	if again, err := s.EnrollmentSecrets(t.Context(), want.ID); err != nil || !cmp.Equal(again, n.Secrets) {
		t.Errorf("secrets by id: %+v, %v", again, err)
	}
	dev, err := s.Device(t.Context(), machine)
	if err != nil || dev.Name != "PC1" || !dev.Enrolled || dev.Computer.OSBuild != 19045 || dev.Computer.Model != "Latitude 5400" {
		t.Errorf("device %+v, %v", dev, err)
	}
	entries, err := s.AuditEntries(t.Context(), store.AuditFilter{Action: "device.enroll"})
	if err != nil || len(entries) != 1 || entries[0].Who != "token door" || entries[0].Subject != "PC1" {
		t.Errorf("audit %+v, %v", entries, err)
	}
	for name, err := range map[string]error{
		"certificate": second(s.EnrollmentByCertificate(t.Context(), [32]byte{1})), "id": second(s.EnrollmentSecrets(t.Context(), eid(99))),
		"text": second(s.EnrollmentSecrets(t.Context(), "x' OR 1")), "record": second(s.OpenRecord(t.Context(), eid(99))),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("unknown %s: %v, want %v", name, err, store.ErrNotFound)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// An enrollment that comes again changes nothing, whatever it claims.
func TestReplayedEnrollment(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	n := d.request("0A1B", "hw1", "PC1")
	machine := d.enroll(n)
	other := d.request("FFFF", "hw2", "PC2")
	other.KeyHash = n.KeyHash
	for _, replay := range []store.NewEnrollment{n, other} {
		if _, _, err := s.Enroll(t.Context(), replay); !errors.Is(err, store.ErrReplayed) {
			t.Errorf("replay: %v, want %v", err, store.ErrReplayed)
		}
	}
	tokens, err := s.EnrollTokens(t.Context())
	if err != nil || tokens[0].Uses-tokens[0].Left != 1 {
		t.Errorf("tokens %+v, %v, want one use", tokens, err)
	}
	if err := s.DeleteDevice(t.Context(), anna, machine); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Enroll(t.Context(), n); !errors.Is(err, store.ErrReplayed) {
		t.Errorf("replay after the device was deleted: %v, want %v", err, store.ErrReplayed)
	}
	if n := count(t, s, "device"); n != 0 {
		t.Errorf("%d devices, want none", n)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	make := func(label string, uses int, life time.Duration) store.EnrollCredential {
		hash := sha256.Sum256([]byte(label))
		_, err := s.CreateEnrollToken(t.Context(), anna, store.EnrollToken{Label: label, Uses: uses, Expires: c.at.Add(life)}, hash)
		if err != nil {
			t.Fatal(err)
		}
		return store.EnrollCredential{Token: hash}
	}
	enroll := func(cred store.EnrollCredential, dmID string) error {
		n := d.request(dmID, "", dmID)
		n.Credential = cred
		check := s.CheckCredential(t.Context(), cred)
		_, _, err := s.Enroll(t.Context(), n)
		if (check == nil) != (err == nil) {
			t.Errorf("check says %v, enrolling %v", check, err)
		}
		return err
	}
	once, twice, short := make("once", 1, time.Hour), make("twice", 2, time.Hour), make("short", 9, time.Minute)
	if err := errors.Join(enroll(once, "A"), enroll(twice, "B"), enroll(twice, "C"), enroll(short, "D")); err != nil {
		t.Fatal(err)
	}
	c.at = c.at.Add(time.Minute)
	for name, cred := range map[string]store.EnrollCredential{"used up": once, "counted": twice, "expired": short, "unknown": {Token: [32]byte{1}}, "none": {}} {
		if err := enroll(cred, "E"); !errors.Is(err, store.ErrBadCredential) {
			t.Errorf("%s: %v, want %v", name, err, store.ErrBadCredential)
		}
	}
	revoked := make("revoked", 1, time.Hour)
	tokens, err := s.EnrollTokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeEnrollToken(t.Context(), anna, tokens[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := enroll(revoked, "E"); !errors.Is(err, store.ErrBadCredential) {
		t.Errorf("revoked: %v, want %v", err, store.ErrBadCredential)
	}
	if err := s.RevokeEnrollToken(t.Context(), anna, tokens[0].ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revoked twice: %v, want %v", err, store.ErrNotFound)
	}
	if _, err := s.CreateEnrollToken(t.Context(), anna, store.EnrollToken{Label: "ONCE"}, [32]byte{9}); !errors.Is(err, store.ErrExists) {
		t.Errorf("a label that is taken: %v, want %v", err, store.ErrExists)
	}
}

func TestTokenGroups(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	bridge, err := s.CreateGroup(t.Context(), anna, "Bridge", update.AllComputers)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte("bridge"))
	if _, err := s.CreateEnrollToken(t.Context(), anna, store.EnrollToken{Label: "bridge", Uses: 1, Groups: []update.ID{bridge.ID}}, hash); err != nil {
		t.Fatal(err)
	}
	n := d.request("A", "", "PC1")
	n.Credential.Token = hash
	machine := d.enroll(n)
	if diff := cmp.Diff([]string{"All Computers", "Bridge"}, groupsOf(t, s, machine)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	if _, err := s.CreateEnrollAccount(t.Context(), anna, "bob", store.AccountChange{Hash: ptr("h1"), MaxDevices: ptr(1)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bob", "BOB", "bob@ship.example", `SHIP\Bob`} {
		if a, err := s.FindEnrollAccount(t.Context(), name); err != nil || a.Name != "bob" {
			t.Errorf("FindEnrollAccount(%q) = %+v, %v", name, a, err)
		}
	}
	enroll := func(dmID, hash string) error {
		n := d.request(dmID, "", dmID)
		n.Credential = store.EnrollCredential{Account: "bob", Hash: hash}
		_, _, err := s.Enroll(t.Context(), n)
		return err
	}
	if err := enroll("A", "h0"); !errors.Is(err, store.ErrBadCredential) {
		t.Errorf("with a password of before: %v", err)
	}
	if err := enroll("A", "h1"); err != nil {
		t.Fatal(err)
	}
	if err := enroll("B", "h1"); !errors.Is(err, store.ErrDeviceCap) {
		t.Errorf("one device too many: %v, want %v", err, store.ErrDeviceCap)
	}
	if err := enroll("A", "h1"); err != nil {
		t.Errorf("the same device again: %v", err)
	}
	if a, err := s.FindEnrollAccount(t.Context(), "bob"); err != nil || a.Devices != 1 {
		t.Errorf("account %+v, %v, want one device", a, err)
	}
	for name, change := range map[string]store.AccountChange{
		"disabled": {Disabled: ptr(true)}, "expired": {Disabled: ptr(false), Expires: ptr(c.at)},
	} {
		if _, err := s.ChangeEnrollAccount(t.Context(), anna, "Bob", change); err != nil {
			t.Fatal(err)
		}
		if err := enroll("A", "h1"); !errors.Is(err, store.ErrBadCredential) {
			t.Errorf("%s: %v, want %v", name, err, store.ErrBadCredential)
		}
	}
	if _, err := s.CreateEnrollAccount(t.Context(), anna, "BOB", store.AccountChange{}); !errors.Is(err, store.ErrExists) {
		t.Errorf("the name is taken: %v", err)
	}
	for _, name := range []string{"", "a b", "a\u00a0b", `a\b`, "a\u202eb", "a\x9b", strings.Repeat("a", 65)} {
		if _, err := s.CreateEnrollAccount(t.Context(), anna, name, store.AccountChange{}); !errors.Is(err, store.ErrBadName) {
			t.Errorf("an account called %q: %v, want %v", name, err, store.ErrBadName)
		}
	}
	if err := s.DeleteEnrollAccount(t.Context(), anna, "bob"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteEnrollAccount(t.Context(), anna, "bob"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	entries, err := s.AuditEntries(t.Context(), store.AuditFilter{Action: "enroll.create-account"})
	if err != nil || len(entries) != 1 || strings.Contains(string(entries[0].Detail.(json.RawMessage)), "h1") {
		t.Errorf("audit %+v, %v", entries, err)
	}
}

// Who was enrolled before is the same device, and its old enrollment ends.
func TestEnrollAgain(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	first := d.request("AAAA", "hw1", "PC1")
	machine := d.enroll(first)
	d.learn(first.Enrollment.ID, dns(first, "pc1.ship.example"))

	clone := d.request("BBBB", "hw1", "PC1-CLONE")
	twin := d.enroll(clone)
	sameName := d.request("CCCC", "hw1", "PC1")
	if d.enroll(sameName) == machine || twin == machine {
		t.Error("the clone of a virtual machine pushes the first one out")
	}
	if _, err := s.OpenRecord(t.Context(), first.Enrollment.ID); err != nil {
		t.Errorf("the first one: %v", err)
	}

	again := d.request("aaaa", "hw1", "pc1")
	if got := d.enroll(again); got != machine {
		t.Errorf("the same DeviceID is device %d, want %d", got, machine)
	}
	if _, err := s.OpenRecord(t.Context(), first.Enrollment.ID); !errors.Is(err, store.ErrEnded) {
		t.Errorf("the enrollment before: %v, want %v", err, store.ErrEnded)
	}
	if _, err := s.EnrollmentByCertificate(t.Context(), sha256.Sum256(first.Leaf.Raw)); !errors.Is(err, store.ErrRevoked) {
		t.Errorf("the certificate before: %v, want %v", err, store.ErrRevoked)
	}
	detail := enrolledDetail(t, s, machine)
	if len(detail.History) != 2 || detail.History[1].State != device.Retired || detail.Name != "pc1.ship.example" || !detail.Enrolled {
		t.Errorf("device %+v", detail)
	}

	c.at = c.at.Add(25 * time.Hour)
	imaged := d.request("DDDD", "hw1", "PC1")
	if got := d.enroll(imaged); got == twin {
		t.Errorf("a new image is device %d, another one", got)
	}
	if list, _, err := s.RevokedCertificates(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("%d revoked certificates, %v, want that of each enrollment that was replaced", len(list), err)
	}
}

// A device with a new image continues its history once it was quiet for a day,
// or at once where it had unenrolled.
func TestNewImage(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*clock, *door, store.NewEnrollment){
		"quiet for a day": func(c *clock, d *door, n store.NewEnrollment) { c.at = c.at.Add(25 * time.Hour) },
		"unenrolled": func(c *clock, d *door, n store.NewEnrollment) {
			d.learn(n.Enrollment.ID, &dialogue.Lesson{Unenrolled: "by its user"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{monday}
			s := openAt(t, c)
			d := openDoor(t, s, c.now)
			first := d.request("AAAA", "hw1", "PC1")
			machine := d.enroll(first)
			before(c, d, first)
			if got := d.enroll(d.request("BBBB", "hw1", "pc1")); got != machine {
				t.Errorf("the machine with a new image is device %d, want %d", got, machine)
			}
		})
	}
}

func TestEndOfEnrollment(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	for name, end := range map[string]func(int64, store.NewEnrollment) error{
		"by its user": func(_ int64, n store.NewEnrollment) error {
			return second(s.Learn(t.Context(), n.Enrollment.ID, &dialogue.Lesson{Unenrolled: "by its user"}))
		},
		"retired": func(machine int64, _ store.NewEnrollment) error { return second(s.Retire(t.Context(), anna, machine)) },
		"deleted": func(machine int64, _ store.NewEnrollment) error {
			return s.DeleteDevice(t.Context(), anna, machine)
		},
	} {
		n := d.request(name, "", name)
		machine := d.enroll(n)
		if _, err := s.Order(t.Context(), anna, machine, store.RollbackQualityOrder, device.Command{Verb: device.Exec}, true); err != nil {
			t.Fatal(err)
		}
		_, before, err := s.RevokedCertificates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := end(machine, n); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = s.EnrollmentByCertificate(t.Context(), sha256.Sum256(n.Leaf.Raw))
		if !errors.Is(err, store.ErrRevoked) && !(name == "deleted" && errors.Is(err, store.ErrNotFound)) {
			t.Errorf("%s: its certificate: %v", name, err)
		}
		if _, _, err := s.EnrollmentByName(t.Context(), n.Secrets.ClientName); !errors.Is(err, store.ErrEnded) && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: its name: %v", name, err)
		}
		list, after, err := s.RevokedCertificates(t.Context())
		if err != nil || after <= before || len(list) == 0 {
			t.Errorf("%s: list %d after %d, %v", name, after, before, err)
		}
		if name == "deleted" {
			continue
		}
		if detail := enrolledDetail(t, s, machine); detail.Enrolled || detail.Orders[0].State != store.OrderCancelled || detail.Why == "" {
			t.Errorf("%s: %+v", name, detail)
		}
		if _, err := s.AskSync(t.Context(), anna, machine); !errors.Is(err, store.ErrNotEnrolled) {
			t.Errorf("%s: sync: %v, want %v", name, err, store.ErrNotEnrolled)
		}
		if _, err := s.Learn(t.Context(), n.Enrollment.ID, &dialogue.Lesson{Unenrolled: "by an administrator"}); err != nil {
			t.Errorf("%s: told again: %v", name, err)
		}
	}
}

// A machine that takes the place of an active device by its DeviceID alone is
// told apart from one that enrols again.
func TestReplacedIsTold(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	machine := d.enroll(d.request("AAAA", "hw1", "PC1"))
	d.enroll(d.request("AAAA", "HW1", "PC1"))
	if got := d.enroll(d.request("AAAA", "hw2", "PC1")); got != machine {
		t.Fatalf("device %d, want %d", got, machine)
	}
	var why []string
	for _, h := range enrolledDetail(t, s, machine).History {
		why = append(why, h.Why)
	}
	if diff := cmp.Diff([]string{"", "it enrolled again, with the id of other hardware", "it enrolled again"}, why); diff != "" {
		t.Errorf("why enrollments ended: -want +got\n%s", diff)
	}
	entries, err := s.AuditEntries(t.Context(), store.AuditFilter{Action: "device.enroll"})
	if err != nil || len(entries) != 3 {
		t.Fatalf("entries %+v, %v", entries, err)
	}
	for i, want := range []struct{ replaces, other bool }{{true, true}, {true, false}, {false, false}} {
		text := fmt.Sprintf("%s", entries[i].Detail)
		if strings.Contains(text, `"replaces"`) != want.replaces || strings.Contains(text, `"other_hardware":true`) != want.other {
			t.Errorf("entry %d: %s", i, text)
		}
	}
}
