package ca_test

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"sluice/omadm/ca"
)

func TestRevocationList(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "root", noon)
	at := noon.Add(-time.Hour)
	der, err := a.RevocationList([]ca.Revoked{
		{Serial: big.NewInt(9), At: at, Reason: ca.Superseded},
		{Serial: big.NewInt(5), At: at, Reason: ca.CessationOfOperation},
		{Serial: big.NewInt(9), At: noon, Reason: ca.KeyCompromise},
		{Serial: big.NewInt(7), At: at},
	}, 42, noon)
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(a.Certificate()); err != nil {
		t.Error(err)
	}
	if list.Number.Int64() != 42 || !list.ThisUpdate.Before(noon) || !list.NextUpdate.After(noon.AddDate(0, 0, 20)) {
		t.Errorf("number %v, from %s to %s", list.Number, list.ThisUpdate, list.NextUpdate)
	}
	want := []x509.RevocationListEntry{
		{SerialNumber: big.NewInt(5), RevocationTime: at, ReasonCode: 5},
		{SerialNumber: big.NewInt(7), RevocationTime: at},
		{SerialNumber: big.NewInt(9), RevocationTime: at, ReasonCode: 4},
	}
	if len(list.RevokedCertificateEntries) != len(want) {
		t.Fatalf("%d entries, want %d", len(list.RevokedCertificateEntries), len(want))
	}
	for i, e := range list.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(want[i].SerialNumber) != 0 || !e.RevocationTime.Equal(want[i].RevocationTime) || e.ReasonCode != want[i].ReasonCode {
			t.Errorf("entry %d: %v, %s, %d", i, e.SerialNumber, e.RevocationTime, e.ReasonCode)
		}
	}
}
