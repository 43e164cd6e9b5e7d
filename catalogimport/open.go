package catalogimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
// looks for one beside it, and other media do not use it. A medium that no source
// reads is a [RefusedError] that wraps [ErrFormat]; one that is damaged, a
// RefusedError that says where. Any other error is the file system's.
func Open(ctx context.Context, path, content string, lim Limits) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var src Source
	switch {
	case info.IsDir():
		src, err = openFolder(ctx, path, lim)
	case info.Mode().IsRegular():
		src, err = openFile(ctx, path, content, lim)
	default:
		err = fmt.Errorf("%w: neither a file nor a folder", ErrFormat)
	}
	switch {
	case err == nil:
		return src, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return nil, &RefusedError{Source: path, Err: err}
}

func openFolder(ctx context.Context, path string, lim Limits) (Source, error) {
	if wsusutil.IsContent(path) {
		return wsusutil.OpenContent(path)
	}
	f, err := documents.Open(ctx, path, lim.Documents)
	if err != nil {
		return nil, err
	}
	if f.Documents() > 0 {
		return f, nil
	}
	f.Close()
	if beside := wsusutil.FindContent(path); beside != "" && wsusutil.IsContent(beside) {
		return wsusutil.OpenContent(beside)
	}
	return nil, fmt.Errorf("%w: the folder holds no update documents (*.xml) and is no WsusContent folder", ErrFormat)
}

func openFile(ctx context.Context, path, content string, lim Limits) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head, err := readHead(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	switch kind := sniff(head); {
	case len(head) == 0:
		err = fmt.Errorf("%w: the file is empty", ErrFormat)
	case kind == isCabinet:
		return openCabinet(ctx, f, content, lim)
	case kind == isGzip:
		return source(wsusutil.Open(ctx, f, content, lim.Export))
	case kind != "":
		err = fmt.Errorf("%w: %s", ErrFormat, kind)
	default:
		err = fmt.Errorf("%w: neither a cabinet (.cab, .msu) nor a gzip file (.xml.gz)", ErrFormat)
	}
	f.Close()
	return nil, err
}

// readHead returns the first bytes of a file, all of them where there are few.
func readHead(f *os.File) ([]byte, error) {
	head := make([]byte, headLen)
	n, err := f.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// source makes an interface of what a package returned, none of a nil pointer.
func source[S Source](s S, err error) (Source, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openCabinet tells the media apart that are cabinets, by their members, and
// takes over the file.
func openCabinet(ctx context.Context, f *os.File, content string, lim Limits) (Source, error) {
	c, err := directory(f, lim.Cabinet)
	if err != nil {
		f.Close()
		return nil, err
	}
	has := func(name string) bool {
		_, ok := c.Lookup(name)
		return ok
	}
	switch {
	case has("metadata.txt") && has("package.xml"):
		return source(wsusutil.Open(ctx, f, content, lim.Export))
	case msu.IsPackage(c):
		return source(msu.Open(ctx, f, lim.Package))
	}
	f.Close()
	switch {
	case has("index.xml") && has("package.cab"):
		return nil, fmt.Errorf("%w: an offline scan file (wsusscn2.cab), which holds no complete metadata", ErrFormat)
	case has("update.mum"):
		return nil, fmt.Errorf("%w: an update package without metadata (.cab); import the .msu that it came in, or an export that names it with the package in WsusContent", ErrFormat)
	}
	return nil, fmt.Errorf("%w: a cabinet of %d members, but neither an export (package.xml, metadata.txt) nor an .msu (WSUSSCAN.cab)", ErrFormat, len(c.Members()))
}

// directory reads which members a cabinet has.
func directory(f *os.File, lim cabinet.Limits) (*cabinet.Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c, err := cabinet.Open(f, info.Size(), lim)
	if errors.Is(err, cabinet.ErrMultipart) {
		return nil, fmt.Errorf("%w; get the medium in one piece, or join its parts where it came from", err)
	}
	return c, err
}
