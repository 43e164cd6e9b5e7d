// Package credential makes and checks the secrets that enrol devices: passwords
// of accounts, kept as Argon2id hashes in PHC form, and enrollment tokens, which
// are random and so kept as a plain SHA-256.
package credential
