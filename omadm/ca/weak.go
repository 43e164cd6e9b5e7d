package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
)

// Bits of RSA keys.
const (
	minBits       = 2048
	maxIssuerBits = 4096
	// maxDeviceBits keeps what one request may cost small.
	maxDeviceBits = 8192
)

// checkKey returns an error that wraps [ErrWeakKey] for a public key that is
// neither RSA of enough bits and a usual exponent nor ECDSA on P-256 or P-384.
func checkKey(pub crypto.PublicKey, maxBits int) error {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		switch {
		case bits < minBits || bits > maxBits:
			return fmt.Errorf("%w: RSA with %d bits, not %d to %d", ErrWeakKey, bits, minBits, maxBits)
		case k.N.Bit(0) == 0:
			return fmt.Errorf("%w: RSA with an even modulus", ErrWeakKey)
		case k.E < 1<<16 || k.E&1 == 0:
			return fmt.Errorf("%w: RSA with the exponent %d", ErrWeakKey, k.E)
		}
		return nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() {
			return nil
		}
		return fmt.Errorf("%w: ECDSA on %s, not P-256 or P-384", ErrWeakKey, k.Curve.Params().Name)
	}
	return fmt.Errorf("%w: neither RSA nor ECDSA", ErrWeakKey)
}
