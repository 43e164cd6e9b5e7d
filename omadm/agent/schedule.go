package agent

import (
	"strconv"
	"time"
)

// pollSet is one of the three sets of a polling schedule.
type pollSet struct {
	interval time.Duration
	count    int // 0: for ever
}

var pollNames = [3][2]string{
	{"Poll/IntervalForFirstSetOfRetries", "Poll/NumberOfFirstRetries"},
	{"Poll/IntervalForSecondSetOfRetries", "Poll/NumberOfSecondRetries"},
	{"Poll/IntervalForRemainingScheduledRetries", "Poll/NumberOfRemainingScheduledRetries"},
}

// maintenance is how often a device without a schedule calls.
const maintenance = 24 * time.Hour

// pollSets returns the sets that are on, in order: those with an interval.
func pollSets(nodes map[string]string) []pollSet {
	var sets []pollSet
	counts := 0
	for _, n := range pollNames {
		minutes, _ := strconv.Atoi(nodes[n[0]]) // 0 for none
		count, _ := strconv.Atoi(nodes[n[1]])
		counts += count
		if minutes > 0 && nodes[n[1]] != "" {
			sets = append(sets, pollSet{time.Duration(minutes) * time.Minute, count})
		}
	}
	if counts == 0 && len(sets) == len(pollNames) {
		return nil // all three counts zero: polling is off
	}
	return sets
}

// checkPoll refuses schedules that contradict themselves: more than one set for
// ever.
func checkPoll(nodes map[string]string, r *remarks) error {
	endless := 0
	for i, s := range pollSets(nodes) {
		if s.interval > 0xFFFF*time.Minute || s.count < 0 {
			return refuse("set %d of the polling schedule is out of range", i+1)
		}
		if s.count == 0 {
			endless++
		}
	}
	if endless > 1 {
		return refuse("more than one set of the polling schedule is for ever")
	}
	if v, ok := nodes[pollNames[0][1]]; ok && v == "0" {
		r.add("NumberOfFirstRetries is 0, which the specification forbids and Windows bears")
	}
	return nil
}

// Due returns when the device polls next by its schedule: at once after an
// enrollment, then by the sets in turn. It is the zero time for a device that is
// not enrolled.
func (a *Agent) Due() time.Time {
	acc := a.state.Account
	switch {
	case acc == nil:
		return time.Time{}
	case a.state.Polls == 0:
		return acc.Enrolled
	}
	done := a.state.Polls
	for _, s := range pollSets(acc.DMClient) {
		if s.count == 0 || done <= s.count {
			return a.state.LastPoll.Add(s.interval)
		}
		done -= s.count
	}
	return a.state.LastPoll.Add(maintenance)
}

// RenewalDue reports whether the device's certificate is in its renewal period
// and no attempt failed less than the retry interval ago (MS-MDE2 2.2.9.2).
func (a *Agent) RenewalDue() bool {
	acc := a.state.Account
	if acc == nil {
		return false
	}
	leaf, err := acc.Leaf()
	if err != nil {
		return false
	}
	const day = 24 * time.Hour
	now := a.cfg.Now()
	if now.Before(leaf.NotAfter.Add(-time.Duration(acc.Renewal.Period) * day)) {
		return false
	}
	if now.After(leaf.NotAfter) && acc.Renewal.AfterExpiry == "" {
		return false
	}
	return acc.Renewal.Status != renewFailed || now.Sub(acc.Renewal.LastAttempt) >= time.Duration(acc.Renewal.RetryInterval)*day
}
