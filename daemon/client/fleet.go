package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"sluice/daemon/api/wire"
)

// Groups returns all groups, each after the one that it lies in.
func (c *Client) Groups(ctx context.Context) ([]wire.Group, error) {
	g, err := get[wire.Groups](ctx, c, "/groups", nil)
	return g.Groups, err
}

// CreateGroup makes a group inside another, by its name or id; inside All
// Computers where parent is empty.
func (c *Client) CreateGroup(ctx context.Context, name, parent string) (wire.Group, error) {
	return doFor[wire.Group](ctx, c, http.MethodPost, "/groups", wire.CreateGroup{Name: name, Parent: parent})
}

// ChangeGroup renames or moves a group.
func (c *Client) ChangeGroup(ctx context.Context, group string, change wire.ChangeGroup) error {
	return c.do(ctx, http.MethodPatch, path("groups", group), change)
}

// DeleteGroup deletes a group.
func (c *Client) DeleteGroup(ctx context.Context, group string) error {
	return c.do(ctx, http.MethodDelete, path("groups", group), nil)
}

// ComputerQuery chooses computers. Zero fields choose all.
type ComputerQuery struct {
	Search string // part of the name, or a client id
	Group  string // that they were put into, by its name or id
}

// Computers walks the computers that a query chooses, a page at a time.
func (c *Client) Computers(ctx context.Context, q ComputerQuery) iter.Seq2[wire.Computer, error] {
	v := url.Values{}
	text(v, "search", q.Search)
	text(v, "group", q.Group)
	return pages(ctx, c, "/computers", v, func(p *wire.ComputerPage) ([]wire.Computer, string) { return p.Computers, p.Next })
}

func computerPath(computer int64, more ...string) string {
	return path(append([]string{"computers", strconv.FormatInt(computer, 10)}, more...)...)
}

// Computer returns one computer, by its number.
func (c *Client) Computer(ctx context.Context, computer int64) (wire.ComputerDetail, error) {
	return get[wire.ComputerDetail](ctx, c, computerPath(computer), nil)
}

// AssignComputers puts computers into exactly the named groups.
func (c *Client) AssignComputers(ctx context.Context, computers []int64, groups []string) error {
	return c.do(ctx, http.MethodPost, "/computers/assign", wire.AssignComputers{Computers: computers, Groups: groups})
}

// Hold holds back an update on a computer, or all of them.
func (c *Client) Hold(ctx context.Context, computer int64, h wire.SetHold) error {
	return c.do(ctx, http.MethodPut, computerPath(computer, "holds"), h)
}

// Release ends a hold: that of an update, or with an empty id that of all of
// them.
func (c *Client) Release(ctx context.Context, computer int64, id string) error {
	if id == "" {
		return c.do(ctx, http.MethodDelete, computerPath(computer, "holds"), nil)
	}
	return c.do(ctx, http.MethodDelete, computerPath(computer, "holds", id), nil)
}

// DeleteComputer forgets a computer.
func (c *Client) DeleteComputer(ctx context.Context, computer int64) error {
	return c.do(ctx, http.MethodDelete, computerPath(computer), nil)
}
