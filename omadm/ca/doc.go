// Package ca is the appliance's certificate authority, and the judge of the
// certificates that devices show.
//
// An [Authority] is a self-signed root of its own ([New], [Load], [Authority.Rollover])
// or an intermediate that the site made ([Bring]). It issues the server
// certificates for the names that devices use, where the site has none, and an
// identity certificate for each enrollment. The package keeps nothing; who
// calls it stores the root.
//
// [ParseRequest] reads the PKCS #10 of an enrollment (MS-MDE2 3.4.4.1.1.1) with
// the quirks of Windows, [ParseRenewal] the PKCS #7 around one of a renewal
// (MS-MDE2 3.5.4.1.1.1).
//
// [Trust] is every authority whose device certificates count, also those that
// were rolled over, and [Trust.Judge] the one place that says whether a
// certificate counts: issuer, usage, revocation and time. Whose it is, the
// caller looks up.
//
// Own keys are ECDSA on P-256, which every Windows since Vista accepts for TLS;
// those of devices and of a site may be RSA. Certificates carry no revocation
// URL: a device of an isolated network could not reach one, and would wait for
// it. The list of [Authority.RevocationList] is for those who want one.
package ca
