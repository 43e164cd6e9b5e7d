// Package cabwrite writes small cabinets (MS-CAB): the media of the
// demonstration and the fixtures of tests.
//
// It is not a compressor. Folders are stored, or MSZIP, or LZX made of
// uncompressed blocks only: a valid LZX stream that any reader must take, but
// no smaller than its input. Everything is held in memory.
package cabwrite
