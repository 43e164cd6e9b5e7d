package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newEnrollAccount(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Accounts of the people who enrol devices",
		Long: "An account is a name and a password that a person types on a device to enrol it. It\n" +
			"opens nothing else.",
	}
	cmd.AddCommand(newAccountAdd(a), newAccountList(a), newAccountPassword(a), newAccountChange(a), newAccountDelete(a))
	return cmd
}

// password returns the password that a person types twice, or the first line of
// standard input where nobody is there.
func (a *app) password(ctx context.Context, name string) (string, error) {
	if !a.interactive() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", usageError(errors.Join(errors.New("no password came on standard input"), ignoreEOF(err)), `write it there, such as: sluice enroll account add NAME < FILE`)
		}
		return line, nil
	}
	first, err := a.hidden(ctx, "Password of "+name+": ")
	if err != nil {
		return "", err
	}
	again, err := a.hidden(ctx, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}

// hidden asks for a line that is not shown.
func (a *app) hidden(ctx context.Context, question string) (string, error) {
	f, ok := a.stdin.(*os.File)
	if !ok {
		return a.ask(ctx, question)
	}
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	// An interrupt must not leave a terminal that shows nothing.
	stop := context.AfterFunc(ctx, func() { _ = term.Restore(int(f.Fd()), before) })
	defer stop()
	fmt.Fprint(a.stderr, printable(question))
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.stderr)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(b), nil
}

type accountFlags struct {
	display, expires string
	max              int
}

func (f *accountFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.display, "display", "", "the person's `NAME`, for lists")
	cmd.Flags().StringVar(&f.expires, "expires", "", "`WHEN` it ends: 2026-12-01T03:00Z, or +30d from now")
	cmd.Flags().IntVar(&f.max, "max-devices", 0, "the `NUMBER` of devices that it may have enrolled at a time; 0 for any")
}

// wanted returns what was given on the command line.
func (f *accountFlags) wanted(cmd *cobra.Command) (w wire.PutEnrollAccount, err error) {
	if cmd.Flags().Changed("display") {
		w.Display = &f.display
	}
	if cmd.Flags().Changed("max-devices") {
		w.MaxDevices = &f.max
	}
	if f.expires != "" {
		t, err := parseDeadline(f.expires, time.Now())
		if err != nil {
			return w, usageError(err, "")
		}
		w.Expires = &t
	}
	return w, nil
}

func newAccountAdd(a *app) *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an account; the password is asked for, or read from standard input",
		Example: "  sluice enroll account add alice\n" +
			"  sluice enroll account add bob@site.example --max-devices 20 --expires +30d < password.txt",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := f.wanted(cmd)
			if err != nil {
				return err
			}
			secret, err := a.password(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			w.Password = &secret
			return a.accountActed(cmd, func(c *client.Client) (wire.EnrollAccount, error) {
				return c.CreateEnrollAccount(cmd.Context(), args[0], w)
			}, "created")
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) accountActed(cmd *cobra.Command, do func(*client.Client) (wire.EnrollAccount, error), told string) error {
	return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
		made, err := do(c)
		if err != nil {
			return err
		}
		if a.json {
			return writeJSON(a.stdout, made)
		}
		return a.told("%s: %s", made.Name, told)
	})
}

func newAccountPassword(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "password NAME",
		Short:   "Give an account another password",
		Example: "  sluice enroll account password alice",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := a.password(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.accountActed(cmd, func(c *client.Client) (wire.EnrollAccount, error) {
				return c.ChangeEnrollAccount(cmd.Context(), args[0], wire.PutEnrollAccount{Password: &secret})
			}, "the password was changed")
		},
	}
}

func newAccountChange(a *app) *cobra.Command {
	var (
		f               accountFlags
		disable, enable bool
	)
	cmd := &cobra.Command{
		Use:     "change NAME",
		Short:   "Change or disable an account",
		Example: "  sluice enroll account change alice --disable",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := f.wanted(cmd)
			if err != nil {
				return err
			}
			if disable && enable {
				return usageError(errors.New("--disable and --enable contradict each other"), helpHint(cmd))
			}
			if disable || enable {
				w.Disabled = &disable
			}
			if w == (wire.PutEnrollAccount{}) {
				return usageError(errors.New("nothing is to be changed"), helpHint(cmd))
			}
			return a.accountActed(cmd, func(c *client.Client) (wire.EnrollAccount, error) {
				return c.ChangeEnrollAccount(cmd.Context(), args[0], w)
			}, "changed")
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&disable, "disable", false, "let it enrol no device")
	cmd.Flags().BoolVar(&enable, "enable", false, "let it enrol devices again")
	return cmd
}

func newAccountDelete(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete an account; devices that it enrolled stay",
		Example: "  sluice enroll account delete alice",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.confirm(cmd.Context(), yes, "deleting the account "+args[0]); err != nil {
				return err
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				if err := c.DeleteEnrollAccount(cmd.Context(), args[0]); err != nil {
					return err
				}
				return a.told("%s: deleted", args[0])
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func newAccountList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List accounts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				list, err := c.EnrollAccounts(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, list)
				}
				if len(list) == 0 {
					fmt.Fprintln(a.stderr, `nothing to show; "sluice enroll account add NAME" makes one`)
					return nil
				}
				rows := make([][]string, len(list))
				for i := range list {
					e := &list[i]
					most := "any number"
					if e.MaxDevices > 0 {
						most = strconv.Itoa(e.MaxDevices)
					}
					rows[i] = []string{e.Name, orDash(e.Display), strconv.Itoa(e.Devices), most, usable(e.Disabled, e.Expires, time.Now()), minute(e.Expires), minute(e.Created), e.By}
				}
				return table(a.stdout, []string{"ACCOUNT", "NAME", "DEVICES", "AT MOST", "STATE", "EXPIRES", "CREATED", "BY"}, rows)
			})
		},
	}
}

// usable says whether a credential still works.
func usable(ended bool, expires *time.Time, now time.Time) string {
	switch {
	case ended:
		return "disabled"
	case expires != nil && !now.Before(*expires):
		return "expired"
	}
	return "good"
}
