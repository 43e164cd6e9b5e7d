// Package msu reads Windows Update stand-alone packages (.msu) of the cabinet
// generation: a cabinet with WSUSSCAN.cab, which holds the metadata as
// fragments, and the package that is installed.
//
// WSUSSCAN.cab holds package.cab, and that a folder of fragments each for core,
// extended, localized/<language> and eula/<language>, named by a RevisionId that
// counts anew in every package and so means nothing outside of it. Identity is
// what the core fragment says. The packager made up the ids of the bundle and
// its members: package.xml calls exactly those by another id, and they are
// marked as minted. Everything else is stock categories and detectoids.
//
// What computers download is the package inside, not the .msu. It is found by
// the digest that the metadata names.
package msu
