package agent

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"

	"sluice/wsus/update"
)

// Library holds what many agents would otherwise each keep a copy of: parsed
// core fragments, deployments and extended information, by content, and what the
// rules say on a shared [Table]. The zero
// Library is ready; it is safe for concurrent use and only grows.
type Library struct {
	mu          sync.Mutex
	cores       map[[32]byte]*Core
	deployments map[string]*update.Deployment
	extended    map[[32]byte]*Extended

	opinions sync.Map // of rules on a *Table, which does not change: opinionKey -> opinion
	judged   atomic.Int64
}

// maxOpinions bounds what is remembered, for the case that every machine brings
// a table of its own.
const maxOpinions = 1 << 20

type opinionKey struct {
	table *Table
	core  *Core
}

// opinion returns what c's own rules say by facts. Machines that share a Table
// share the work: equal images ask equal questions.
func (l *Library) opinion(facts Facts, c *Core) opinion {
	t, ok := facts.(*Table)
	if !ok {
		return opine(facts, c)
	}
	key := opinionKey{t, c}
	if o, ok := l.opinions.Load(key); ok {
		return o.(opinion)
	}
	o := opine(facts, c)
	if l.judged.Add(1) <= maxOpinions {
		l.opinions.Store(key, o)
	}
	return o
}

// core returns the parsed form of a core fragment.
func (l *Library) core(text string) (*Core, error) {
	key := sha256.Sum256([]byte(text))
	l.mu.Lock()
	c := l.cores[key]
	l.mu.Unlock()
	if c != nil {
		return c, nil
	}
	c, err := ParseCore(text)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if have := l.cores[key]; have != nil {
		return have, nil
	}
	if l.cores == nil {
		l.cores = make(map[[32]byte]*Core)
	}
	l.cores[key] = c
	return c, nil
}

// deployment returns the shared copy of d.
func (l *Library) deployment(d update.Deployment) *update.Deployment {
	key := fmt.Sprint(d.ID, d.Action, d.Deadline.UnixNano(), d.Changed.UnixNano(), d.HardwareID)
	l.mu.Lock()
	defer l.mu.Unlock()
	if have := l.deployments[key]; have != nil {
		return have
	}
	if l.deployments == nil {
		l.deployments = make(map[string]*update.Deployment)
	}
	l.deployments[key] = &d
	return &d
}

// extend returns the parsed form of an extended fragment with its localized one
// and the locations of its files.
func (l *Library) extend(extended, localized string, locations map[update.Digest]string) (*Extended, error) {
	e, err := parseExtended(extended, localized)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %s", len(extended), extended, localized)
	for i := range e.Files {
		f := &e.Files[i]
		f.URL = locations[f.Digest]
		fmt.Fprintf(h, " %s", f.URL)
	}
	key := [32]byte(h.Sum(nil))
	l.mu.Lock()
	defer l.mu.Unlock()
	if have := l.extended[key]; have != nil {
		return have, nil
	}
	if l.extended == nil {
		l.extended = make(map[[32]byte]*Extended)
	}
	l.extended[key] = e
	return e, nil
}
