package signature

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"time"
)

const (
	oidStamp            = "1.3.6.1.4.1.311.3.3.1" // RFC 3161 token
	oidCountersignature = "1.2.840.113549.1.9.6"
)

// stamp is proof that a signature was there at a time.
type stamp struct {
	time time.Time
	by   *message
}

// stamps opens all time stamps of a signature, the modern ones first. They are
// over that signature and intact, but who made them is not known yet.
func stamps(m *message) ([]stamp, error) {
	var all []stamp
	for _, v := range values(m.unauth, oidStamp) {
		s, err := token(m, v.FullBytes)
		if err != nil {
			return nil, ofStamp(err)
		}
		all = append(all, s)
	}
	for _, v := range values(m.unauth, oidCountersignature) {
		by, err := countersignature(m, v.FullBytes)
		if err != nil {
			return nil, ofStamp(err)
		}
		var t time.Time
		when := values(by.auth, oidSigningTime)
		if len(when) == 0 || by.typeName != "" && by.typeName != oidData {
			return nil, tampered("its time stamp is no time stamp")
		}
		if _, err := asn1.Unmarshal(when[0].FullBytes, &t); err != nil {
			return nil, tampered("the time in its time stamp is damaged")
		}
		all = append(all, stamp{t.UTC(), by})
	}
	return all, nil
}

// token opens a time stamp token (RFC 3161 section 2.4.2).
func token(m *message, der []byte) (stamp, error) {
	by, err := open(der)
	if err != nil {
		return stamp{}, err
	}
	var info struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Serial *big.Int
		Time   time.Time `asn1:"generalized"`
	}
	if by.typeName != oidTimeStampInfo {
		return stamp{}, tampered("its time stamp is no time stamp")
	}
	// The fields behind these are optional and of no use here.
	if _, err := asn1.Unmarshal(by.content, &info); err != nil {
		return stamp{}, tampered("its time stamp is damaged: %v", err)
	}
	hash, _, err := algorithm(info.Imprint.Algorithm.Algorithm)
	if err != nil {
		return stamp{}, err
	}
	if !bytes.Equal(sum(hash, m.value), info.Imprint.Digest) {
		return stamp{}, tampered("its time stamp belongs to another signature")
	}
	by.hash = min(by.hash, hash) // of SHA-1 and others, SHA-1 is the least
	return stamp{info.Time.UTC(), by}, nil
}

func sum(hash crypto.Hash, b []byte) []byte {
	h := hash.New()
	h.Write(b)
	return h.Sum(nil)
}

// trusted returns the first stamp whose maker a pinned root vouches for, and
// whether SHA-1 was needed for that; nil where there is none.
func (v *Verifier) trusted(all []stamp) (best *stamp, weak bool, err error) {
	for i, s := range all {
		c, err := v.chain(s.by, s.time, x509.ExtKeyUsageTimeStamping)
		switch {
		case err == nil && !c.weak:
			return &all[i], false, nil
		case err == nil && best == nil:
			best, weak = &all[i], true
		case err != nil && isTampered(err):
			return nil, false, ofStamp(err)
		}
	}
	return best, weak, nil
}

// ofStamp says that a finding is about the time stamp, where it does not yet.
func ofStamp(err error) error {
	if f := (*fault)(nil); errors.As(err, &f) && !strings.Contains(f.reason, "time stamp") {
		return &fault{f.status, "its time stamp is not in order: " + f.reason}
	}
	return err
}
