package cli

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// machineName is what a machine may be named by.
type machineName struct {
	id    int64
	name  string
	other string // another name of it, which nobody types by chance
}

// kindOfMachine is what a list of machines is called, for messages.
type kindOfMachine struct {
	one, many string
	search    string // the command that finds them
}

// pick chooses of machines the one that a person names: by its whole name or the
// other one, else by the first label of its name.
func pick[T any](machines iter.Seq2[T, error], name string, of func(*T) machineName, kind kindOfMachine) (none T, _ error) {
	var whole, label []T
	for m, err := range machines {
		if err != nil {
			return none, err
		}
		n := of(&m)
		first, _, _ := strings.Cut(n.name, ".")
		switch {
		case strings.EqualFold(n.name, name), strings.EqualFold(n.other, name):
			whole = append(whole, m)
		case strings.EqualFold(first, name):
			label = append(label, m)
		}
	}
	if len(whole) == 0 {
		whole = label
	}
	switch len(whole) {
	case 1:
		return whole[0], nil
	case 0:
		return none, &ExitError{ExitFailed, fmt.Errorf("no %s goes by %q", kind.one, name), fmt.Sprintf(`"%s" finds it`, kind.search)}
	}
	ids := make([]string, len(whole))
	for i := range whole {
		ids[i] = strconv.FormatInt(of(&whole[i]).id, 10)
	}
	return none, usageError(fmt.Errorf("%d %s go by %q: %s", len(whole), kind.many, name, strings.Join(ids, ", ")), "name one by its number")
}
