package enroll

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"sluice/omadm/device"
)

// Poll says when devices ask for work (DMClient/Provider/Poll). There is no push
// on an isolated network, so that this alone decides how soon a device hears of
// a change. A device has its first session right after it enrolled; the rounds
// begin then, one after another. Intervals are whole minutes.
type Poll struct {
	First, Second Round // Second may be zero: left out
	Remaining     time.Duration
	OnLogin       bool // also whenever a person signs in
}

// Round is a number of polls at an interval.
type Round struct {
	Every time.Duration
	Times int
}

const (
	// maxPoll is the longest interval: one that stays away for longer cannot be
	// told from a lost device.
	maxPoll = 7 * 24 * time.Hour
	// minRemaining bounds the load that a fleet makes for ever.
	minRemaining = 15 * time.Minute
	maxTimes     = 1000
)

// DefaultPoll is for the hours after the enrolment, in which an administrator
// watches, five times three minutes and eight times a quarter of an hour; then an
// hour and a half. MS-MDE2 asks for a day at least, which it can where there is
// push.
func DefaultPoll() Poll {
	return Poll{
		First:     Round{Every: 3 * time.Minute, Times: 5},
		Second:    Round{Every: 15 * time.Minute, Times: 8},
		Remaining: 90 * time.Minute,
		OnLogin:   true,
	}
}

// Validate checks against what a device takes: no round but the last one goes on
// for ever, and the first one is there (MS-MDE2 2.2.9.3).
func (p Poll) Validate() error {
	errs := []error{p.First.validate("first polls", time.Minute)}
	if p.Second != (Round{}) {
		errs = append(errs, p.Second.validate("second polls", p.First.Every))
	}
	return errors.Join(append(errs, validInterval("polls", p.Remaining, minRemaining))...)
}

func (r Round) validate(what string, least time.Duration) error {
	err := validInterval(what, r.Every, least)
	if r.Times < 1 || r.Times > maxTimes {
		err = errors.Join(err, fmt.Errorf("%s %d times: 1 to %d", what, r.Times, maxTimes))
	}
	return err
}

func validInterval(what string, d, least time.Duration) error {
	if d < least || d > maxPoll || d%time.Minute != 0 {
		return fmt.Errorf("%s every %v: whole minutes from %v to %v", what, d, least, maxPoll)
	}
	return nil
}

// For returns the schedule of one device. Devices add no chance to theirs, and a
// room that was enrolled at once would ask at once for ever: each has intervals
// of its own, at most a fifth longer or shorter, always the same ones.
func (p Poll) For(id device.EnrollmentID) Poll {
	h := fnv.New64a()
	h.Write([]byte(id))
	n := h.Sum64()
	p.First.Every = spread(p.First.Every, n)
	p.Second.Every = spread(p.Second.Every, n)
	p.Remaining = spread(p.Remaining, n)
	return p
}

// spread moves a whole number of minutes by at most a fifth.
func spread(d time.Duration, n uint64) time.Duration {
	minutes := int64(d / time.Minute)
	width := minutes / 5
	return time.Duration(minutes-width+int64(n%uint64(2*width+1))) * time.Minute
}

// Nodes returns the schedule as the nodes of DMClient/Provider/Poll by name, in
// the form that they have on a device.
func (p Poll) Nodes() map[string]string {
	minutes := func(d time.Duration) string { return strconv.FormatInt(int64(d/time.Minute), 10) }
	return map[string]string{
		"NumberOfFirstRetries":                 strconv.Itoa(p.First.Times),
		"IntervalForFirstSetOfRetries":         minutes(p.First.Every),
		"NumberOfSecondRetries":                strconv.Itoa(p.Second.Times),
		"IntervalForSecondSetOfRetries":        minutes(p.Second.Every),
		"NumberOfRemainingScheduledRetries":    "0", // for ever
		"IntervalForRemainingScheduledRetries": minutes(p.Remaining),
		"PollOnLogin":                          strconv.FormatBool(p.OnLogin),
	}
}
