// Package catalog holds the revision graph in memory and answers scans from it
// (MS-WUSP 3.1.5.7 SyncUpdates), with no database, no lock and no work per
// device × update on the way.
//
// Three values, each immutable once built, make up a [Snapshot]:
//
//   - [Graph]: the revisions and how they refer to each other. Rebuilt when an
//     import is applied; approvals never touch it.
//   - [Rules]: what administrators decided: approvals, declines, holds.
//   - Scope: which updates are offered for evaluation at all. A function of the
//     two and the time.
//
// A computer's [Plan] is its groups and holds turned into one list of explicit
// entries over the scope. A scan is a walk: the ids that the client holds,
// against the plan, to what is new, out of scope or changed ([Snapshot.Sync]).
//
// Only the highest revision of an update is ever offered; it is called the head.
// An expired head withdraws its update.
package catalog
