// Package cookie seals what a client carries between calls (MS-WUSP 2.2.3.4
// AuthorizationCookie, 2.2.3.5 Cookie), so that a server keeps nothing of a
// session and a client can change nothing of it.
//
// A sealed cookie is a fixed layout of a constant length: a byte of type, a
// byte of version, four bytes of key number, and what AES-256-GCM makes of the
// content, with those six bytes authenticated. Authorization cookies and
// cookies are sealed by different keys, both drawn from one secret of a ring, so
// that a secret can be replaced while what the last one sealed still opens.
//
// A cookie says what its client was told last. It is never an authority: what a
// computer may be told now is the roster's word.
package cookie
