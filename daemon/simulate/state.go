package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/wsus/agent"
)

// LoadStates reads what computers remember from a file that [SaveStates] wrote.
// There is nothing in a file that is not there.
func LoadStates(path string) (map[string]*agent.State, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]*agent.State{}, nil
	}
	if err != nil {
		return nil, err
	}
	var list []*agent.State
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	states := make(map[string]*agent.State, len(list))
	for _, s := range list {
		if s == nil || s.ClientID == "" {
			return nil, fmt.Errorf("%s: a state names no computer", path)
		}
		states[s.ClientID] = s
	}
	return states, nil
}

// SaveStates writes what computers remember, in place of what was in the file.
func SaveStates(path string, states map[string]*agent.State) error {
	list := make([]*agent.State, 0, len(states))
	for _, s := range states {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *agent.State) int { return strings.Compare(a.ClientID, b.ClientID) })
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
