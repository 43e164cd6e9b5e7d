package doctor

import (
	"context"
	"fmt"
	"net"
	"strings"

	humanize "github.com/dustin/go-humanize"

	"sluice/wsus/content"
)

// localQuestions are about the appliance itself, through its control API, and
// about its names.
func localQuestions() []question {
	return []question{
		{"daemon", "Nothing is served while the daemon is not running.",
			`start it: "systemctl start sluice", or "sluice run"`, (*exam).daemon},
		{"store", "A damaged database closes the doors, so that no computer is misled.",
			"stop sluice and put the newest backup back", (*exam).store},
		{"free space", "Imports stop before a volume is full.",
			"make room, or move content_dir to a larger volume", (*exam).space},
		{"approvals", "Computers are not told to install what waits.",
			`"sluice updates list --missing" names the files to bring in; license terms are accepted with "sluice updates accept-eula"`, (*exam).approvals},
		{"names", "Computers that cannot resolve the name never get here.",
			"enter the name in the DNS that the computers use, or set public_host to a name that is there", (*exam).names},
	}
}

// noControl is the outcome of checks that need the control API.
func noControl() error { return skip("only on the machine of the appliance, without --url") }

func (e *exam) daemon(ctx context.Context) (string, error) {
	if e.Control == nil {
		return "", noControl()
	}
	st, err := e.Control.Status(ctx)
	if err != nil {
		return "", err
	}
	e.status = &st
	if !st.Running {
		return "", fmt.Errorf("no daemon answers for %s", st.DataDir)
	}
	return fmt.Sprintf("version %s, %s", st.Version, st.DataDir), nil
}

func (e *exam) store(context.Context) (string, error) {
	switch {
	case e.status == nil:
		return "", noControl()
	case e.status.Damage != "":
		return "", fmt.Errorf("%s", e.status.Damage)
	case e.status.Health == "checking":
		return "", warn("it is being checked after an unclean stop")
	}
	return fmt.Sprintf("%s; %d updates, %d files (%s)", e.status.Health, e.status.Updates, e.status.Files, humanize.IBytes(uint64(e.status.Bytes))), nil
}

func (e *exam) space(context.Context) (string, error) {
	if e.status == nil || len(e.Folders) == 0 {
		return "", noControl()
	}
	var seen []string
	for _, dir := range e.Folders {
		free, err := content.FreeSpace(dir)
		if err != nil {
			return "", err
		}
		text := fmt.Sprintf("%s free for %s", humanize.IBytes(uint64(free)), dir)
		if free < e.MinFree {
			return "", warn("%s, less than min_free = %s", text, humanize.IBytes(uint64(e.MinFree)))
		}
		seen = append(seen, text)
	}
	return strings.Join(seen, ", "), nil
}

func (e *exam) approvals(context.Context) (string, error) {
	switch {
	case e.status == nil:
		return "", noControl()
	case e.status.Waiting > 0:
		return "", warn("%d of %d approvals wait for files or license terms", e.status.Waiting, e.status.Approvals)
	}
	return fmt.Sprintf("%d, none of them waits", e.status.Approvals), nil
}

func (e *exam) names(ctx context.Context) (string, error) {
	var seen []string
	for _, name := range e.Names {
		if net.ParseIP(name) != nil {
			seen = append(seen, name+" is an address")
			continue
		}
		addrs, err := net.DefaultResolver.LookupHost(ctx, name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		seen = append(seen, name+" is "+strings.Join(addrs, " and "))
	}
	return strings.Join(seen, "; "), nil
}
