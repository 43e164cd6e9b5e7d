package reporting

import (
	"context"
	"time"

	"sluice/wsus/update"
)

// Report is what one batch of events says about a computer. All times but Sent
// are by the server's clock, to the minute.
type Report struct {
	Sent     time.Time // by the client's clock; zero where it does not say
	Received time.Time
	// Moved says that the client's clock is off, or was, so that times were put
	// right by that of arrival: they differ a little when the batch comes again.
	Moved bool
	// Events are in the order of their time, each instance once, without those of
	// number 156.
	Events []update.Event
	// Status is the newest full status in the batch, nil if there is none.
	Status *Status
	// States are single states that are newer than Status, each update once.
	States []StateChange
}

// Status is how every deployable update in scope stands on a computer. What is
// not in it is not applicable.
type Status struct {
	Time   time.Time
	States map[update.ID]update.State
}

// StateChange is one update's state, known before the next [Status].
type StateChange struct {
	Time        time.Time
	Update      update.Identity
	State       update.State
	Win32Result int32
}

// Sink keeps reports.
type Sink interface {
	// Report keeps a report of a device and returns once it is committed. A batch
	// may come again: an event whose InstanceID is known for the device is the
	// same event, and a Status older than the one that is known changes nothing.
	Report(ctx context.Context, device int64, r Report) error
}

// Computers knows who reports. Both methods answer from memory.
type Computers interface {
	// Known reports whether a device is (still) known.
	Known(device int64) bool
	// ByClientID returns the device of a SusClientID in lower case.
	ByClientID(id string) (device int64, ok bool)
}
