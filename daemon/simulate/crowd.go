package simulate

import (
	"context"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"
)

// crowd plays count machines, atOnce of them at a time (4 where that is less than
// one), and calls each with what came of every one, one at a time.
func crowd[T any](ctx context.Context, count, atOnce int, play func(context.Context, int) T, each func(T)) error {
	work, through := make(chan int), make(chan T)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		for i := range count {
			select {
			case work <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if atOnce < 1 {
		atOnce = 4
	}
	for range min(atOnce, count) {
		g.Go(func() error {
			for i := range work {
				done := play(ctx, i)
				select {
				case through <- done:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}
	done := make(chan error, 1)
	go func() { done <- g.Wait(); close(through) }()
	for t := range through {
		each(t)
	}
	return <-done
}

// nameOf is the name of the n-th of count machines: PREFIX-00001.
func nameOf(prefix string, n, count int) string {
	return fmt.Sprintf("%s-%0*d", prefix, int(math.Log10(float64(count)))+1, n)
}
