package catalogimport_test

import (
	"context"
	"crypto/sha1"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/catalogimport"
	"sluice/wsus/update"
)

// Adopt looks for each file as a content folder has it, and keeps its bytes.
func (c *contents) Adopt(ctx context.Context, dir string, files iter.Seq2[update.File, error], tell func(catalogimport.Adopted)) error {
	for f, err := range files {
		if err != nil {
			return err
		}
		if c.full != nil {
			return c.full
		}
		a := catalogimport.Adopted{Name: f.Digest.String(), Done: true}
		found, _ := filepath.Glob(filepath.Join(dir, "*", f.Digest.String()+"*"))
		if len(found) == 0 {
			a.Err = os.ErrNotExist
		} else if b, err := os.ReadFile(found[0]); err != nil || sha1.Sum(b) != f.Digest {
			a.Err = errors.Join(err, badPayload{})
		} else {
			a.Bytes, c.files[f.Digest] = int64(len(b)), b
		}
		tell(a)
	}
	return ctx.Err()
}

func (a *appliance) adopt(ctx context.Context, src catalogimport.Source) (*catalogimport.Report, error) {
	g := &catalogimport.Ingester{Library: a.library, Content: a.contents, Now: clock()}
	return g.Ingest(ctx, src, catalogimport.Options{AcceptUnsigned: true, Adopt: true})
}

// exportWithContent writes an export beside a content folder with a good file, a
// wrong one, one that nothing names and one that has no digest for a name.
func exportWithContent(t *testing.T) (path string, good, wrong update.File) {
	t.Helper()
	_, revs := demo(t)
	var files []update.File
	for _, r := range revs {
		files = append(files, r.Files...)
	}
	good, wrong = files[0], files[1]
	dir := t.TempDir()
	for name, data := range map[string]string{
		good.Digest.String():    payloadOf(t, good),
		wrong.Digest.String():   "something else",
		strings.Repeat("A", 40): "declined",
		"notes":                 "not named by a digest",
	} {
		writeFile(t, dir, "WsusContent/"+name[len(name)-2:]+"/"+name+".cab", []byte(data))
	}
	return writeFile(t, dir, "export.cab", exportCab(t)), good, wrong
}

func open(t *testing.T, path string) catalogimport.Source {
	t.Helper()
	src, err := catalogimport.Open(context.Background(), path, "", catalogimport.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	path, good, wrong := exportWithContent(t)
	a := newAppliance()
	rep, err := a.adopt(context.Background(), open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Files != 1 || rep.Bytes != good.Size || rep.FilesUnneeded != 1 || !a.Have(good.Digest) || a.Have(wrong.Digest) {
		t.Errorf("%+v", rep)
	}
	var refused strings.Builder
	for _, r := range rep.Refused {
		refused.WriteString(r.Item + ": " + r.Reason + "\n")
	}
	for _, want := range []string{wrong.Digest.String() + ": content does not match", "notes.cab: its name is not a SHA-1"} {
		if !strings.Contains(refused.String(), want) {
			t.Errorf("refused %s, want %q", refused.String(), want)
		}
	}
	if len(rep.Refused) != 2 {
		t.Errorf("refused %v", rep.Refused)
	}
}

// TestAdoptFails tells what the medium is at fault for from what it is not.
func TestAdoptFails(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{
			medium(t, "e.cab", exportCab(t)),
			medium(t, "p.msu", newMSU(t).msu(t)),
		} {
			a := newAppliance()
			_, err := a.adopt(context.Background(), open(t, path))
			wantRefused(t, err, path, "no WsusContent folder")
			if len(a.applied) > 0 {
				t.Errorf("%d revisions are applied", len(a.applied))
			}
		}
	})
	t.Run("the content store", func(t *testing.T) {
		t.Parallel()
		path, _, _ := exportWithContent(t)
		a := newAppliance()
		a.full = full
		_, err := a.adopt(context.Background(), open(t, path))
		if !errors.Is(err, full) || errors.As(err, new(*catalogimport.RefusedError)) || a.state != "staging" {
			t.Errorf("error %v, the import is %s", err, a.state)
		}
	})
	t.Run("the library", func(t *testing.T) {
		t.Parallel()
		path, _, _ := exportWithContent(t)
		a := newAppliance()
		a.namesErr = full
		_, err := a.adopt(context.Background(), open(t, path))
		if !errors.Is(err, full) || errors.As(err, new(*catalogimport.RefusedError)) || a.state != "staging" {
			t.Errorf("error %v, the import is %s", err, a.state)
		}
	})
	t.Run("a stop", func(t *testing.T) {
		t.Parallel()
		path, _, _ := exportWithContent(t)
		a := newAppliance()
		ctx, cancel := context.WithCancel(context.Background())
		a.stageHook = func(int) error { cancel(); return nil }
		_, err := a.adopt(ctx, open(t, path))
		if !errors.Is(err, context.Canceled) || a.state != "staging" {
			t.Errorf("error %v, the import is %s", err, a.state)
		}
	})
}
