package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"sluice/daemon/api/wire"
)

// DeviceQuery chooses enrolled devices. Zero fields choose all that are enrolled
// now.
type DeviceQuery struct {
	Search string // part of the name, or a device id
	Group  string // that they were put into, by its name or id
	All    bool   // also those that were unenrolled
}

// Devices walks the devices that a query chooses, a page at a time.
func (c *Client) Devices(ctx context.Context, q DeviceQuery) iter.Seq2[wire.Device, error] {
	v := url.Values{}
	text(v, "search", q.Search)
	text(v, "group", q.Group)
	flag(v, "all", q.All)
	return pages(ctx, c, "/devices", v, func(p *wire.DevicePage) ([]wire.Device, string) { return p.Devices, p.Next })
}

func devicePath(device int64, more ...string) string {
	return path(append([]string{"devices", strconv.FormatInt(device, 10)}, more...)...)
}

// Device returns one device, by its number.
func (c *Client) Device(ctx context.Context, device int64) (wire.DeviceDetail, error) {
	return get[wire.DeviceDetail](ctx, c, devicePath(device), nil)
}

// SyncDevice asks for a whole sync at the next poll.
func (c *Client) SyncDevice(ctx context.Context, device int64) (wire.SyncAsked, error) {
	return doFor[wire.SyncAsked](ctx, c, http.MethodPost, devicePath(device, "sync"), nil)
}

// UnenrollDevice has a device unenrol at its next poll; with force it is taken
// as unenrolled at once, and its certificate is revoked.
func (c *Client) UnenrollDevice(ctx context.Context, device int64, force bool) error {
	return c.do(ctx, http.MethodPost, devicePath(device, "unenroll"), wire.Unenroll{Force: force})
}

// RollbackDevice has a device take its last update of a kind away.
func (c *Client) RollbackDevice(ctx context.Context, device int64, what string) error {
	return c.do(ctx, http.MethodPost, devicePath(device, "rollback"), wire.Rollback{What: what})
}

// JoinDevice makes an enrolled device and a computer one machine.
func (c *Client) JoinDevice(ctx context.Context, device, computer int64) error {
	return c.do(ctx, http.MethodPost, devicePath(device, "join"), wire.JoinDevices{Computer: computer})
}

// SplitDevice makes the enrolled device and the computer of one machine two.
func (c *Client) SplitDevice(ctx context.Context, device int64) error {
	return c.do(ctx, http.MethodPost, devicePath(device, "split"), nil)
}

// Candidates returns pairs of a device and a computer that may be one machine.
func (c *Client) Candidates(ctx context.Context) ([]wire.Candidate, error) {
	list, err := get[wire.Candidates](ctx, c, "/devices/candidates", nil)
	return list.Candidates, err
}

// Needed walks the updates that devices report and the catalog lacks.
func (c *Client) Needed(ctx context.Context) iter.Seq2[wire.Needed, error] {
	return pages(ctx, c, "/needed", url.Values{}, func(p *wire.NeededPage) ([]wire.Needed, string) { return p.Needed, p.Next })
}
