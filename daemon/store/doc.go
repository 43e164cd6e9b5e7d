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
// # Conventions of the schema
//
// GUIDs and digests are blobs of their bytes, times are integers: milliseconds
// of Unix time. Tables are STRICT; a comment on each says who writes it.
// Migrations are numbered files that run in order, each in a transaction, after
// a backup of what there was; one that has been released is never edited.
package store
