package clientsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/wsus/catalog"
	"sluice/wsus/soap"
	"sluice/wsus/update"
	"sluice/wsus/wsdl/clientws"
)

// infoTypes is the set of XmlUpdateFragmentType that a client asks for.
type infoTypes struct {
	core, extended, localized, eula, files bool
}

// parseInfoTypes reads the list that must be there. Published, VerificationRule
// and FileDecryption are asked for in vain: there is nothing of those here.
func parseInfoTypes(list *clientws.ArrayOfXmlUpdateFragmentType) (infoTypes, error) {
	var t infoTypes
	if list == nil || len(list.XmlUpdateFragmentType) == 0 {
		return t, soap.InvalidParameter("infoTypes", nil)
	}
	for _, name := range list.XmlUpdateFragmentType {
		switch name {
		case "Core":
			t.core = true
		case "Extended":
			t.extended, t.files = true, true
		case "LocalizedProperties":
			t.localized = true
		case "Eula":
			t.eula = true
		case "FileUrl":
			t.files = true
		case "Published", "VerificationRule", "FileDecryption":
		default:
			return t, soap.InvalidParameter("infoTypes", fmt.Errorf("%w: unknown type", errList))
		}
	}
	return t, nil
}

// locales returns the languages that a client reads, best first.
func (s *Server) locales(list *clientws.ArrayOfString, t infoTypes) ([]string, error) {
	var langs []string
	if list != nil {
		langs = list.String
	}
	if len(langs) > s.limits.Locales || len(langs) == 0 && (t.localized || t.eula) {
		return nil, soap.InvalidParameter("locales", fmt.Errorf("%w: %d locales", errList, len(langs)))
	}
	return langs, nil
}

// getExtendedUpdateInfo answers GetExtendedUpdateInfo (MS-WUSP 3.1.5.9).
func (s *Server) getExtendedUpdateInfo(ctx context.Context, r *soap.Request) (any, error) {
	var q clientws.GetExtendedUpdateInfo
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	u, err := s.login(sealed(q.Cookie))
	if err != nil {
		return nil, err
	}
	if q.RevisionIDs == nil || len(q.RevisionIDs.Int) > s.limits.Revisions {
		return nil, soap.InvalidParameter("revisionIDs", nil)
	}
	info := infoWriter{s: s, host: r.HTTP.Host}
	if info.types, err = parseInfoTypes(q.InfoTypes); err != nil {
		return nil, err
	}
	if info.langs, err = s.locales(q.Locales, info.types); err != nil {
		return nil, err
	}
	var outOfScope []update.RevisionID
	asked := slices.Sorted(slices.Values(q.RevisionIDs.Int))
	for _, id := range slices.Compact(asked) {
		if e, ok := u.snapshot.Offered(u.plan, update.RevisionID(id)); ok {
			info.entries = append(info.entries, e)
		} else {
			outOfScope = append(outOfScope, update.RevisionID(id))
		}
	}
	return info.answer(ctx, "GetExtendedUpdateInfo", outOfScope)
}

// getExtendedUpdateInfo2 answers GetExtendedUpdateInfo2 (MS-WUSP 2.2.2.2.10),
// which names revisions by identity. There are no encrypted files here.
func (s *Server) getExtendedUpdateInfo2(ctx context.Context, r *soap.Request) (any, error) {
	var q clientws.GetExtendedUpdateInfo2
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	u, err := s.login(sealed(q.Cookie))
	if err != nil {
		return nil, err
	}
	if q.UpdateIDs == nil || len(q.UpdateIDs.UpdateIdentity) > s.limits.Revisions {
		return nil, soap.InvalidParameter("updateIDs", nil)
	}
	info := infoWriter{s: s, host: r.HTTP.Host}
	if info.types, err = parseInfoTypes(q.InfoTypes); err != nil {
		return nil, err
	}
	if info.langs, err = s.locales(q.Locales, info.types); err != nil {
		return nil, err
	}
	for _, identity := range q.UpdateIDs.UpdateIdentity {
		if identity == nil {
			continue
		}
		id, err := update.ParseID(string(identity.UpdateID))
		if err != nil {
			return nil, soap.InvalidParameter("updateIDs", err)
		}
		e, ok := u.snapshot.Find(u.plan, update.Identity{ID: id, Number: identity.RevisionNumber})
		if ok && !slices.ContainsFunc(info.entries, func(o catalog.Entry) bool { return o.Revision == e.Revision }) {
			info.entries = append(info.entries, e)
		}
	}
	slices.SortFunc(info.entries, func(a, b catalog.Entry) int { return int(a.Revision) - int(b.Revision) })
	return info.answer(ctx, "GetExtendedUpdateInfo2", nil)
}

// infoWriter writes the fragments and locations of revisions.
type infoWriter struct {
	s       *Server
	host    string // by which the client reached the server
	types   infoTypes
	langs   []string
	entries []catalog.Entry

	details []*Details
}

// answer writes an ExtendedUpdateInfo in the order that real servers were seen
// to use: one type of fragment after the other, each for all revisions.
func (w *infoWriter) answer(ctx context.Context, operation string, outOfScope []update.RevisionID) (any, error) {
	for i := range w.entries {
		id := w.entries[i].Revision
		d, err := w.s.bodies.Details(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("details of revision %d: %w", id, err)
		}
		w.details = append(w.details, d)
	}
	a := w.s.newAnswer(operation)
	if err := w.updates(ctx, a); err != nil {
		a.Close()
		return nil, err
	}
	if w.types.files {
		var files []update.File
		for _, d := range w.details {
			files = append(files, d.Files...)
		}
		a.fileLocations(w.s, w.host, files)
	}
	a.revisions("OutOfScopeRevisionIDs", outOfScope)
	a.end(operation)
	return a, nil
}

func (w *infoWriter) updates(ctx context.Context, a *answer) error {
	if len(w.entries) == 0 {
		return nil
	}
	a.tag("<Updates>")
	if w.types.core {
		cores, err := w.s.cores.load(ctx, nil, w.entries)
		if err != nil {
			return err
		}
		for i := range w.entries {
			e := &w.entries[i]
			a.Append(func(b []byte) []byte {
				return append(appendInt(append(b, "<Update>"...), "ID", int64(e.Revision)), "<Xml>"...)
			})
			a.core(w.s, e, cores[i])
			a.tag("</Xml></Update>")
		}
	}
	if w.types.extended {
		w.each(a, func(d *Details) [][]byte { return [][]byte{d.Extended} })
	}
	if w.types.localized {
		// English is always given as well (MS-WUSP 2.2.2.2.6 locales).
		langs := append(slices.Clip(w.langs), "en")
		w.each(a, func(d *Details) [][]byte { return inLanguages(d.Localized, langs, d.DefaultLanguage) })
	}
	if w.types.eula {
		w.each(a, func(d *Details) [][]byte { return inLanguages(d.Eula, w.langs, d.DefaultLanguage) })
	}
	a.tag("</Updates>")
	return nil
}

// each writes an Update for every fragment that pick takes of a revision.
func (w *infoWriter) each(a *answer, pick func(*Details) [][]byte) {
	for i, d := range w.details {
		for _, fragment := range pick(d) {
			if len(fragment) == 0 {
				continue
			}
			a.Append(func(b []byte) []byte {
				b = appendInt(append(b, "<Update>"...), "ID", int64(w.entries[i].Revision))
				b = soap.AppendEscaped(append(b, "<Xml>"...), fragment)
				return append(b, "</Xml></Update>"...)
			})
		}
	}
}

// inLanguages returns the fragments in the wanted languages, in their order. If
// there is none it is the one in the revision's own language, or in English, or
// in whatever language there is.
func inLanguages(fragments []update.LocalizedFragment, want []string, own string) (out [][]byte) {
	take := func(lang string) {
		for _, f := range fragments {
			if strings.EqualFold(f.Language, lang) {
				out = append(out, f.XML)
			}
		}
	}
	for i, lang := range want {
		if !slices.ContainsFunc(want[:i], func(l string) bool { return strings.EqualFold(l, lang) }) {
			take(lang)
		}
	}
	for _, lang := range []string{own, "en"} {
		if len(out) == 0 {
			take(lang)
		}
	}
	if len(out) == 0 && len(fragments) > 0 {
		out = append(out, fragments[0].XML)
	}
	return out
}

// errDigest is about what is no SHA-1.
var errDigest = errors.New("not 20 bytes")

// getFileLocations answers GetFileLocations (MS-WUSP 3.1.5.10).
func (s *Server) getFileLocations(ctx context.Context, r *soap.Request) (any, error) {
	var q clientws.GetFileLocations
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	c, _, err := s.open(sealed(q.Cookie))
	if err != nil {
		return nil, err
	}
	if q.FileDigests == nil || len(q.FileDigests.Base64Binary) > s.limits.Digests {
		return nil, soap.InvalidParameter("fileDigests", nil)
	}
	digests := make([]update.Digest, 0, len(q.FileDigests.Base64Binary))
	for _, b := range q.FileDigests.Base64Binary {
		if len(b) != len(update.Digest{}) {
			return nil, soap.InvalidParameter("fileDigests", errDigest)
		}
		digests = append(digests, update.Digest(b))
	}
	files, err := s.bodies.Files(ctx, digests)
	if err != nil {
		return nil, fmt.Errorf("file locations: %w", err)
	}
	a := s.newAnswer("GetFileLocations")
	a.fileLocations(s, r.HTTP.Host, files)
	renewed, err := s.seal(c)
	if err != nil {
		a.Close()
		return nil, err
	}
	a.cookie("NewCookie", c.Expires, renewed)
	a.end("GetFileLocations")
	return a, nil
}
