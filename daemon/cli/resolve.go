package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/wsus/update"
)

// maxNamed bounds how many updates one KB number may stand for.
const maxNamed = 200

// resolver finds the updates that people name, by id or by KB number.
type resolver struct {
	client *client.Client
	all    bool                      // a KB number may stand for several
	wanted func(u *wire.Update) bool // which of those that a KB number names are meant
}

// offered chooses the updates that can be decided about now.
func offered(u *wire.Update) bool { return u.Deployable && u.Offered }

// find returns the updates that args name, each once.
func (r *resolver) find(ctx context.Context, args []string) ([]wire.Update, error) {
	var found []wire.Update
	seen := map[update.ID]bool{}
	for _, arg := range args {
		list, err := r.one(ctx, arg)
		if err != nil {
			return nil, err
		}
		for _, u := range list {
			if !seen[u.UpdateID] {
				seen[u.UpdateID] = true
				found = append(found, u)
			}
		}
	}
	return found, nil
}

func (r *resolver) one(ctx context.Context, arg string) ([]wire.Update, error) {
	if id, err := update.ParseID(arg); err == nil {
		u, err := r.client.Update(ctx, id)
		return []wire.Update{u.Update}, err
	}
	digits, ok := kbDigits(arg)
	if !ok {
		return nil, usageError(fmt.Errorf("%q is neither the id of an update nor a KB number", arg), `"sluice updates list --search WORDS" finds it`)
	}
	var list []wire.Update
	for u, err := range r.client.Updates(ctx, client.UpdateQuery{KB: digits}) {
		if err != nil {
			return nil, err
		}
		if r.wanted(&u) {
			list = append(list, u)
		}
		if len(list) > maxNamed {
			return nil, usageError(fmt.Errorf("KB%s names more than %d updates", digits, maxNamed), "name them by their ids")
		}
	}
	switch {
	case len(list) == 0:
		return nil, &ExitError{ExitFailed, fmt.Errorf("no such update has the number KB%s", digits), `"sluice updates list --all --search ` + digits + `" shows what there is`}
	case len(list) > 1 && !r.all:
		return nil, ambiguous(digits, list)
	}
	return list, nil
}

// ambiguous lists what a KB number may mean.
func ambiguous(digits string, list []wire.Update) error {
	errs := []error{fmt.Errorf("KB%s names %d updates", digits, len(list))}
	for _, u := range list {
		errs = append(errs, fmt.Errorf("  %s  %s", u.UpdateID, u.Title))
	}
	return usageError(errors.Join(errs...), "name one by its id, or all of them with --all")
}

// kbDigits reads KB5000001, or the digits alone.
func kbDigits(s string) (string, bool) {
	if len(s) > 2 && strings.EqualFold(s[:2], "KB") {
		s = s[2:]
	}
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	return s, true
}

// caption names an update for people.
func caption(u *wire.Update) string {
	title := shorten(u.Title, 100)
	switch {
	case title == "":
		return u.UpdateID.String()
	case u.KB != nil && !strings.Contains(title, *u.KB):
		return "KB" + *u.KB + " " + title
	}
	return title
}
