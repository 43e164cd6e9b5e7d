package content

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/wsus/update"
)

// Outcome is what [Store.Verify] found of one file.
type Outcome uint8

// The outcomes.
const (
	Reading    Outcome = iota // not one yet: the file is being read
	Held                      // had a verdict that holds
	Verified                  // was read and is good
	Missing                   // is expected and isn't there
	Mismatched                // is another file than its name or metadata says
	Failed                    // could not be read
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	switch o {
	case Reading:
		return "reading"
	case Held:
		return "held"
	case Verified:
		return "verified"
	case Missing:
		return "missing"
	case Mismatched:
		return "mismatched"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Step is progress of [Store.Verify].
type Step struct {
	Digest  update.Digest
	Path    string // below the root; empty where missing
	Outcome Outcome
	Bytes   int64 // read since the step before
	Err     error // why, if Mismatched (a [*MismatchError]) or Failed
}

// Tally counts the outcomes of [Store.Verify].
type Tally struct {
	Held, Verified, Missing, Mismatched, Failed int

	Unlisted int   // files of the root that were not expected, and not looked at
	Bytes    int64 // read
}

const (
	stepEvery  = 64 << 20  // bytes read of one file between steps
	batchFiles = 64        // verdicts recorded at once
	batchBytes = 256 << 20 // or when so much was read that losing it would hurt
)

// Verify reads the files of a root in place and records a verdict on each that
// is what its name says and, where expected is given, what metadata says. With
// expected it looks at those files only, in that order; with nil at all. Files
// whose verdict holds are not read again, so that a Verify that was interrupted
// goes on where it was.
//
// The root is named by its folder; the empty string is the writable root. The
// function step, if not nil, is called for every file, and in between while a
// large one is read. The error is that of the context, of expected, of listing
// the root, or of recording verdicts; files that are not good are outcomes.
func (s *Store) Verify(ctx context.Context, dir string, expected iter.Seq2[update.File, error], step func(Step)) (Tally, error) {
	r, err := s.rootOf(dir)
	if err != nil {
		return Tally{}, fmt.Errorf("verify content: %w", err)
	}
	found, err := list(ctx, r.dir)
	if err != nil {
		return Tally{}, fmt.Errorf("verify content in %s: %w", r.dir, err)
	}
	if step == nil {
		step = func(Step) {}
	}
	if expected == nil {
		expected = named(found)
	}
	v := verification{Store: s, root: r, found: found, step: step}
	err = v.run(ctx, expected)
	// What was read counts even if the context has ended.
	err = errors.Join(err, v.flush(context.WithoutCancel(ctx)))
	if err != nil {
		return v.tally, fmt.Errorf("verify content in %s: %w", r.dir, err)
	}
	return v.tally, nil
}

func (s *Store) rootOf(dir string) (*root, error) {
	if dir == "" {
		return s.roots[0], nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if r := s.findRoot(abs); r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("%s: %w", dir, ErrUnknownRoot)
}

// list returns the paths of the files in a root that are named as content is,
// in any letter case.
func list(ctx context.Context, dir string) (map[update.Digest]string, error) {
	folders, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := make(map[update.Digest]string)
	for _, folder := range folders {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(folder.Name()) != 2 || !folder.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, folder.Name()))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			path := folder.Name() + "/" + f.Name()
			if d, ok := parsePath(path); ok && f.Type().IsRegular() {
				found[d] = path
			}
		}
	}
	return found, nil
}

// named makes files of names alone, folder by folder.
func named(found map[update.Digest]string) iter.Seq2[update.File, error] {
	return func(yield func(update.File, error) bool) {
		all := make([]update.Digest, 0, len(found))
		for d := range found {
			all = append(all, d)
		}
		slices.SortFunc(all, func(a, b update.Digest) int { return strings.Compare(found[a], found[b]) })
		for _, d := range all {
			if !yield(update.File{Digest: d, Name: found[d]}, nil) {
				return
			}
		}
	}
}

// verification is one run of [Store.Verify].
type verification struct {
	*Store
	root  *root
	found map[update.Digest]string
	step  func(Step)
	tally Tally

	batch      []Verdict
	batchBytes int64
}

func (v *verification) run(ctx context.Context, expected iter.Seq2[update.File, error]) error {
	matched := 0
	for f, err := range expected {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		st := v.file(ctx, f)
		if err := ctx.Err(); err != nil {
			return err // and not an outcome of this file
		}
		switch st.Outcome {
		case Held:
			v.tally.Held++
		case Verified:
			v.tally.Verified++
		case Missing:
			v.tally.Missing++
		case Mismatched:
			v.tally.Mismatched++
		case Failed:
			v.tally.Failed++
		}
		if st.Outcome != Missing {
			matched++
		}
		v.tally.Bytes += st.Bytes
		v.step(st)
		if len(v.batch) >= batchFiles || v.batchBytes >= batchBytes {
			if err := v.flush(ctx); err != nil {
				return err
			}
		}
	}
	v.tally.Unlisted = max(0, len(v.found)-matched)
	return nil
}

// file finds the outcome for one file.
func (v *verification) file(ctx context.Context, f update.File) Step {
	st := Step{Digest: f.Digest}
	path, ok := v.found[f.Digest]
	if !ok {
		st.Outcome = Missing
		return st
	}
	st.Path = path
	name := v.root.file(path)
	if e, ok := v.holds(f.Digest); ok {
		st.Outcome, st.Path = Held, e.path
		if st.Err = e.sum(f.Digest).check(f); st.Err != nil {
			st.Outcome = Mismatched
		}
		return st
	}
	var told int64
	sum, fi, err := sumFile(ctx, name, f.Size, v.now, func(done int64) error {
		if done-told >= stepEvery {
			v.tally.Bytes += done - told
			v.step(Step{Digest: f.Digest, Path: path, Outcome: Reading, Bytes: done - told})
			told = done
		}
		return nil
	})
	if err == nil {
		// Where this is impossible, on a share, it isn't this machine's power
		// cut that could lose bytes.
		_ = flushFile(name)
		err = sum.check(f)
	}
	if !sum.Digest.IsZero() {
		st.Bytes = sum.Size - told
	}
	var mismatch *MismatchError
	switch {
	case err == nil:
		st.Outcome = Verified
		v.batchBytes += sum.Size
		v.batch = append(v.batch, Verdict{
			Root: v.root.key, Path: path, Digest: sum.Digest, SHA256: sum.SHA256,
			Size: sum.Size, ModTime: fi.ModTime().UTC(), Verified: v.now().UTC(),
		})
	case errors.As(err, &mismatch):
		st.Outcome, st.Err = Mismatched, err
	case errors.Is(err, fs.ErrNotExist):
		st.Outcome = Missing
	default:
		st.Outcome, st.Err = Failed, err
	}
	return st
}

// holds returns the entry of a file whose verdict still holds.
func (v *verification) holds(d update.Digest) (entry, bool) {
	v.mu.RLock()
	e, ok := v.root.entries[d]
	v.mu.RUnlock()
	if !ok {
		return entry{}, false
	}
	fi, err := os.Lstat(v.root.file(e.path))
	if err != nil {
		return entry{}, false
	}
	st := verified
	if !e.matches(fi) {
		st = stale
	}
	v.setState(candidate{v.root, e}, d, st)
	return e, st == verified
}

// flush records the verdicts of the batch and holds their files.
func (v *verification) flush(ctx context.Context) error {
	if len(v.batch) == 0 {
		return nil
	}
	if err := v.verdicts.PutContentVerdicts(ctx, v.batch); err != nil {
		return fmt.Errorf("record verdicts: %w", err)
	}
	for _, vd := range v.batch {
		v.insert(v.root, vd.Digest, vd.entry())
	}
	v.batch, v.batchBytes = v.batch[:0], 0
	return nil
}
