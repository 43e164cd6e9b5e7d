package store

import (
	"context"
	"sync"
)

// gate lets one writer in at a time: those in the foreground in their order,
// those in the background only while no other waits. Left to the pool of
// connections, a background writer that comes back at once could be served
// before a request that has waited longer.
type gate struct {
	mu         sync.Mutex
	taken      bool
	foreground []chan struct{}
	background []chan struct{}
}

// enter waits for its turn; it fails only when the context ends first.
func (g *gate) enter(ctx context.Context, background bool) error {
	g.mu.Lock()
	if !g.taken {
		g.taken = true
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	queue := &g.foreground
	if background {
		queue = &g.background
	}
	*queue = append(*queue, turn)
	g.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	for i, c := range *queue {
		if c == turn {
			*queue = append((*queue)[:i], (*queue)[i+1:]...)
			g.mu.Unlock()
			return ctx.Err()
		}
	}
	g.mu.Unlock()
	g.leave() // the turn came just now: hand it on
	return ctx.Err()
}

// leave hands the turn to the next.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, queue := range []*[]chan struct{}{&g.foreground, &g.background} {
		if len(*queue) > 0 {
			close((*queue)[0])
			*queue = (*queue)[1:]
			return
		}
	}
	g.taken = false
}
