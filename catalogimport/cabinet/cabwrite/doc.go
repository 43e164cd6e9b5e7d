// Package cabwrite writes small cabinets (MS-CAB): the media of the
// demonstration and the fixtures of tests.
//
// It is no match for a real cabinet maker. Folders are stored, or MSZIP by a
// plain encoder, or LZX made of uncompressed blocks only: a valid stream that
// any reader must take, but no smaller than its input. Everything is held in
// memory.
package cabwrite
