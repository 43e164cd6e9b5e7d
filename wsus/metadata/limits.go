package metadata

import "sluice/wsus/xmllimit"

// MaxDocument is the largest document, and the largest fragment, that is read, in
// bytes. The largest core seen in a real catalog has 47 MB.
const MaxDocument = 256 << 20

// Bounds on what one revision may hold. Real ones stay far below: several hundred
// superseded updates, a few thousand hardware ids, some forty languages.
const (
	MaxClauses    = 1 << 12 // prerequisite clauses, or groups of bundled updates
	MaxIdentities = 1 << 16 // ids in all clauses, in all groups, or superseded
	MaxFiles      = 1 << 14 // payload files, or license texts
	MaxLanguages  = 1 << 10
	MaxDrivers    = 1 << 15 // hardware ids of a driver
	MaxScores     = 1 << 12 // feature scores or computer ids of one hardware id
	MaxReferences = 1 << 12 // KB articles, bulletins or CVEs
	MaxText       = 1 << 16 // bytes of one value: a title, a description, a file name
)

// limits returns how documents and fragments are tokenized. Escaping anew makes
// values longer, so that what came out of a document must be let in again.
func limits(fragment bool) xmllimit.Limits {
	l := xmllimit.Limits{AttrBytes: 1 << 20, TextBytes: MaxDocument, Tokens: 64 << 20}
	if fragment {
		const longestEscape = 6 // &quot;
		l.AttrBytes *= longestEscape
		l.Fragment = true
	}
	return l
}
