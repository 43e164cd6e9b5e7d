package cabinet_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
)

// FuzzOpen reads everything that a cabinet offers under small limits. The
// seeds have no checksums, so that changes reach the decoders.
func FuzzOpen(f *testing.F) {
	for _, m := range methods {
		cab := fixture(f, m.method)
		f.Add(cab)
		f.Add(withoutChecksums(cab))
	}
	f.Add(readFile(f, filepath.Join("testdata", "lzx.cab")))
	lim := cabinet.Limits{TotalBytes: 1 << 20, MemberBytes: 1 << 19, Ratio: 100, Members: 20, NameLen: 50}
	f.Fuzz(func(t *testing.T, cab []byte) {
		r, err := openWith(cab, lim)
		if err != nil {
			wantFormatError(t, err)
			return
		}
		members := r.Members()
		if len(members) > lim.Members {
			t.Errorf("%d members", len(members))
		}
		var total int64
		err = r.Walk(context.Background(), func(m cabinet.Member, rd io.Reader) error {
			n, err := io.Copy(io.Discard, rd)
			if total += n; err == nil && n != m.Size || n > m.Size {
				t.Errorf("member %q yields %d bytes, its size is %d", m.Name, n, m.Size)
			}
			return err
		})
		if err != nil {
			wantFormatError(t, err)
		}
		if total > lim.TotalBytes {
			t.Errorf("%d bytes in all", total)
		}
		for _, m := range members {
			if _, err := cabinet.SafeName(m.Name); err != nil {
				wantErr(t, err, cabinet.ErrUnsafeName)
			}
			if _, ok := r.Lookup(m.Name); !ok {
				t.Errorf("member %q cannot be looked up", m.Name)
			}
		}
	})
}

func wantFormatError(t *testing.T, err error) {
	t.Helper()
	if !errors.As(err, new(*cabinet.FormatError)) {
		t.Errorf("error %v is no FormatError", err)
	}
}

// fixture is a small cabinet of two folders.
func fixture(tb testing.TB, m cabwrite.Method) []byte {
	tb.Helper()
	c := cabwrite.Cabinet{Method: m, Reserve: make([]byte, 20), DataReserve: 2, FolderBytes: 2000}
	return write(tb, c, file("a/b.txt", noise(400)), file("b", noise(1500)), file("ü", make([]byte, 1999)))
}
