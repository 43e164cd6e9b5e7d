package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sluice/daemon/api/wire"
	"sluice/daemon/credential"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/wsus/update"
)

// Bounds of enrollment credentials.
const (
	minPassword  = 10  // characters
	maxPassword  = 256 // bytes
	maxTokenUses = 100_000
	tokenLife    = 7 * 24 * time.Hour // where none is asked for
	maxTokenLife = 366 * 24 * time.Hour
)

func (s *server) enrollAccounts(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	rows, err := s.Store.EnrollAccounts(r.Context())
	if err != nil {
		return nil, err
	}
	out := wire.EnrollAccounts{Accounts: []wire.EnrollAccount{}}
	for i := range rows {
		out.Accounts = append(out.Accounts, accountOf(&rows[i]))
	}
	return out, nil
}

func accountOf(a *store.EnrollAccount) wire.EnrollAccount {
	return wire.EnrollAccount{
		Name: a.Name, Display: a.Display, MaxDevices: a.MaxDevices, Devices: a.Devices, Expires: when(a.Expires),
		Disabled: a.Disabled, Created: when(a.Created), By: a.By,
	}
}

// accountChange checks what is asked of an account, and hashes its password.
func (s *server) accountChange(a *act) (c store.AccountChange, err error) {
	var req wire.PutEnrollAccount
	if err := decode(a.Request, &req); err != nil {
		return c, err
	}
	switch {
	case req.MaxDevices != nil && *req.MaxDevices < 0:
		return c, badRequest("max_devices is a whole number, 0 for no limit")
	case req.Display != nil && len(*req.Display) > maxName:
		return c, badRequest("the name of a person has at most %d bytes", maxName)
	case req.Expires != nil && !req.Expires.After(s.Now()):
		return c, badRequest("it would have expired already")
	}
	c = store.AccountChange{Display: req.Display, MaxDevices: req.MaxDevices, Expires: req.Expires, Disabled: req.Disabled}
	if req.Password == nil {
		return c, nil
	}
	if err := checkPassword(*req.Password); err != nil {
		return c, err
	}
	hash, err := s.HashPassword(a.Context(), *req.Password)
	c.Hash = &hash
	return c, err
}

func checkPassword(p string) error {
	switch {
	case !utf8.ValidString(p) || len(p) > maxPassword:
		return badRequest("a password has at most %d bytes", maxPassword)
	case utf8.RuneCountInString(p) < minPassword:
		return badRequest("a password has at least %d characters", minPassword)
	case strings.ContainsFunc(p, unicode.IsControl):
		return badRequest("a password holds no control characters")
	}
	return nil
}

func (s *server) createEnrollAccount(a *act) (any, error) {
	name := a.PathValue("account")
	a.by.Subject = name
	c, err := s.accountChange(a)
	if err != nil {
		return nil, err
	}
	if c.Hash == nil {
		return nil, badRequest("an account needs a password")
	}
	made, err := s.Store.CreateEnrollAccount(a.Context(), a.by, name, c)
	if errors.Is(err, store.ErrExists) {
		return nil, conflict("the name %s is taken", name)
	}
	if err != nil {
		return nil, err
	}
	return accountOf(&made), nil
}

func (s *server) changeEnrollAccount(a *act) (any, error) {
	a.by.Subject = a.PathValue("account")
	c, err := s.accountChange(a)
	if err != nil {
		return nil, err
	}
	changed, err := s.Store.ChangeEnrollAccount(a.Context(), a.by, a.PathValue("account"), c)
	if err != nil {
		return nil, err
	}
	return accountOf(&changed), nil
}

func (s *server) deleteEnrollAccount(a *act) (any, error) {
	a.by.Subject = a.PathValue("account")
	return nil, s.Store.DeleteEnrollAccount(a.Context(), a.by, a.PathValue("account"))
}

func (s *server) enrollTokens(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	t, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.EnrollTokens(r.Context())
	if err != nil {
		return nil, err
	}
	out := wire.EnrollTokens{Tokens: []wire.EnrollToken{}}
	for i := range rows {
		out.Tokens = append(out.Tokens, tokenOf(t, &rows[i]))
	}
	return out, nil
}

func tokenOf(t *fleet.Tree, e *store.EnrollToken) wire.EnrollToken {
	w := wire.EnrollToken{
		ID: e.ID, Label: e.Label, Uses: e.Uses, Left: e.Left, Groups: []string{}, Expires: when(e.Expires),
		Revoked: !e.Revoked.IsZero(), Created: when(e.Created), By: e.By,
	}
	for _, id := range e.Groups {
		if g, ok := t.Group(id); ok {
			w.Groups = append(w.Groups, g.Name)
		}
	}
	return w
}

func (s *server) createEnrollToken(a *act) (any, error) {
	var req wire.CreateEnrollToken
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	now := s.Now()
	if req.Uses == 0 {
		req.Uses = 1
	}
	label := strings.TrimSpace(req.Label)
	if label == "" {
		label = "made " + now.UTC().Format("2006-01-02 15:04:05Z")
	}
	a.by.Subject = label
	expires := now.Add(tokenLife)
	if req.Expires != nil {
		expires = *req.Expires
	}
	switch {
	case req.Uses < 0 || req.Uses > maxTokenUses:
		return nil, badRequest("a token enrols 1 to %d devices", maxTokenUses)
	case len(label) > maxName || strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsPrint(r) }):
		return nil, badRequest("a label has at most %d bytes and no control characters", maxName)
	case !expires.After(now):
		return nil, badRequest("it would have expired already")
	case expires.Sub(now) > maxTokenLife:
		return nil, badRequest("a token lasts at most a year: it is a secret that lies about")
	}
	t, err := s.tree(a.Context())
	if err != nil {
		return nil, err
	}
	groups, err := assignable(t, req.Groups)
	if err != nil {
		return nil, err
	}
	text, hash := credential.NewToken()
	made, err := s.Store.CreateEnrollToken(a.Context(), a.by, store.EnrollToken{Label: label, Uses: req.Uses, Expires: expires, Groups: groups}, hash)
	if errors.Is(err, store.ErrExists) {
		return nil, conflict("a token is called %q already", label)
	}
	if err != nil {
		return nil, err
	}
	return wire.NewEnrollToken{EnrollToken: tokenOf(t, &made), Secret: text}, nil
}

// assignable returns the groups of those names that machines can be put into.
func assignable(t *fleet.Tree, names []string) ([]update.ID, error) {
	var groups []update.ID
	for _, name := range names {
		g, err := t.Find(name)
		if err != nil {
			return nil, err
		}
		if g.Builtin {
			return nil, conflict("computers are not put into %s: all are in All Computers, and those in no other group are unassigned", g.Name)
		}
		groups = append(groups, g.ID)
	}
	return groups, nil
}

func (s *server) revokeEnrollToken(a *act) (any, error) {
	a.by.Subject = "token " + a.PathValue("token")
	id, err := strconv.ParseInt(a.PathValue("token"), 10, 64)
	if err != nil {
		return nil, badRequest("a token is named by its number, not %q", a.PathValue("token"))
	}
	return nil, s.Store.RevokeEnrollToken(a.Context(), a.by, id)
}

func (s *server) enrollInstructions(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	return s.Management.Instructions()
}
