// Package offlinescan reads the offline scan file of Windows Update,
// wsusscn2.cab: the metadata of all security updates, rollups and service packs,
// as fragments, with the places where their files can be had.
//
// The outer cabinet holds index.xml, package.cab and the shards package2.cab to
// packageN.cab. package.cab holds package.xml, the [Catalog]: one short entry a
// revision. Fragments are members of the shards, named by kind and RevisionId:
// c/1234 core, x/1234 extended, l/en/1234 localized, e/... EULA; index.xml says
// which range of RevisionIds each shard has. A RevisionId means nothing outside
// of its file: identity is what the core fragment says.
//
// Fragments are given as they stand, byte for byte, one revision at a time and in
// the order of their RevisionIds within a shard. A shard has the fragments of a
// revision far apart, so they are put by as the shard is read, in memory as far as
// [Limits] let them and past that in a scratch file. What is in memory follows
// from the number of revisions in package.xml (some 25 MB for 137,000) and from
// the largest revision, whatever the size of the medium.
//
// The catalog is known before a shard is opened, so that a choice of revisions can
// be made from it: [Catalog.Closure] adds what a choice needs to be of use, and
// [Scan.Only] reads no more than that. [Scan.From] goes on at a later shard.
//
// Who signed the file is another package's work. Files that the medium names are
// not in it, save the texts of licenses.
package offlinescan
