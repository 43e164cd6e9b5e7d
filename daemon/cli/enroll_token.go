package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newEnrollToken(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Tokens that enrol a counted number of devices",
		Long: "A token is a random secret that enrols one device, or a counted number of them, until\n" +
			"it expires. It is typed as the password with any name, put into a provisioning\n" +
			"package as its Secret, or given to a script. It is shown once, when it is made.",
	}
	cmd.AddCommand(newTokenCreate(a), newTokenList(a), newTokenRevoke(a))
	return cmd
}

func newTokenCreate(a *app) *cobra.Command {
	var (
		t       wire.CreateEnrollToken
		expires string
	)
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token, and show it this once",
		Example: "  sluice enroll token create --label \"pc17, by hand\"\n" +
			"  sluice enroll token create --label \"classroom package\" --uses 40 --expires +14d --group Pilot",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if expires != "" {
				at, err := parseDeadline(expires, time.Now())
				if err != nil {
					return usageError(err, "")
				}
				t.Expires = &at
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				made, err := c.CreateEnrollToken(cmd.Context(), t)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, made)
				}
				return facts(a.stdout, "token", made.Secret, "number", strconv.FormatInt(made.ID, 10), "devices", strconv.Itoa(made.Uses),
					"groups", strings.Join(made.Groups, ", "), "expires", minute(made.Expires), "note", "it cannot be shown again")
			})
		},
	}
	cmd.Flags().StringVar(&t.Label, "label", "", "`TEXT` that tells what it is for")
	cmd.Flags().IntVar(&t.Uses, "uses", 1, "the `NUMBER` of devices that it enrols")
	cmd.Flags().StringVar(&expires, "expires", "", "`WHEN` it ends: 2026-12-01T03:00Z, or +14d from now (default +7d)")
	cmd.Flags().StringSliceVar(&t.Groups, "group", nil, "a `GROUP` that its devices are put into; may be repeated")
	return cmd
}

func newTokenList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List tokens, without their secrets",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				list, err := c.EnrollTokens(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, list)
				}
				if len(list) == 0 {
					fmt.Fprintln(a.stderr, `nothing to show; "sluice enroll token create" makes one`)
					return nil
				}
				rows := make([][]string, len(list))
				for i := range list {
					t := &list[i]
					state := usable(t.Revoked, t.Expires, time.Now())
					if t.Revoked {
						state = "revoked"
					} else if t.Left == 0 {
						state = "used up"
					}
					rows[i] = []string{strconv.FormatInt(t.ID, 10), orDash(shorten(t.Label, 40)), fmt.Sprintf("%d of %d", t.Left, t.Uses), state,
						orDash(strings.Join(t.Groups, ", ")), minute(t.Expires), minute(t.Created), t.By}
				}
				return table(a.stdout, []string{"NUMBER", "LABEL", "LEFT", "STATE", "GROUPS", "EXPIRES", "CREATED", "BY"}, rows)
			})
		},
	}
}

func newTokenRevoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "revoke NUMBER...",
		Short:   "End tokens; devices that they enrolled stay",
		Example: "  sluice enroll token revoke 3",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			numbers := make([]int64, len(args))
			for i, arg := range args {
				n, err := strconv.ParseInt(arg, 10, 64)
				if err != nil {
					return usageError(fmt.Errorf("%q is no number of a token", arg), `"sluice enroll token list" shows them`)
				}
				numbers[i] = n
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				for _, n := range numbers {
					if err := c.RevokeEnrollToken(cmd.Context(), n); err != nil {
						return err
					}
					if err := a.told("token %d: revoked", n); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// indent shifts lines to the right, and shows what a terminal would act on.
func indent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if lines[i] = ""; l != "" {
			lines[i] = "      " + printable(strings.ReplaceAll(strings.TrimRight(l, "\r"), "\t", "    "))
		}
	}
	return strings.Join(lines, "\n")
}

// ignoreEOF leaves the end of the input out of errors.
func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
