// Package ca is the appliance's certificate authority: a self-signed root of
// its own, and the server certificates that it issues for the names that
// devices use. It keeps nothing; who calls it stores the root.
//
// Keys are ECDSA on P-256, which every Windows since Vista accepts for TLS.
// Certificates carry no revocation URL: a device of an isolated network could
// not reach one, and would wait for it.
package ca
