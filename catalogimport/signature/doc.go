// Package signature checks the Authenticode signature of update payloads:
// cabinets (.cab, and .msu of the cabinet generations) and programs (.exe, .dll,
// .sys). It tells whether every covered byte is what was signed, who signed it,
// when, and whether that leads to a root that the caller pins.
//
// # What is checked
//
// The file is recognised by its bytes. Its Authenticode digest is computed in
// one pass and compared with the one in the signed SpcIndirectData; the
// signature over that and over its attributes is checked; so are the nested
// signatures (attribute 1.3.6.1.4.1.311.2.4.1) by which a SHA-1 file also
// carries a SHA-256 signature, and the time stamps, RFC 3161 or the older
// countersignature of PKCS #9. A file is [Tampered] where any of them is broken,
// also one that is not needed: nobody breaks a signature in good faith.
//
// The signer's certificate must be for code signing and lead through the
// certificates of the signature to a pinned root at the time of a trusted time
// stamp, or now where there is none. [Verified] rests on crypto/x509, which
// takes no SHA-1. Where only SHA-1 leads to the root, a simpler walk says so and
// the verdict is [Legacy] at best.
//
// References: "Windows Authenticode Portable Executable Signature Format"
// (Microsoft, 2008), RFC 2315 (PKCS #7), RFC 2985 section 5.3.6
// (countersignature), RFC 3161 (time stamps), MS-CAB 2.1 (the reserve).
//
// # What is not
//
// Revocation: an appliance without a network has no fresh lists. Page hashes,
// which the digest makes redundant. Catalog files (.cat), installers (.msi) and
// WIM images, which have no signature of these kinds and are [Unsigned].
package signature
