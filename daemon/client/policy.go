package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"sluice/daemon/api/wire"
)

// PolicySettings returns every setting and preset that there is.
func (c *Client) PolicySettings(ctx context.Context) (wire.PolicySettings, error) {
	return get[wire.PolicySettings](ctx, c, "/policies/settings", nil)
}

// Policies returns what the groups want; with a group, by name or id, only that.
func (c *Client) Policies(ctx context.Context, group string) ([]wire.GroupPolicy, error) {
	v := url.Values{}
	text(v, "group", group)
	list, err := get[wire.GroupPolicies](ctx, c, "/policies", v)
	return list.Groups, err
}

// SetPolicies sets values on a group, all of them or none.
func (c *Client) SetPolicies(ctx context.Context, group string, values map[string]string) (wire.PoliciesSet, error) {
	return doFor[wire.PoliciesSet](ctx, c, http.MethodPost, path("policies", group), wire.SetPolicies{Values: values})
}

// UnsetPolicy takes the value of a setting from a group. With without the
// setting is also left out of the group's preset.
func (c *Client) UnsetPolicy(ctx context.Context, group, name string, without bool) error {
	target := path("policies", group, name)
	if without {
		target += "?without=true"
	}
	return c.do(ctx, http.MethodDelete, target, nil)
}

// SetPreset gives a group a preset, none where it is empty.
func (c *Client) SetPreset(ctx context.Context, group, preset string) error {
	return c.do(ctx, http.MethodPut, path("policies", group, "preset"), wire.SetPreset{Preset: preset})
}

// ExportPolicies returns what a group's devices are to have as files for
// machines that do not enrol: reg, gpo-backup, lgpo, dsc or ansible.
func (c *Client) ExportPolicies(ctx context.Context, group, as string) (wire.PolicyExport, error) {
	return get[wire.PolicyExport](ctx, c, path("policies", group, "export"), url.Values{"as": {as}})
}

// Eulas walks license terms that updates name.
func (c *Client) Eulas(ctx context.Context) iter.Seq2[wire.Eula, error] {
	return pages(ctx, c, "/eulas", url.Values{}, func(p *wire.EulaPage) ([]wire.Eula, string) { return p.Eulas, p.Next })
}

// Eula returns the words of license terms, by their id or that of an update that
// names them, in a language where it is held in that.
func (c *Client) Eula(ctx context.Context, id, language string) (wire.EulaText, error) {
	v := url.Values{}
	text(v, "language", language)
	return get[wire.EulaText](ctx, c, path("eulas", id), v)
}

// AcceptEulaID accepts license terms by their id, for every device.
func (c *Client) AcceptEulaID(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodPost, path("eulas", id, "accept"), nil)
}

// EnrollInstructions returns every way of enrolling a device.
func (c *Client) EnrollInstructions(ctx context.Context) (wire.EnrollInstructions, error) {
	return get[wire.EnrollInstructions](ctx, c, "/enroll/instructions", nil)
}

// EnrollAccounts returns the accounts of people who enrol devices.
func (c *Client) EnrollAccounts(ctx context.Context) ([]wire.EnrollAccount, error) {
	list, err := get[wire.EnrollAccounts](ctx, c, "/enroll/accounts", nil)
	return list.Accounts, err
}

// CreateEnrollAccount makes an account.
func (c *Client) CreateEnrollAccount(ctx context.Context, name string, a wire.PutEnrollAccount) (wire.EnrollAccount, error) {
	return doFor[wire.EnrollAccount](ctx, c, http.MethodPost, path("enroll", "accounts", name), a)
}

// ChangeEnrollAccount changes an account.
func (c *Client) ChangeEnrollAccount(ctx context.Context, name string, a wire.PutEnrollAccount) (wire.EnrollAccount, error) {
	return doFor[wire.EnrollAccount](ctx, c, http.MethodPatch, path("enroll", "accounts", name), a)
}

// DeleteEnrollAccount deletes an account. Devices that it enrolled stay.
func (c *Client) DeleteEnrollAccount(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, path("enroll", "accounts", name), nil)
}

// EnrollTokens returns the enrollment tokens, without their secrets.
func (c *Client) EnrollTokens(ctx context.Context) ([]wire.EnrollToken, error) {
	list, err := get[wire.EnrollTokens](ctx, c, "/enroll/tokens", nil)
	return list.Tokens, err
}

// CreateEnrollToken makes a token and returns its secret, which nobody can read
// again.
func (c *Client) CreateEnrollToken(ctx context.Context, t wire.CreateEnrollToken) (wire.NewEnrollToken, error) {
	return doFor[wire.NewEnrollToken](ctx, c, http.MethodPost, "/enroll/tokens", t)
}

// RevokeEnrollToken ends a token before its time.
func (c *Client) RevokeEnrollToken(ctx context.Context, id int64) error {
	return c.do(ctx, http.MethodDelete, path("enroll", "tokens", strconv.FormatInt(id, 10)), nil)
}
