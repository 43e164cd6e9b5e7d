package catalogimport

import (
	"strings"
	"time"
	"unicode"
)

// Report is the record of one import, and the object that `sluice import --json`
// prints for a medium.
type Report struct {
	Import     int64  `json:"import,omitempty"`
	Source     string `json:"source"`
	Format     string `json:"format"`
	Provenance string `json:"provenance,omitempty"`
	AcceptedBy string `json:"accepted_by,omitempty"`
	// State is "applied", "refused", or "staging" for one that was stopped and
	// goes on when the same medium is imported again.
	State     string `json:"state"`
	Revisions int    `json:"revisions"` // new and unchanged ones
	New       int    `json:"new"`
	Unchanged int    `json:"unchanged"`
	Files     int    `json:"files"`      // stored by this import
	FilesHeld int    `json:"files_held"` // of the medium, held before
	// FilesUnneeded counts the files of a content folder that no metadata names.
	// They are normal there: a server keeps what was declined long ago.
	FilesUnneeded int       `json:"files_unneeded"`
	Bytes         int64     `json:"bytes"` // of the files stored
	Refused       []Refusal `json:"refused"`
	// RefusedMore counts the refused items beyond those of Refused, which is
	// bounded. The library has them all.
	RefusedMore int       `json:"refused_more,omitempty"`
	Error       string    `json:"error,omitempty"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished"`
}

// The states of a report.
const (
	stateApplied = "applied"
	stateRefused = "refused"
	stateStaging = "staging"
)

// Refusal is one item that was not imported, and why.
type Refusal struct {
	Item   string `json:"item"`
	Reason string `json:"reason"`
}

// newRefusal makes a refusal of names and reasons that the medium had a say in:
// they end up on terminals, so only what can be printed is kept, and not much.
func newRefusal(item string, reason error) Refusal {
	const itemLen, reasonLen = 300, 1000
	return Refusal{Item: printable(item, itemLen), Reason: printable(reason.Error(), reasonLen)}
}

func printable(s string, most int) string {
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// maxRefusals bounds the list of a report.
const maxRefusals = 10_000

// refuse adds to the list as long as it is short.
func (r *Report) refuse(all ...Refusal) {
	n := min(len(all), maxRefusals-len(r.Refused))
	r.Refused = append(r.Refused, all[:n]...)
	r.RefusedMore += len(all) - n
}

// Progress is what an import in progress has done so far. Its counts only grow,
// save that the bytes of a file that is refused in the end go again.
type Progress struct {
	Phase     string `json:"phase"` // metadata, files, applying
	Revisions int    `json:"revisions"`
	Total     int    `json:"total,omitempty"` // revisions that the medium announces; 0 unknown
	Files     int    `json:"files"`
	Bytes     int64  `json:"bytes"` // of files, with those of the one that is being stored
	Item      string `json:"item,omitempty"`
}
