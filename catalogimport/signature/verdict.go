package signature

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Status is what a signature check found.
type Status string

const (
	// Verified files are unchanged and signed, without need of SHA-1, by whom a
	// pinned root vouches for.
	Verified Status = "verified"
	// Legacy files are unchanged, but only SHA-1 leads to the pinned root.
	Legacy Status = "legacy"
	// Unsigned files have no signature, or are of a kind that has none.
	Unsigned Status = "unsigned"
	// Tampered files are not what was signed: changed, cut off or damaged, in
	// the file or in the signature.
	Tampered Status = "tampered"
	// Foreign files are unchanged, but signed by someone whom no pinned root
	// vouches for, or not provably while the certificate was valid.
	Foreign Status = "foreign"
)

// Kind is the container that a file is.
type Kind string

// The kinds that can carry a signature this package reads. A file of any other
// kind has the empty one.
const (
	Cabinet Kind = "cabinet"
	Program Kind = "program"
)

// Verdict is the result for one file.
type Verdict struct {
	Status Status
	Kind   Kind
	// Reason says in words why the status is not [Verified]. It may quote names
	// out of certificates, escaped.
	Reason string
	// Signatures are all that the file has, primary first.
	Signatures []Signature
}

// Signature is what is known of one signature of a file. Names come from
// certificates, so they are claims until the status is [Verified] or [Legacy].
type Signature struct {
	Status Status
	// Reason is why the status is not [Verified].
	Reason string
	// Nested tells that it lies within the primary one.
	Nested bool
	// Algorithm is the digest algorithm, such as "SHA-256".
	Algorithm string
	// Digest is the Authenticode digest of the file as it is now, nil where the
	// algorithm is not known.
	Digest []byte
	// Signer is the common name of the signing certificate, Organization the one
	// that it is issued to, Issuer the common name of its issuer.
	Signer, Organization, Issuer string
	// Root is the name of the pinned root, Thumbprint the SHA-1 of its
	// certificate in hexadecimal. Both are empty where the chain leads to none.
	Root, Thumbprint string
	// Time is when a trusted time stamp says that the signature was there
	// already, in UTC. It is zero where there is none.
	Time time.Time
	// StampedBy is the common name of the authority behind Time.
	StampedBy string
}

// Deciding returns the signature that the status rests on, nil where there is
// none.
func (v Verdict) Deciding() *Signature {
	for i := range v.Signatures {
		if v.Signatures[i].Status == v.Status {
			return &v.Signatures[i]
		}
	}
	return nil
}

// String is the verdict on one line: the status, who signed when (unless it is
// tampered with, when that says nothing), and the reason.
func (v Verdict) String() string {
	var b strings.Builder
	b.WriteString(string(v.Status))
	if s := v.Deciding(); s != nil && v.Status != Tampered {
		fmt.Fprintf(&b, ": signed by %s (%s)", quoted(s.Signer), s.Algorithm)
		if !s.Time.IsZero() {
			fmt.Fprintf(&b, " before %s", s.Time.Format(time.RFC3339))
		}
		if s.Root != "" {
			fmt.Fprintf(&b, ", root %s", quoted(s.Root))
		}
	}
	if v.Reason != "" {
		fmt.Fprintf(&b, ": %s", v.Reason)
	}
	return b.String()
}

// quoted makes a name of a stranger's harmless in a log and short.
func quoted(name string) string {
	const most = 100
	if len(name) > most {
		name = name[:most] + "..."
	}
	return strconv.Quote(name)
}

// fault is a finding about the file, as opposed to a failure to read it.
type fault struct {
	status Status
	reason string
}

func (f *fault) Error() string { return f.reason }

func tampered(format string, args ...any) error {
	return &fault{Tampered, fmt.Sprintf(format, args...)}
}

func foreign(format string, args ...any) error {
	return &fault{Foreign, fmt.Sprintf(format, args...)}
}
