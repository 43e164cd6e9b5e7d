package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sluice/wsus/update"
)

// State is what a client remembers between scans (MS-WUSP 3.2.1). It is saved
// as JSON, with the fragments in full; in memory it shares them through the
// agent's [Library].
type State struct {
	ClientID     string
	Config       *ServerConfig `json:",omitempty"`
	Cookie       Cookie
	Registration string `json:",omitempty"` // computerInfo as last registered
	Held         []Held // cached revisions, ascending by ID

	Installed map[update.ID]Installation `json:",omitempty"` // by the agent, not what it came with
	Events    []update.Event             `json:",omitempty"` // not yet reported

	judged bool // every verdict stands: nothing that it depends on has changed
}

// ServerConfig is what a client keeps of GetConfig.
type ServerConfig struct {
	LastChange           string // sent back unchanged
	RegistrationRequired bool
	PlugIn               string // AuthPlugInInfo/PlugInID
	AuthURL              string // its ServiceUrl, relative to the server or absolute
	AllowedEvents        []int  // empty: all
	MaxExtended          int    // revisions in one GetExtendedUpdateInfo
	ProtocolVersion      string // the server's
}

// Held is one cached revision.
type Held struct {
	ID         update.RevisionID
	Leaf       bool
	Downloaded bool
	Verdict    Verdict
	own        Verdict // what its own rules say, of this scan
	Deployment *update.Deployment
	Core       *Core
	Extended   *Extended // nil until asked for
}

// Verdict is whether an update applies (MS-WUSP 3.2.1 ApplicabilityState).
type Verdict uint8

// The verdicts.
const (
	NotEvaluated Verdict = iota
	NotApplicable
	Needed // applicable and not installed
	IsInstalled
)

// Installation is what the agent installed.
type Installation struct {
	Number  int32 // revision
	At      time.Time
	Pending bool // takes effect with the next restart
	Removed bool // uninstalled: whatever its rules say, it is not there
}

// held returns the cached revision of that id.
func (s *State) held(id update.RevisionID) *Held {
	if i, ok := s.find(id); ok {
		return &s.Held[i]
	}
	return nil
}

func (s *State) find(id update.RevisionID) (int, bool) {
	return slices.BinarySearchFunc(s.Held, id, func(h Held, id update.RevisionID) int { return int(h.ID) - int(id) })
}

// insert adds a revision at its place and reports whether it was not there.
func (s *State) insert(h Held) bool {
	i, ok := s.find(h.ID)
	if !ok {
		s.judged = false
		s.Held = slices.Insert(s.Held, i, h)
	}
	return !ok
}

// drop removes a cached revision and reports whether there was one.
func (s *State) drop(id update.RevisionID) bool {
	i, ok := s.find(id)
	if ok {
		s.judged = false
		s.Held = slices.Delete(s.Held, i, i+1)
	}
	return ok
}

// Clone returns a copy that shares only what is immutable.
func (s *State) Clone() *State {
	c := *s
	c.Held = slices.Clone(s.Held)
	c.Events = slices.Clone(s.Events)
	c.Installed = make(map[update.ID]Installation, len(s.Installed))
	for id, in := range s.Installed {
		c.Installed[id] = in
	}
	return &c
}

// MarshalJSON implements [json.Marshaler] with the fragment's text.
func (c *Core) MarshalJSON() ([]byte, error) { return json.Marshal(c.XML) }

// UnmarshalJSON implements [json.Unmarshaler]; it parses the fragment.
func (c *Core) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	p, err := ParseCore(text)
	if err != nil {
		return err
	}
	*c = *p
	return nil
}

// check refuses a state that no agent wrote.
func (s *State) check() error {
	for i := range s.Held {
		h := &s.Held[i]
		if h.Core == nil || h.Deployment == nil || i > 0 && h.ID <= s.Held[i-1].ID {
			return fmt.Errorf("state: revision %d is incomplete or out of order", h.ID)
		}
	}
	return nil
}

// share replaces what a loaded state holds by the library's copies.
func (s *State) share(l *Library) error {
	for i := range s.Held {
		h := &s.Held[i]
		c, err := l.core(h.Core.XML)
		if err != nil {
			return fmt.Errorf("state: revision %d: %w", h.ID, err)
		}
		h.Core, h.Deployment = c, l.deployment(*h.Deployment)
	}
	return nil
}
