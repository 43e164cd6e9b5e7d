package cli

import (
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/client"
)

func newCA(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Look at the certificate authority of the appliance",
	}
	cmd.AddCommand(newCAExport(a))
	return cmd
}

func newCAExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the root that computers must trust",
		Long: "Writes the root certificate of the appliance, which computers must trust, to a\n" +
			"file or to standard output: in DER where the name ends in .cer or .der, in PEM\n" +
			"elsewhere. With a file it prints the lines that install it on a computer.",
		Example: "  sluice ca export sluice.cer",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				s, err := c.Status(cmd.Context())
				if err != nil {
					return err
				}
				if s.CA == "" {
					return &ExitError{ExitFailed, errors.New("the doors show the site's certificate"),
						"computers trust it by the site's own authority"}
				}
				return a.exportRoot(s.CA, args)
			})
		},
	}
}

func (a *app) exportRoot(root string, args []string) error {
	if len(args) == 0 {
		_, err := fmt.Fprint(a.stdout, root)
		return err
	}
	block, _ := pem.Decode([]byte(root))
	if block == nil {
		return errors.New("the root of the appliance cannot be read")
	}
	file, data := args[0], []byte(root)
	if lower := strings.ToLower(file); strings.HasSuffix(lower, ".cer") || strings.HasSuffix(lower, ".der") {
		data = block.Bytes
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return err
	}
	sum := sha256.Sum256(block.Bytes)
	return facts(a.stdout,
		"written", file,
		"sha-256", fmt.Sprintf("%X", sum),
		"on one computer", "certutil -addstore Root "+file,
		"by group policy", "Computer Configuration > Windows Settings > Security Settings > Public Key Policies > Trusted Root Certification Authorities: import it",
	)
}
