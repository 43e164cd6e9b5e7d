package client

import (
	"context"
	"net/http"

	"sluice/daemon/api/wire"
)

// CA returns who issues certificates.
func (c *Client) CA(ctx context.Context) (wire.CA, error) {
	return get[wire.CA](ctx, c, "/ca", nil)
}

// RolloverCA has a new root issue certificates from now on.
func (c *Client) RolloverCA(ctx context.Context) (wire.CA, error) {
	return doFor[wire.CA](ctx, c, http.MethodPost, "/ca/rollover", nil)
}
