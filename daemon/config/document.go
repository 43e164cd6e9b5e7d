package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxFile bounds the configuration file. The one that is shipped has 5 KiB; the
// decoder's time grows with the square of the number of keys, which makes 0.3 s
// of this.
const maxFile = 64 << 10

// assignment gives a key a value.
type assignment struct {
	key    string
	value  any
	origin Origin
}

// readFile returns the assignments of a configuration file in no order.
func readFile(path string) ([]assignment, []*Problem) {
	at := Origin{Kind: FromFile, Name: path}
	fail := func(reason string) ([]assignment, []*Problem) {
		return nil, []*Problem{{Origin: at, Reason: reason}}
	}
	f, err := os.Open(path)
	if err != nil {
		return fail("open the configuration file: " + cause(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return fail("read the configuration file: " + cause(err))
	}
	if len(data) > maxFile {
		return fail("is no configuration file: it has more than " + Size(maxFile).String())
	}
	return parse(path, data)
}

// cause strips the path off an error of the file system: the problem has it.
func cause(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// parse returns the assignments of a TOML document. The decoder stops at the
// first bad value and forgets the lines of good ones, so the values are decoded
// without a type, and the lines read beside them.
func parse(path string, data []byte) ([]assignment, []*Problem) {
	at := Origin{Kind: FromFile, Name: path}
	var document map[string]any
	if err := toml.Unmarshal(data, &document); err != nil {
		reason := err.Error()
		var de *toml.DecodeError
		if errors.As(err, &de) {
			var column int
			at.Line, column = de.Position()
			reason = fmt.Sprintf("%s (column %d)", strings.TrimPrefix(reason, "toml: "), column)
		}
		return nil, []*Problem{{Origin: at, Reason: reason}}
	}
	lines := linesOf(data)
	return flatten(nil, document, func(key []string) Origin {
		o := at
		o.Line = lines.find(key)
		return o
	}), nil
}

// maxDepth is how many parts a key has, at most.
const maxDepth = 2

// flatten turns nested tables into assignments of dotted keys. It looks no
// deeper than keys go.
func flatten(prefix []string, table map[string]any, origin func([]string) Origin) []assignment {
	var all []assignment
	for name, value := range table {
		key := append(slices.Clone(prefix), name)
		inner, ok := value.(map[string]any)
		if ok && len(inner) > 0 && len(key) < maxDepth {
			all = append(all, flatten(key, inner, origin)...)
			continue
		}
		all = append(all, assignment{dotted(key), value, origin(key)})
	}
	return all
}

// dotted writes a key as TOML does, so that a quoted "wsus.listen" is not taken
// for listen in wsus.
func dotted(key []string) string {
	bare := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	parts := slices.Clone(key)
	for i, p := range parts {
		if !bare.MatchString(p) {
			parts[i] = strconv.Quote(p)
		}
	}
	return strings.Join(parts, ".")
}

// keyLines has the line of each key of a document; the parts of a key are
// joined by a byte that no key holds unescaped.
type keyLines map[string]int

const keySeparator = "\x00"

// linesOf reads the lines of a document that is known to be well-formed.
func linesOf(data []byte) keyLines {
	lines := keyLines{}
	var p unstable.Parser
	p.Reset(data)
	var table []string
	line, counted := 1, 0
	for p.NextExpression() {
		e := p.Expression()
		var parts []string
		for it := e.Key(); it.Next(); {
			// Parser.Shape would count from the start for every key.
			if at := int(it.Node().Raw.Offset); len(parts) == 0 {
				line += bytes.Count(data[counted:at], []byte("\n"))
				counted = at
			}
			parts = append(parts, string(it.Node().Data))
		}
		if e.Kind == unstable.KeyValue {
			parts = append(slices.Clone(table), parts...)
		} else {
			table = parts
		}
		for n := range min(len(parts), maxDepth) {
			if name := strings.Join(parts[:n+1], keySeparator); lines[name] == 0 {
				lines[name] = line
			}
		}
	}
	return lines
}

// find returns the line of a key or, for a key inside an inline table, of the
// nearest one around it.
func (l keyLines) find(key []string) int {
	for n := len(key); n > 0; n-- {
		if line := l[strings.Join(key[:n], keySeparator)]; line > 0 {
			return line
		}
	}
	return 0
}
