package export

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sluice/omadm/updatecsp"
)

// ErrFormat says that there is no such format.
var ErrFormat = errors.New("no such format")

// ErrGroup says that a group's name cannot be told to a WSUS server.
var ErrGroup = errors.New("not a name of a target group")

// Options say how to write an export.
type Options struct {
	As    string    // one of [Formats]
	Group string    // target group of the WSUS server that machines name; empty for none
	Title string    // for people; of the group policy object too
	At    time.Time // of the export
}

// Result is the files of an export.
type Result struct {
	Files   []File
	LeftOut []LeftOut // by name
}

// File is one file.
type File struct {
	Path string // relative, with "/"
	Data []byte
}

// LeftOut is a setting that the export cannot carry.
type LeftOut struct {
	Name   string
	Reason string
}

// plan is what all formats write.
type plan struct {
	title   string
	at      time.Time
	values  []updatecsp.RegistryValue // by key, then name
	leftOut []LeftOut
}

// formats are the writers by name.
var formats = map[string]func(plan) ([]File, error){
	"reg":        writeReg,
	"lgpo":       writeLGPO,
	"gpo-backup": writeBackup,
	"dsc":        writeDSC,
	"ansible":    writeAnsible,
}

// Formats returns the names of the formats, ascending.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// Export writes what d says as files.
//
// Errors: [ErrFormat]; [ErrGroup].
func Export(d updatecsp.Desired, o Options) (Result, error) {
	write, ok := formats[o.As]
	if !ok {
		return Result{}, fmt.Errorf("%w: %q; there are %s", ErrFormat, o.As, strings.Join(Formats(), ", "))
	}
	p := plan{title: oneLine(o.Title), at: o.At.UTC()}
	if p.title == "" {
		p.title = "Updates by sluice"
	}
	values, leftOut := collect(d)
	if o.Group != "" {
		if err := checkGroup(o.Group); err != nil {
			return Result{}, err
		}
		values = append(values, updatecsp.TargetGroup(o.Group)...)
	}
	p.values, p.leftOut = settle(values), leftOut
	files, err := write(p)
	if err != nil {
		return Result{}, fmt.Errorf("export as %s: %w", o.As, err)
	}
	return Result{Files: files, LeftOut: leftOut}, nil
}

// collect returns the registry values of all settings, and the settings without.
func collect(d updatecsp.Desired) (values []updatecsp.RegistryValue, leftOut []LeftOut) {
	for _, name := range slices.Sorted(maps.Keys(d)) {
		s, ok := updatecsp.Find(name)
		if !ok {
			leftOut = append(leftOut, LeftOut{name, "there is no such setting"})
			continue
		}
		if s.Name == "DisableDualScan" && d.AllFromWSUS() {
			leftOut = append(leftOut, LeftOut{name, "not to be combined with the four source settings; set it by hand on Windows Server 2016 and 2019, which lack those"})
			continue
		}
		more, why := s.Registry(d[name].Value)
		if why != "" {
			leftOut = append(leftOut, LeftOut{name, why})
		}
		values = append(values, more...)
	}
	return values, leftOut
}

// settle orders values by key and name, and keeps one of each. Where two settings
// write the same one, a weak one gives way, and else the greater number wins: a
// switch that one of them needs is on.
func settle(values []updatecsp.RegistryValue) []updatecsp.RegistryValue {
	byName := map[string]updatecsp.RegistryValue{}
	for _, v := range values {
		id := strings.ToLower(v.Key + "\x00" + v.Name)
		if old, ok := byName[id]; !ok || goesBefore(v, old) {
			byName[id] = v
		}
	}
	out := make([]updatecsp.RegistryValue, 0, len(byName))
	for _, id := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, byName[id])
	}
	return out
}

func goesBefore(v, old updatecsp.RegistryValue) bool {
	if v.Weak != old.Weak {
		return old.Weak
	}
	n, err := number(v)
	m, _ := number(old)
	return err == nil && n > m
}

// checkGroup refuses what a WSUS server would read as something else: ";" stands
// between the names of several groups.
func checkGroup(name string) error {
	switch {
	case !utf8.ValidString(name) || len(name) > 256:
		return fmt.Errorf("%w: longer than 256 bytes, or not text", ErrGroup)
	case strings.Contains(name, ";"):
		return fmt.Errorf("%w: %q holds a semicolon, which machines take for the end of the name", ErrGroup, name)
	case strings.ContainsFunc(name, notGraphic) || strings.TrimSpace(name) != name:
		return fmt.Errorf("%w: %q", ErrGroup, name)
	}
	return nil
}

// oneLine makes text fit for a comment and a title.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "?")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return notGraphic(r) || r == ' ' }), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200])
	}
	return s
}

func notGraphic(r rune) bool { return !unicode.IsGraphic(r) }

// comments are the lines that say what a file is.
func (p plan) comments() []string {
	lines := []string{p.title, "written by sluice on " + p.at.Format(time.RFC3339)}
	for _, l := range p.leftOut {
		lines = append(lines, "left out: "+oneLine(l.Name+": "+l.Reason))
	}
	return lines
}
