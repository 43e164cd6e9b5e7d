package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"sluice/daemon/config"
)

// roleAnnotation marks a command that makes sense in one role only.
const roleAnnotation = "sluice-role"

// listedFor takes a command off the lists in every role but one, where it would
// find nothing to do. It still runs for whoever names it.
func listedFor(role config.Role, cmd *cobra.Command) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[roleAnnotation] = string(role)
	return cmd
}

// onlyFor limits a command to a role: in another it is not listed, and refuses to
// run.
func (a *app) onlyFor(role config.Role, cmd *cobra.Command) *cobra.Command {
	listedFor(role, cmd)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if now := a.role(); now != role {
			return usageError(fmt.Errorf("%s is for an appliance with role = %q, and this one is %s",
				cmd.CommandPath(), role, now), `"sluice config show" tells where the role is set`)
		}
		return run(cmd, args)
	}
	return cmd
}

// hideOthers takes commands of another role off the lists, once the flags are
// read that decide which configuration counts.
func (a *app) hideOthers(root *cobra.Command) {
	role := string(a.role())
	for _, cmd := range root.Commands() {
		if only, ok := cmd.Annotations[roleAnnotation]; ok && only != role {
			cmd.Hidden = true
		}
	}
}
