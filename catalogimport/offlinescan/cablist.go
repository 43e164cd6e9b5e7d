package offlinescan

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sluice/wsus/xmllimit"
)

// shard is a cabinet of fragments.
type shard struct {
	name   string // as index.xml has it
	member string // the same, as the cabinet has it
	first  uint32 // the range of RevisionIds that it has
	last   uint32
	files  bool // it has the texts of licenses too
}

// cabList is index.xml.
type cabList struct {
	catalog string  // the cabinet of package.xml
	shards  []shard // by range
}

// readCabList reads index.xml. Ranges are taken from it alone: where they begin
// differs from one issue of the file to the next.
func readCabList(r io.Reader, maxShards int) (*cabList, error) {
	l := &cabList{}
	x := newTagReader(r)
	for {
		path, t, err := x.next()
		if err == nil {
			err = l.element(path, &t, maxShards)
		}
		if err == io.EOF {
			if err = l.ranges(); err == nil {
				return l, nil
			}
		}
		if err != nil {
			return nil, fmt.Errorf("index.xml: %w", err)
		}
	}
}

func (l *cabList) element(path []string, t *xmllimit.Token, maxShards int) error {
	switch strings.Join(path, "/") {
	case "INDEX":
		if v := attribute(t, "VERSION"); v != "" && v != "1" {
			return fmt.Errorf("version %.20q is not known", v)
		}
	case "INDEX/CABLIST":
		// What other values mean is not known; the members might be encoded.
		if v := attribute(t, "XOR"); v != "" && v != "0" {
			return fmt.Errorf("attribute XOR of CABLIST is %.20q, which is not known", v)
		}
	case "INDEX/CABLIST/CAB":
		return l.cab(t, maxShards)
	default:
		if len(path) == 1 {
			return fmt.Errorf("the root is %.40q, not INDEX", path[0])
		}
	}
	return nil
}

func (l *cabList) cab(t *xmllimit.Token, maxShards int) error {
	name := attribute(t, "NAME")
	if name == "" || len(name) > 255 {
		return errors.New("a CAB has no NAME")
	}
	start := attribute(t, "RANGESTART")
	if start == "" {
		if l.catalog != "" {
			return fmt.Errorf("both %q and %q have no RANGESTART", l.catalog, name)
		}
		l.catalog = name
		return nil
	}
	n, err := parseRevision(start)
	if err != nil {
		return fmt.Errorf("attribute RANGESTART of %q: %w", name, err)
	}
	if len(l.shards) == maxShards {
		return fmt.Errorf("more than %d shards", maxShards)
	}
	l.shards = append(l.shards, shard{name: name, first: n, last: maxRevision, files: attribute(t, "FILESDIR") == "1"})
	return nil
}

// ranges sorts the shards and gives each the end of its range.
func (l *cabList) ranges() error {
	switch {
	case l.catalog == "":
		return errors.New("no CAB is without RANGESTART, as that of package.xml is")
	case len(l.shards) == 0:
		return errors.New("it names no shards")
	}
	names := map[string]bool{strings.ToLower(l.catalog): true}
	for _, s := range l.shards {
		if fold := strings.ToLower(s.name); names[fold] {
			return fmt.Errorf("%q is named twice", s.name)
		} else {
			names[fold] = true
		}
	}
	slices.SortFunc(l.shards, func(a, b shard) int { return cmp.Compare(a.first, b.first) })
	for i := 1; i < len(l.shards); i++ {
		a, b := &l.shards[i-1], &l.shards[i]
		if a.first == b.first {
			return fmt.Errorf("the ranges of %q and %q both start at %d", a.name, b.name, a.first)
		}
		a.last = b.first - 1
	}
	return nil
}

// parseRevision reads a RevisionId.
func parseRevision(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%.20q is not a number in range", s)
	}
	return uint32(n), nil
}
