package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// commands lists what sluice can do, by name, as its help does.
func commands() []func(*app) *cobra.Command {
	return []func(*app) *cobra.Command{
		newAudit,
		newBackup,
		newCA,
		newCatalog,
		newComputers,
		newConfig,
		newDemo,
		newDevices,
		newDoctor,
		newEnroll,
		newEula,
		newGroups,
		newImport,
		newInit,
		newKeys,
		newPolicies,
		newRun,
		newSimulate,
		newStatus,
		newUpdates,
		newVersion,
	}
}

// newRoot returns the command line of one run.
func newRoot(a *app, list []func(*app) *cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:           "sluice",
		Short:         "Let Windows updates through an air gap",
		SilenceErrors: true, // Main reports them
		SilenceUsage:  true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	f := root.PersistentFlags()
	f.StringVar(&a.configFile, "config", "", "configuration `FILE` (default $SLUICE_CONFIG or "+a.standardConfig+")")
	f.StringVar(&a.dataDir, "data", "", "data folder `DIR`, instead of data_dir")
	f.BoolVar(&a.json, "json", false, "write JSON for scripts")
	for _, make := range list {
		root.AddCommand(make(a))
	}
	root.InitDefaultCompletionCmd()
	hardenUsage(root)

	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		a.hideOthers(root)
		help(cmd, args)
	})
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		if n := cmd.Name(); n == cobra.ShellCompRequestCmd || n == cobra.ShellCompNoDescRequestCmd {
			a.hideOthers(root)
		}
	}
	return root
}

// hardenUsage makes every mistake in the use of cmd and what is below it a usage
// error: cobra's own are plain, and some it takes for a wish to read the help.
func hardenUsage(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		// A misspelled command has none of the flags behind it.
		if args := cmd.Flags().Args(); len(args) > 0 && cmd.HasSubCommands() {
			return unknownCommand(cmd, args)
		}
		return usageError(err, helpHint(cmd))
	})
	check := cmd.Args
	switch {
	case cmd.HasSubCommands() && !cmd.Runnable():
		check = unknownCommand
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			return usageError(errors.New("a command is missing: "+strings.Join(available(cmd), ", ")), helpHint(cmd))
		}
	case check == nil:
		check = noArguments
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		var e *ExitError
		if err == nil || errors.As(err, &e) {
			return err
		}
		return usageError(err, helpHint(cmd))
	}
	for _, sub := range cmd.Commands() {
		hardenUsage(sub)
	}
}

// unknownCommand refuses any argument to a command that only has commands.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := helpHint(cmd)
	cmd.SuggestionsMinimumDistance = 2
	if close := cmd.SuggestionsFor(args[0]); len(close) > 0 {
		hint = fmt.Sprintf("did you mean %q? ", close[0]) + hint
	}
	return usageError(fmt.Errorf("unknown command %q for %s", args[0], cmd.CommandPath()), hint)
}

// noArguments refuses any argument; it holds for commands that set no Args.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no arguments, not %q", cmd.CommandPath(), args[0])
}

func available(cmd *cobra.Command) []string {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

func helpHint(cmd *cobra.Command) string {
	return fmt.Sprintf(`"%s --help" shows how it is used`, cmd.CommandPath())
}
