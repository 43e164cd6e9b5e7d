// Package synth makes update metadata and payload for tests, benchmarks and the
// demonstration: documents that look like real ones, for products that nobody
// sells. Everything follows from a seed; nothing is random between two runs.
//
// [Document] writes the document of any revision, the inverse of
// [sluice/wsus/metadata.Split]; [File] and [Payload] are a payload file and its
// bytes. [New] yields a whole catalog in the shape of a real one, [Demo] a dozen
// updates that a person can overlook.
package synth
