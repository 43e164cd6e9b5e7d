package clientsync

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sluice/wsus/catalog"
	"sluice/wsus/soap"
	"sluice/wsus/update"
)

// coreKey names the core of a revision as a snapshot knows it. A document that
// takes the place of a revision's fragments may change its core, and then its
// lengths.
type coreKey struct {
	id            update.RevisionID
	plain, xpress int64
}

func keyOf(e *catalog.Entry) coreKey { return coreKey{e.Revision, e.PlainLen, e.XpressLen} }

// coreCache keeps small cores, escaped for the wire.
type coreCache struct {
	bodies Bodies
	kept   *byteCache[coreKey]
}

func newCoreCache(bodies Bodies, max int64) *coreCache {
	return &coreCache{bodies: bodies, kept: newByteCache[coreKey](max)}
}

// load appends to dst the escaped cores of entries, and nil for large ones. What
// is not kept is asked for in one call.
func (c *coreCache) load(ctx context.Context, dst [][]byte, entries []catalog.Entry) ([][]byte, error) {
	var missing []update.RevisionID
	for i := range entries {
		e := &entries[i]
		if e.XpressLen > 0 {
			dst = append(dst, nil)
			continue
		}
		core, ok := c.kept.get(keyOf(e))
		if !ok {
			missing = append(missing, e.Revision)
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
		// Of another length it is newer than the snapshot that asks.
		if int64(len(out[i])) == e.PlainLen {
			c.kept.put(keyOf(e), out[i])
		}
	}
	return dst, nil
}

// chunkKey names a chunk of a large core.
type chunkKey struct {
	core coreKey
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
	data, err := c.bodies.CoreChunk(ctx, k.core.id, k.n)
	if err != nil {
		return nil, err
	}
	c.kept.put(k, data)
	return data, nil
}

// largeCore is the core of one revision as a soap.Body.
type largeCore struct {
	chunks *chunkCache
	key    coreKey
}

var _ soap.Body = (*largeCore)(nil)

// PlainLen implements soap.Body.
func (c *largeCore) PlainLen() int64 { return c.key.plain }

// XpressLen implements soap.Body.
func (c *largeCore) XpressLen() int64 { return c.key.xpress }

// WriteXpress implements soap.Body. It never writes more than it promised.
func (c *largeCore) WriteXpress(ctx context.Context, w io.Writer) error {
	left := c.key.xpress
	for n := 0; left > 0; n++ {
		data, err := c.chunks.chunk(ctx, chunkKey{c.key, n})
		if errors.Is(err, io.EOF) || err == nil && (len(data) == 0 || int64(len(data)) > left) {
			err = fmt.Errorf("%w: it changed meanwhile", errCoreLength)
		}
		if err != nil {
			return fmt.Errorf("core of revision %d, chunk %d: %w", c.key.id, n, err)
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
