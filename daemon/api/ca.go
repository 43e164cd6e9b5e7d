package api

import (
	"errors"
	"net/http"

	"sluice/daemon/api/wire"
)

// ErrSiteAuthority refuses to roll over an authority that the site made.
var ErrSiteAuthority = errors.New("the authority is the site's own")

func (s *server) ca(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	return s.CA(r.Context())
}

func (s *server) rolloverCA(a *act) (any, error) {
	err := s.RolloverCA(a.Context(), a.by)
	if errors.Is(err, ErrSiteAuthority) {
		return nil, &fault{http.StatusConflict, wire.Error{
			Code: wire.Conflict, Message: err.Error(),
			Hint: "put the new certificates and the new key into the files of ca.cert_file and ca.key_file and restart sluice; devices of the old one stay good",
		}}
	}
	if err != nil {
		return nil, err
	}
	return s.CA(a.Context())
}
