package session

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sluice/omadm/device"
)

// Remembering whose nonces were used is bounded: the old are forgotten, and where
// all are new, devices have to ask for other nonces.
func TestNoncesBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	n := newNonces(5 * time.Minute)
	for i := range maxSpent {
		n.spend(fmt.Sprint("D", i), now)
	}
	later := now.Add(8 * time.Minute)
	n.spend("D0", later)
	if len(n.spent) != 1 {
		t.Errorf("%d remembered, want 1", len(n.spent))
	}
	for i := range maxSpent {
		n.spend(fmt.Sprint("D", i), later)
	}
	before := n.next("D1", later)
	n.spend("another", later)
	if len(n.spent) != 1 || string(n.valid("D1", later)[0]) == string(before) {
		t.Errorf("%d remembered, want 1, and other nonces", len(n.spent))
	}
}

// Who gives up waiting for a turn leaves nothing behind.
func TestTakeGivenUp(t *testing.T) {
	q := seats{all: map[device.EnrollmentID]*seat{}}
	st, err := q.take(context.Background(), "D1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := q.take(ctx, "D1"); !errors.Is(err, context.Canceled) {
		t.Errorf("take: %v", err)
	}
	q.give(st, time.Now())
	if len(q.all) != 0 || q.order.Len() != 0 {
		t.Errorf("%d seats left", len(q.all))
	}
}
