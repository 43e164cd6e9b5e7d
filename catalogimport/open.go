package catalogimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/documents"
	"sluice/catalogimport/msu"
	"sluice/catalogimport/wsusutil"
)

// Limits bound what is read of a medium, whatever it claims of itself.
type Limits struct {
	Cabinet   cabinet.Limits
	Documents documents.Limits
	Export    wsusutil.Limits
	Package   msu.Limits
}

// DefaultLimits are far above any real medium.
func DefaultLimits() Limits {
	return Limits{
		Cabinet:   cabinet.DefaultLimits(),
		Documents: documents.DefaultLimits(),
		Export:    wsusutil.DefaultLimits(),
		Package:   msu.DefaultLimits(),
	}
}

// Open finds out what a medium is, by its bytes and never by its name, and
// opens it. content is the WsusContent folder that came with an export; empty
// looks for one beside it. A medium that no source reads is a [RefusedError]
// that wraps [ErrFormat]; one that is damaged, a RefusedError that says where.
func Open(ctx context.Context, path, content string, lim Limits) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var src Source
	if info.IsDir() {
		src, err = openFolder(path, lim)
	} else {
		src, err = openFile(ctx, path, content, lim)
	}
	switch {
	case err == nil:
		return src, nil
	case ctx.Err() != nil, errors.Is(err, fs.ErrPermission):
		return nil, err
	}
	return nil, &RefusedError{Source: path, Err: err}
}

func openFolder(path string, lim Limits) (Source, error) {
	if wsusutil.IsContent(path) {
		return wsusutil.OpenContent(path), nil
	}
	f, err := documents.Open(path, lim.Documents)
	if err != nil {
		return nil, err
	}
	if f.Documents() == 0 {
		return nil, fmt.Errorf("%w: the folder holds no update documents (*.xml) and is no WsusContent folder", ErrFormat)
	}
	return f, nil
}

func openFile(ctx context.Context, path, content string, lim Limits) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	magic := make([]byte, 8)
	n, err := io.ReadFull(f, magic)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		if err == io.EOF {
			return nil, fmt.Errorf("%w: the file is empty", ErrFormat)
		}
		return nil, err
	}
	magic = magic[:n]
	switch {
	case strings.HasPrefix(string(magic), "MSCF"):
		return openCabinet(ctx, f, path, content, lim)
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		return wsusutil.Open(ctx, path, content, lim.Export)
	case string(magic) == "MSWIM\x00\x00\x00":
		return nil, fmt.Errorf("%w: a package of the WIM generation (Windows 11 24H2, Server 2025); its metadata must come from an upstream or an export", ErrFormat)
	}
	return nil, fmt.Errorf("%w: neither a cabinet (.cab, .msu) nor a gzip file (.xml.gz)", ErrFormat)
}

// openCabinet tells the media apart that are cabinets, by their members.
func openCabinet(ctx context.Context, f *os.File, path, content string, lim Limits) (Source, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c, err := cabinet.Open(f, info.Size(), lim.Cabinet)
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		_, ok := c.Lookup(name)
		return ok
	}
	switch {
	case has("metadata.txt") && has("package.xml"):
		return wsusutil.Open(ctx, path, content, lim.Export)
	case msu.IsPackage(c):
		return msu.Open(ctx, path, lim.Package)
	case has("index.xml") && has("package.cab"):
		return nil, fmt.Errorf("%w: an offline scan file (wsusscn2.cab)", ErrFormat)
	}
	return nil, fmt.Errorf("%w: a cabinet of %d members, but neither an export (package.xml, metadata.txt) nor an .msu (WSUSSCAN.cab)", ErrFormat, len(c.Members()))
}

// Find returns the media that a path stands for: itself, or, where it is a
// folder of media files, those.
func Find(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() || wsusutil.IsContent(path) {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var media []string
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		switch {
		case !e.Type().IsRegular():
		case strings.HasSuffix(name, ".xml"):
			return []string{path}, nil // documents, and their payloads beside them
		case strings.HasSuffix(name, ".msu"), strings.HasSuffix(name, ".cab"), strings.HasSuffix(name, ".xml.gz"):
			media = append(media, filepath.Join(path, e.Name()))
		}
	}
	if len(media) == 0 {
		return []string{path}, nil
	}
	slices.Sort(media)
	return media, nil
}
