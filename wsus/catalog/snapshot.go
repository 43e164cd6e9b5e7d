package catalog

import (
	"hash/maphash"
	"time"

	"sluice/wsus/update"
)

// Snapshot is what scans are answered from: a graph, the rules and the scope
// that follows from them. It is immutable; a change makes a new one, which
// takes over nothing but the graph. Safe for concurrent use.
type Snapshot struct {
	// Seq is the store-wide number of the last commit that the snapshot shows.
	Seq int64

	graph  *Graph
	rules  *Rules
	ix     ruleIndex
	scope  *Scope
	plans  *cache[PlanKey, *Plan]
	needed *cache[neededKey, []int32]
	seeds  [2]maphash.Seed
}

// Bounds of the caches of a snapshot.
const (
	maxPlans = 1024 // about 30 KB each
	// maxNeeded bounds the answers kept, each the heads that one list of
	// installed ids satisfies under one plan: equal images ask equal questions.
	maxNeeded = 256
)

// NewSnapshot joins a graph and rules as of now. It computes the scope, which
// depends on now by the day only.
func NewSnapshot(g *Graph, rules *Rules, seq int64, now time.Time) *Snapshot {
	s := &Snapshot{
		Seq:    seq,
		graph:  g,
		rules:  rules,
		ix:     rules.index(g),
		plans:  newCache[PlanKey, *Plan](maxPlans),
		needed: newCache[neededKey, []int32](maxNeeded),
		seeds:  [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	s.scope = newScope(g, &s.ix, now)
	return s
}

// Graph returns the snapshot's graph.
func (s *Snapshot) Graph() *Graph { return s.graph }

// Plan returns the plan of a computer, made on first use.
func (s *Snapshot) Plan(key PlanKey, groups GroupSet, holds *HoldSet) *Plan {
	if p, ok := s.plans.get(key); ok {
		return p
	}
	p := newPlan(s.rules, &s.ix, groups, holds)
	s.plans.put(key, p)
	return p
}

// Decision is what a plan says about an update.
type Decision struct {
	Action   update.Action
	Deadline time.Time
	InScope  bool
}

// Decide returns what a plan says about one update: its entry, or how it came
// to be in scope. An update that is not offered has InScope false.
func (s *Snapshot) Decide(p *Plan, id update.ID) Decision {
	u := s.graph.update(id)
	if u < 0 || s.graph.head[u] < 0 || !s.scope.in.has(s.graph.head[u]) {
		return Decision{}
	}
	h := s.graph.head[u]
	d := Decision{Action: s.scope.baseAction(s.graph, h), InScope: true}
	if e := p.find(u); e != nil && s.graph.deployable(u) {
		told := p.deployment(e)
		d.Action, d.Deadline = told.Action, told.Deadline
	}
	return d
}

// InScope reports whether any client is offered the update for evaluation.
func (s *Snapshot) InScope(id update.ID) bool {
	u := s.graph.update(id)
	return u >= 0 && s.graph.head[u] >= 0 && s.scope.in.has(s.graph.head[u])
}

// Offered returns what a client is sent of a revision; false for one that is not
// offered to it: unknown, not the highest of its update, or out of scope.
func (s *Snapshot) Offered(p *Plan, id update.RevisionID) (Entry, bool) {
	r := s.graph.revision(id)
	if r < 0 || !s.scope.in.has(r) {
		return Entry{}, false
	}
	return s.entry(p, r), true
}

// Find is [Snapshot.Offered] for a revision by its identity.
func (s *Snapshot) Find(p *Plan, id update.Identity) (Entry, bool) {
	u := s.graph.update(id.ID)
	if u < 0 {
		return Entry{}, false
	}
	h := s.graph.head[u]
	if h < 0 || s.graph.number[h] != id.Number || !s.scope.in.has(h) {
		return Entry{}, false
	}
	return s.entry(p, h), true
}

// Entry is one update as it goes to a client.
type Entry struct {
	Revision   update.RevisionID
	Leaf       bool
	Deployment update.Deployment
	// Core, PlainLen and XpressLen are as in [Row].
	Core                CoreID
	PlainLen, XpressLen int64
}

// implicitDeployment is where the ids of deployments that no approval made
// start; those of approvals count up from 1.
const implicitDeployment = 1 << 30

// entry makes the wire form of head r under plan p.
func (s *Snapshot) entry(p *Plan, r int32) Entry {
	g := s.graph
	out := Entry{
		Revision:  g.id[r],
		Leaf:      g.leaf(r),
		Core:      g.core[r],
		PlainLen:  g.plain[r],
		XpressLen: g.xpress[r],
		Deployment: update.Deployment{
			ID:      implicitDeployment | int32(g.id[r])&(implicitDeployment-1),
			Action:  s.scope.baseAction(g, r),
			Changed: time.Unix(int64(g.since[r])*secondsPerDay, 0).UTC(),
		},
	}
	if e := p.find(g.upd[r]); e != nil && g.deployable(g.upd[r]) {
		out.Deployment = p.deployment(e)
		if s.scope.member.has(r) && out.Deployment.Action == update.PreDeploymentCheck {
			out.Deployment.Action = update.Bundle
		}
	}
	return out
}
