package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// settling returns a context for what must still be written down when the
// sender of a request is gone.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

// decode reads the one JSON object of a request. Fields that are not known are
// refused: they are a wish that would go unheard.
func decode(r *http.Request, v any) error {
	body := http.MaxBytesReader(nil, r.Body, maxBody)
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return bodyError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("more than one value")
		}
		return bodyError(err)
	}
	return nil
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case errors.Is(err, io.EOF):
		return badRequest("the request has no JSON body")
	}
	return badRequest("the JSON body: %s", strings.TrimPrefix(err.Error(), "json: "))
}

// query reads the parameters of a list, and finds those that are wrong.
type query struct {
	values url.Values
	known  []string
	err    error
}

func queryOf(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.err = badRequest("the query: %v", err)
	}
	return q
}

func (q *query) text(name string) string {
	q.known = append(q.known, name)
	return q.values.Get(name)
}

// flag reads true or false; absent is false.
func (q *query) flag(name string) bool {
	v := q.text(name)
	if v != "" && v != "true" && v != "false" && q.err == nil {
		q.err = badRequest("%s is true or false, not %q", name, v)
	}
	return v == "true"
}

// number reads a whole number that is not negative; absent is 0.
func (q *query) number(name string) int64 {
	v := q.text(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if (err != nil || n < 0) && q.err == nil {
		q.err = badRequest("%s is a whole number, not %q", name, v)
	}
	return n
}

// limit reads how long a page may be: at most 1,000, 100 where absent.
func (q *query) limit() int {
	n := q.number("limit")
	if n == 0 {
		n = 100
	}
	return int(min(n, 1000))
}

// id reads a GUID; absent is zero.
func (q *query) id(name string) (id update.ID) {
	if v := q.text(name); v != "" {
		var err error
		if id, err = update.ParseID(v); err != nil && q.err == nil {
			q.err = badRequest("%s: %v", name, err)
		}
	}
	return id
}

// done returns what was wrong. Parameters that nobody asked for are.
func (q *query) done() error {
	if q.err != nil {
		return q.err
	}
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			return badRequest("unknown parameter %q; there are %s", name, strings.Join(q.known, ", "))
		}
	}
	return nil
}

// cursor writes where the next page begins; empty at the end.
func cursor(n int64, full bool) string {
	if !full {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// when returns a time for the wire.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// idOrNull returns an id for the wire.
func idOrNull(id update.ID) *update.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}

// list makes a nil list an empty one, so that it is [] on the wire.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
