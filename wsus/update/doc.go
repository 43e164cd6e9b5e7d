// Package update holds the nouns of Windows updating that every other package
// shares: identities, revisions and their relationships, files and digests,
// computers, approvals and events. It imports the standard library only.
//
// An update is named by an [ID], a GUID that the publisher chose once. What is
// published under it changes over time: each state is a revision, an
// [Identity] of ID and revision number, and higher numbers replace lower ones.
// A server gives every revision that it holds a [RevisionID], a small integer
// of its own that is the "ID" of the client protocol (MS-WUSP 2.2.2.2.4). It is
// stable for the life of a database and means nothing on another server.
//
// Updates refer to each other in three ways (MS-WUSP 3.1.1.1 "Update"):
//
//   - prerequisites are a conjunction of [Clause]s, each satisfied by any one
//     of the updates that it names being installed. They name an update, not a
//     revision: any revision of it satisfies them.
//   - a bundle names its members by exact revision.
//   - a superseding update names the updates that it replaces.
//
// Categories (products, product families, companies, classifications) and
// detectoids are updates too: they are never offered, but evaluated by the
// client, and named as prerequisites by what belongs to them.
package update
