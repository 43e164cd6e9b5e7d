package doctor

import (
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"

	humanize "github.com/dustin/go-humanize"

	"sluice/daemon/client"
	"sluice/wsus/update"
)

// maxPayload is the largest payload file that is read whole.
const maxPayload = 64 << 20

// payload downloads one payload file in two ranges and verifies it.
func (e *exam) payload(ctx context.Context) (string, error) {
	if err := e.logged(); err != nil {
		return "", err
	}
	f, err := e.someFile(ctx)
	if err != nil {
		return "", err
	}
	digest, half, total := sha1.New(), f.Size/2, int64(0)
	for _, r := range [][2]int64{{0, half - 1}, {half, f.Size - 1}} {
		if r[1] < r[0] {
			continue
		}
		n, err := e.getRange(ctx, f.URL, r[0], r[1], f.Size, digest)
		if err != nil {
			return "", err
		}
		total += n
	}
	if got := update.Digest(digest.Sum(nil)); got != f.Digest {
		return "", fmt.Errorf("%s: its SHA-1 is %s", f.URL, got)
	}
	return fmt.Sprintf("%s: %s in two ranges, digest verified", f.URL, humanize.IBytes(uint64(total))), nil
}

// someFile finds a small payload file that the appliance must be able to serve.
func (e *exam) someFile(ctx context.Context) (update.File, error) {
	if e.Control == nil {
		return e.neededFile()
	}
	var best update.File
	for u, err := range e.Control.Updates(ctx, client.UpdateQuery{Current: true}) {
		if err != nil {
			return best, err
		}
		if u.Files == u.FilesMissing || best.Size > 0 && u.Bytes >= best.Size {
			continue
		}
		files, err := e.Control.Files(ctx, u.UpdateID)
		if err != nil {
			return best, err
		}
		for _, f := range files {
			if f.Held && f.Size > 0 && f.Size <= maxPayload && (best.Size == 0 || f.Size < best.Size) {
				d, err := update.ParseDigest(f.Digest)
				if err != nil {
					return best, err
				}
				best = update.File{Name: f.Name, Digest: d, Size: f.Size}
			}
		}
	}
	if best.Size == 0 {
		return best, skip("no update that can be approved has a file of at most %s here", humanize.IBytes(maxPayload))
	}
	urls, err := e.agent.GetFileLocations(ctx, []update.Digest{best.Digest})
	if err != nil {
		return best, err
	}
	if best.URL = urls[best.Digest]; best.URL == "" {
		return best, fmt.Errorf("%s (%s) is here, and computers are not told where", best.Name, best.Digest)
	}
	return best, nil
}

// neededFile returns a file of an update that the simulated computer is told to
// install: those of others need not be here.
func (e *exam) neededFile() (update.File, error) {
	for i := range e.scan.Needed {
		u := &e.scan.Needed[i]
		for _, f := range u.Files {
			if u.Action == update.Install && f.URL != "" && f.Size > 0 && f.Size <= maxPayload {
				return f, nil
			}
		}
	}
	return update.File{}, skip("a computer of this kind is not told to install anything with a file of at most %s", humanize.IBytes(maxPayload))
}

func (e *exam) getRange(ctx context.Context, url string, from, to, size int64, w io.Writer) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to))
	resp, err := e.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	want := fmt.Sprintf("bytes %d-%d/%d", from, to, size)
	switch got := resp.Header.Get("Content-Range"); {
	case resp.StatusCode != http.StatusPartialContent:
		return 0, fmt.Errorf("%s: status %s for a range, not 206", url, resp.Status)
	case got != want:
		return 0, fmt.Errorf("%s: range %q, not %q", url, got, want)
	}
	return io.Copy(w, io.LimitReader(resp.Body, to-from+1))
}
