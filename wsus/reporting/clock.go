package reporting

import "time"

// maxSkew is how far a client's clock may be off before its times are put
// right. Update servers bear as much of each other (MS-WSUSSS, rollup).
const maxSkew = time.Minute

// clock turns times of a client's clock into times of the server's. Clocks of
// machines that no network keeps right are off by hours or years, and are set
// while events wait to be sent: without it a state from next year could not be
// followed by any other until then.
type clock struct {
	received time.Time
	offset   time.Duration
	moved    bool // some time was put right
}

// newClock compares what the client's clock said when it sent, if it said
// anything, with the time of arrival.
func newClock(sent, received time.Time) *clock {
	c := &clock{received: received}
	if sent.IsZero() {
		return c
	}
	if d := received.Sub(sent); d > maxSkew || d < -maxSkew {
		c.offset, c.moved = d, true
	}
	return c
}

// at returns when that was which the client's clock called t. Nothing happened
// after it arrived: what says so is from before the clock was set back.
func (c *clock) at(t time.Time) time.Time {
	t = t.Add(c.offset)
	if t.Sub(c.received) > maxSkew {
		c.moved = true
		return c.received
	}
	return t
}
