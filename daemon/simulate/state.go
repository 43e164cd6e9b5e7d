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

	"sluice/daemon/desktop"
	"sluice/wsus/agent"
)

// LoadDesktops reads what desktops remember, by their name, from a file that
// [SaveDesktops] wrote. There is nothing in a file that is not there.
func LoadDesktops(path string) (map[string]*desktop.State, error) {
	states := make(map[string]*desktop.State)
	if err := load(path, &states); err != nil {
		return nil, err
	}
	for name, s := range states {
		if s == nil {
			return nil, fmt.Errorf("%s: nothing is known of %s", path, name)
		}
	}
	return states, nil
}

// SaveDesktops writes what desktops remember, their private keys included, in
// place of what was in the file.
func SaveDesktops(path string, states map[string]*desktop.State) error { return save(path, states) }

// LoadStates reads what computers remember from a file that [SaveStates] wrote.
// There is nothing in a file that is not there.
func LoadStates(path string) (map[string]*agent.State, error) {
	var list []*agent.State
	if err := load(path, &list); err != nil {
		return nil, err
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
	return save(path, list)
}

// load reads a value from JSON. A file that is not there leaves it as it is.
func load(path string, v any) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// save writes a value as JSON, in place of what was in the file. Only its owner
// may read it.
func save(path string, v any) error {
	b, err := json.Marshal(v)
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
