package offlinescan

import "sluice/catalogimport/cabinet"

// Limits bound what is read of a scan file, and how much of it is in memory. Sizes
// are in bytes.
type Limits struct {
	Cabinet  cabinet.Limits // the outer one, and each inside it
	Shards   int            // named by index.xml
	Packed   int64          // one cabinet inside the outer one
	Shard    int64          // all fragments of one shard
	Fragment int64          // one fragment
	Revision int64          // all fragments of one revision
	Catalog  CatalogLimits
	Memory   int // fragments of a shard, and of its cabinet, past which a scratch file takes them
}

// CatalogLimits bound package.xml, which is kept in memory in a compact form.
type CatalogLimits struct {
	Updates int
	Links   int // categories, prerequisites, files and relations of all updates together
	Files   int // files and their locations; one may count for both
	Text    int // bytes of locations, at most 4 GiB
}

// DefaultLimits are several times what real scan files have: in 2026 some 137,000
// updates, 75 shards of 9 MB, and cores of up to 47 MB.
func DefaultLimits() Limits {
	return Limits{
		Cabinet:  cabinet.DefaultLimits(),
		Shards:   4096,
		Packed:   2 << 30,
		Shard:    8 << 30,
		Fragment: 128 << 20,
		Revision: 160 << 20,
		Catalog:  CatalogLimits{Updates: 1 << 20, Links: 12 << 20, Files: 1 << 20, Text: 128 << 20},
		Memory:   24 << 20,
	}
}

// maxRevision is the largest RevisionId, that of MS-WUSP being a positive int.
const maxRevision = 1<<31 - 1

// longest is the most bytes of a location, and of a language.
const (
	longestURL      = 1 << 12
	longestLanguage = 35
	maxLanguages    = 1 << 10
)
