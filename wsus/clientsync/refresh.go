package clientsync

import (
	"context"
	"fmt"

	"sluice/wsus/catalog"
	"sluice/wsus/soap"
	"sluice/wsus/update"
)

// refreshCache answers RefreshCache (MS-WUSP 3.1.5.8): a client that comes from
// another server learns what its updates are called here. What is not offered is
// left out, and so are bundle members, as a real server does: the client fetches
// those again.
func (s *Server) refreshCache(_ context.Context, r *soap.Request) (any, error) {
	var (
		rd      = &reader{Scanner: r.Scanner(), space: clientSpace}
		sealed  []byte
		ids     []update.Identity
		present bool
	)
	err := reject(rd.children(func(name []byte) (err error) {
		switch string(name) {
		case "cookie":
			sealed, err = rd.cookie()
		case "globalIDs":
			present = true
			ids, err = rd.identities("globalIDs", s.limits.Held)
		}
		return err
	}))
	if err != nil {
		return nil, err
	}
	u, err := s.login(sealed)
	if err != nil {
		return nil, err
	}
	if !present {
		return nil, soap.InvalidParameter("globalIDs", nil)
	}
	a := s.newAnswer("RefreshCache")
	for _, id := range ids {
		e, ok := u.snapshot.Find(u.plan, id)
		if ok && e.Deployment.Action != update.Bundle {
			a.Append(func(b []byte) []byte { return u.appendRefreshed(b, id, &e) })
		}
	}
	a.end("RefreshCache")
	return a, nil
}

func (u *caller) appendRefreshed(b []byte, id update.Identity, e *catalog.Entry) []byte {
	b = appendInt(append(b, "<RefreshCacheResult>"...), "RevisionID", int64(e.Revision))
	b = appendText(append(b, "<GlobalID>"...), "UpdateID", id.ID.String())
	b = append(appendInt(b, "RevisionNumber", int64(id.Number)), "</GlobalID>"...)
	b = appendDeployment(appendLeaf(b, e.Leaf), &e.Deployment, u.cookie.Protocol)
	return append(b, "</RefreshCacheResult>"...)
}

// identities reads a list of UpdateIdentity.
func (r *reader) identities(name string, limit int) (ids []update.Identity, err error) {
	err = r.each("UpdateIdentity", func() error {
		if len(ids) == limit {
			return soap.InvalidParameter(name, fmt.Errorf("%w: more than %d", errList, limit))
		}
		var id update.Identity
		err := r.children(func(child []byte) (err error) {
			switch string(child) {
			case "UpdateID":
				id.ID, err = r.id(name)
			case "RevisionNumber":
				id.Number, err = r.int32(name)
			}
			return err
		})
		ids = append(ids, id)
		return err
	})
	return ids, err
}
