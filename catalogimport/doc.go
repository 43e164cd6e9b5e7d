// Package catalogimport brings update media in. A [Source] knows one format and
// yields what it holds: revisions, each with its document or its fragments, and
// payload files. [Ingest] is the one way in for all of them: it judges where
// the metadata came from, splits documents into fragments, stages the revisions,
// writes the files by digest, and applies the import as one step, or refuses it
// and leaves nothing behind.
//
// A medium that breaks off, fails a checksum or breaks its framing is refused
// whole. A revision that does not parse in a medium that is sound otherwise is
// refused alone: the record of the import names it with the reason.
//
// Metadata that nobody signed is a way to run programs as SYSTEM on every
// computer of the site. It is imported only where a person accepts it by name.
package catalogimport
