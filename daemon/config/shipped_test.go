package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/config"
)

func shipped(t *testing.T) (path, text string) {
	t.Helper()
	path = filepath.Join("..", "..", "configs", "sluice.toml")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(b)
}

func TestShippedFileChangesNothing(t *testing.T) {
	t.Parallel()
	path, _ := shipped(t)
	c, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), c, values()); diff != "" {
		t.Errorf("the shipped file as it is (-default +file):\n%s", diff)
	}
}

// TestShippedFileSwitchedOn removes the "#" of every key: each value must be the
// default and come from the file.
func TestShippedFileSwitchedOn(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the folders in the file are those of Linux")
	}
	_, text := shipped(t)
	c, err := config.Load(write(t, regexp.MustCompile(`(?m)^#(\w+ = )`).ReplaceAllString(text, "$1")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), c, values()); diff != "" {
		t.Errorf("the shipped file switched on (-default +file):\n%s", diff)
	}
	for _, s := range c.Settings() {
		if s.Origin.Kind != config.FromFile {
			t.Errorf("%s is not in the shipped file", s.Key)
		}
	}
}

// TestShippedFileIsCommented wants every key and table to follow a comment, in
// the order of the Config struct, written as the program writes it.
func TestShippedFileIsCommented(t *testing.T) {
	t.Parallel()
	_, text := shipped(t)
	var got []string
	table, before := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		name, isTable := strings.CutPrefix(line, "[")
		key := regexp.MustCompile(`^#(\w+) = `).FindStringSubmatch(line)
		if (isTable || key != nil) && !strings.HasPrefix(before, "# ") {
			t.Errorf("%s follows no comment", line)
		}
		if isTable {
			table = strings.TrimSuffix(name, "]") + "."
		}
		if key != nil {
			got = append(got, table+line[1:])
		}
		before = line
	}
	var want []string
	for _, s := range config.Default().Settings() {
		if runtime.GOOS != "windows" || !strings.HasSuffix(s.Key, "_dir") {
			want = append(want, s.Key+" = "+s.Literal())
		}
	}
	if runtime.GOOS != "windows" {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("keys of the shipped file (-want +got):\n%s", diff)
		}
	}
}
