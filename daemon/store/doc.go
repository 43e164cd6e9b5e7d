// Package store keeps everything that sluice knows in one SQLite file, and is
// the only place that writes SQL. What it stores are the nouns of other
// packages; each of those declares the small interface that it needs and
// [Store] satisfies it.
//
// # Files
//
// In the data folder lie sluice.db (with -wal and -shm beside it while it is
// open), sluice.lock, which one process holds while it has the store open, and
// backups. A backup is a database of its own that carries a mark: put back in
// place of sluice.db, by [Restore] or by hand, it is recognized when it is
// opened, draws a new lineage and skips a million revision ids, so that nothing
// that clients were told since the backup can be confused with what they are
// told from then on.
//
// # Writing and reading
//
// There is one writer connection and a pool of readers that cannot write. All
// writing goes through [Store.Write], a whole transaction, or
// [Store.WriteTurns], background work in turns that are short and give way to
// everything else. A transaction has one time, [Tx.Now]. What changes an answer
// that the doors give bumps a store-wide counter, [Tx.Bump], and whoever
// subscribed to that [Topic] is woken after the commit.
//
// # Media
//
// Imports go through [Store.Library]. What an import says of a revision is a
// variant, kept under (revision, import) with its texts, files, categories and
// search words. Nothing reads a variant before its import is applied, and
// applying is one row: from then on the best applied variant of a revision is
// served, a document before fragments, then the newest import. A variant that
// is stored already is not stored again. An import that was killed is resumed
// when its medium comes again; what is left of a refused one is swept.
//
// A RevisionID belongs to an identity from the moment anything names it, and
// stays its own for ever.
//
// # Enrolled devices
//
// A device is one row, whatever is known of it: its computer identity
// (client_id), the enrollment that goes on, or both. An enrollment ends when a
// newer one of the same machine takes over, the device leaves, or an
// administrator says so; its certificates are revoked with it, in the same
// commit. A computer that proves to be an enrolled device is merged into that
// one, as [fleet.Match] decides or an administrator.
//
// How updates stand on a device is kept by source where OMA DM tells too; what
// counts of both is where it is for other devices, and the counters follow it.
// What a poll reads is one row by an index, and a poll that teaches nothing
// writes nothing: [Store.Polled] notes many at once.
//
// # Conventions of the schema
//
// GUIDs and digests are blobs of their bytes, times are integers: milliseconds
// of Unix time. Tables are STRICT; a comment on each says who writes it.
// Migrations are numbered files that run in order, each in a transaction, after
// a backup of what there was; one that has been released is never edited.
package store
