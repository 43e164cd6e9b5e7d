package clientsync

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sluice/wsus/catalog"
	"sluice/wsus/soap"
)

// coreCache keeps small cores, escaped for the wire.
type coreCache struct {
	bodies Bodies
	kept   *byteCache[catalog.CoreID]
}

func newCoreCache(bodies Bodies, max int64) *coreCache {
	return &coreCache{bodies: bodies, kept: newByteCache[catalog.CoreID](max)}
}

// load appends to dst the escaped cores of entries, and nil for large ones. What
// is not kept is asked for in one call.
func (c *coreCache) load(ctx context.Context, dst [][]byte, entries []catalog.Entry) ([][]byte, error) {
	var missing []catalog.CoreID
	for i := range entries {
		e := &entries[i]
		if e.XpressLen > 0 {
			dst = append(dst, nil)
			continue
		}
		core, ok := c.kept.get(e.Core)
		if !ok {
			missing = append(missing, e.Core)
		}
		dst = append(dst, core)
	}
	if len(missing) == 0 {
		return dst, nil
	}
	cores, err := c.bodies.Cores(ctx, missing)
	if err != nil {
		return dst, fmt.Errorf("core fragments: %w", err)
	}
	if len(cores) != len(missing) {
		return dst, fmt.Errorf("core fragments: asked for %d, got %d", len(missing), len(cores))
	}
	out := dst[len(dst)-len(entries):]
	for i := range entries {
		e := &entries[i]
		if e.XpressLen > 0 || out[i] != nil {
			continue
		}
		out[i] = soap.AppendEscaped(make([]byte, 0, e.PlainLen), cores[0])
		cores = cores[1:]
		if int64(len(out[i])) != e.PlainLen {
			return dst, fmt.Errorf("core of revision %d: %w", e.Revision, errCoreLength)
		}
		c.kept.put(e.Core, out[i])
	}
	return dst, nil
}

// chunkKey names a chunk of a large core.
type chunkKey struct {
	core catalog.CoreID
	n    int
}

// chunkCache keeps chunks of large cores, and loads one at a time: they are
// what weighs.
type chunkCache struct {
	bodies  Bodies
	kept    *byteCache[chunkKey]
	loading chan struct{} // of capacity 1
}

func newChunkCache(bodies Bodies, max int64) *chunkCache {
	return &chunkCache{bodies: bodies, kept: newByteCache[chunkKey](max), loading: make(chan struct{}, 1)}
}

func (c *chunkCache) chunk(ctx context.Context, k chunkKey) ([]byte, error) {
	if data, ok := c.kept.get(k); ok {
		return data, nil
	}
	select {
	case c.loading <- struct{}{}:
		defer func() { <-c.loading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if data, ok := c.kept.get(k); ok { // loaded by whom we waited for
		return data, nil
	}
	data, err := c.bodies.CoreChunk(ctx, k.core, k.n)
	if err != nil {
		return nil, err
	}
	c.kept.put(k, data)
	return data, nil
}

// largeCore is the core of one revision as a soap.Body.
type largeCore struct {
	chunks *chunkCache
	entry  catalog.Entry
}

var _ soap.Body = (*largeCore)(nil)

// PlainLen implements soap.Body.
func (c *largeCore) PlainLen() int64 { return c.entry.PlainLen }

// XpressLen implements soap.Body.
func (c *largeCore) XpressLen() int64 { return c.entry.XpressLen }

// WriteXpress implements soap.Body. It never writes more than it promised.
func (c *largeCore) WriteXpress(ctx context.Context, w io.Writer) error {
	left := c.entry.XpressLen
	for n := 0; left > 0; n++ {
		data, err := c.chunks.chunk(ctx, chunkKey{c.entry.Core, n})
		if errors.Is(err, io.EOF) || err == nil && (len(data) == 0 || int64(len(data)) > left) {
			err = errCoreLength
		}
		if err != nil {
			return fmt.Errorf("core of revision %d, chunk %d: %w", c.entry.Revision, n, err)
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		left -= int64(len(data))
	}
	return nil
}

// WritePlain implements soap.Body, decoding block by block.
func (c *largeCore) WritePlain(ctx context.Context, w io.Writer) error {
	return soap.WriteDecoded(ctx, w, c.WriteXpress)
}

// errCoreLength says that a stored core is not as long as the catalog says.
var errCoreLength = errors.New("stored core has another length")
