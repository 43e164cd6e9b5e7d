package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/wsus/update"
)

// members finds the revisions that bundles name.
type members map[update.Identity]*Held

// members returns an index of what is held; it is good until Held changes.
func (s *State) members() members {
	m := make(members, len(s.Held))
	for i := range s.Held {
		m[s.Held[i].Core.Identity] = &s.Held[i]
	}
	return m
}

// parts returns what would be installed for h, ascending: h itself or, of every
// group of a bundle that has no installed member, the first that is needed.
func (m members) parts(h *Held) []update.RevisionID {
	seen := make(map[update.RevisionID]bool)
	m.addParts(h, seen)
	ids := make([]update.RevisionID, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (m members) addParts(h *Held, seen map[update.RevisionID]bool) {
	if seen[h.ID] {
		return
	}
	seen[h.ID] = true
	for _, group := range h.Core.Bundles {
		if slices.ContainsFunc(group, func(id update.Identity) bool {
			p := m[id]
			return p != nil && p.Verdict == IsInstalled
		}) {
			continue
		}
		for _, id := range group {
			if p := m[id]; p != nil && p.Verdict == Needed {
				m.addParts(p, seen)
				break
			}
		}
	}
}

// extend asks for the extended information of what is needed, with all parts. In
// a scan limited to categories the native agent asks for the categories, too.
func (s *scan) extend(ctx context.Context) error {
	a := s.a
	s.evaluate()
	m := a.state.members()
	want := make(map[update.RevisionID]bool)
	for i := range a.state.Held {
		h := &a.state.Held[i]
		if len(s.filter) > 0 && h.Core.Type == update.Category && h.Extended == nil {
			want[h.ID] = true
		}
		removal := h.Verdict == IsInstalled && h.Deployment.Action == update.Uninstall
		if !h.reported() || h.Verdict != Needed && !removal {
			continue
		}
		for _, id := range m.parts(h) {
			if a.state.held(id).Extended == nil {
				want[id] = true
			}
		}
	}
	ids := make([]update.RevisionID, 0, len(want))
	for id := range want {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for len(ids) > 0 {
		n := min(len(ids), a.state.Config.MaxExtended)
		if err := s.askExtended(ctx, ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	s.evaluate()
	return nil
}

// fragments are the pieces that came for one revision.
type fragments struct{ extended, localized string }

func (s *scan) askExtended(ctx context.Context, ids []update.RevisionID) error {
	const op = "GetExtendedUpdateInfo"
	a := s.a
	m := &a.cfg.Machine
	n, err := a.ask(ctx, clientService, op, func() []byte {
		return getExtendedUpdateInfo(a.state.Cookie, ids, m.Locales, a.device, m.GeoID, a.caller)
	})
	if err != nil {
		return err
	}
	r := n.child(op + "Result")
	if r == nil {
		return fail(op, hrParse, "no %sResult", op)
	}
	if err := r.inOrder("Updates", "FileLocations", "OutOfScopeRevisionIDs"); err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	found, err := readFragments(r, ids)
	if err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	locations, err := readLocations(r)
	if err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	gone, err := r.revisions("OutOfScopeRevisionIDs")
	if err != nil {
		return failWith(op, hrParse, err, "answer")
	}
	for _, id := range gone {
		if a.state.drop(id) {
			s.result.OutOfScope++
		}
	}
	for _, id := range ids {
		h, f := a.state.held(id), found[id]
		if h == nil {
			continue
		}
		if f.extended == "" {
			return fail(op, hrParse, "revision %d was asked for; its extended fragment did not come", id)
		}
		if h.Extended, err = a.cfg.Library.extend(f.extended, f.localized, locations); err != nil {
			return failWith(op, hrParse, err, "revision %d", id)
		}
		if h.Extended.Title == "" {
			s.remark("revision %d has no title in %s", id, strings.Join(m.Locales, ", "))
		}
		for _, file := range h.Extended.Files {
			if file.URL == "" {
				s.remark("revision %d: the server gives no location for %q; a native agent hides the update", id, file.Name)
			}
		}
	}
	return nil
}

// readFragments sorts the answer's fragments by revision: an extended and a
// localized one may come for each that was asked for.
func readFragments(r *node, asked []update.RevisionID) (map[update.RevisionID]fragments, error) {
	if err := r.child("Updates").listOf("Update"); err != nil {
		return nil, err
	}
	found := make(map[update.RevisionID]fragments, len(asked))
	for _, u := range r.items("Updates") {
		if err := u.inOrder("ID", "Xml"); err != nil {
			return nil, err
		}
		v, err := u.number("ID")
		if err != nil {
			return nil, err
		}
		id := update.RevisionID(v)
		if !slices.Contains(asked, id) {
			return nil, fmt.Errorf("revision %d was not asked for", id)
		}
		f, text := found[id], u.str("Xml")
		kind := &f.extended
		if strings.HasPrefix(text, "<LocalizedProperties") {
			kind = &f.localized
		}
		if *kind != "" {
			return nil, fmt.Errorf("revision %d has two fragments of one kind", id)
		}
		*kind = text
		found[id] = f
	}
	return found, nil
}

// readLocations reads FileLocations of any answer that has them.
func readLocations(r *node) (map[update.Digest]string, error) {
	if err := r.child("FileLocations").listOf("FileLocation"); err != nil {
		return nil, err
	}
	list := r.items("FileLocations")
	urls := make(map[update.Digest]string, len(list))
	for _, l := range list {
		if err := l.inOrder("FileDigest", "Url", "PiecesHashUrl", "BlockMapUrl", "DecryptionInformation",
			"FileDigestAlgorithm", "EncryptedFileDigest", "EncryptedFileDigestAlgorithm"); err != nil {
			return nil, err
		}
		d, err := update.ParseDigest(l.str("FileDigest"))
		if err != nil {
			return nil, err
		}
		if urls[d] != "" {
			return nil, fmt.Errorf("two locations for file %s", d)
		}
		if l.str("Url") == "" {
			return nil, errors.New("a FileLocation without Url")
		}
		urls[d] = l.str("Url")
	}
	return urls, nil
}

// relocate asks for the locations of all files that are not downloaded yet.
func (a *Agent) relocate(ctx context.Context) error {
	var digests []update.Digest
	seen := make(map[update.Digest]bool)
	for i := range a.state.Held {
		if h := &a.state.Held[i]; h.Extended != nil && !h.Downloaded {
			for _, f := range h.Extended.Files {
				if !seen[f.Digest] {
					seen[f.Digest] = true
					digests = append(digests, f.Digest)
				}
			}
		}
	}
	if len(digests) == 0 {
		return nil
	}
	urls, err := a.fileLocations(ctx, digests)
	if err != nil {
		return err
	}
	for i := range a.state.Held {
		h := &a.state.Held[i]
		if h.Extended == nil {
			continue
		}
		moved := *h.Extended
		moved.Files = slices.Clone(moved.Files)
		for j := range moved.Files {
			if u := urls[moved.Files[j].Digest]; u != "" {
				moved.Files[j].URL = u
			}
		}
		h.Extended = &moved
	}
	return nil
}
