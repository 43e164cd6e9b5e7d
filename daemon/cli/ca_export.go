package cli

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newCAExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the root that computers must trust",
		Long: "Writes the root certificate, which computers must trust before they connect or\n" +
			"enrol, to a file or to standard output: in DER where the name ends in .cer, .crt\n" +
			"or .der, in PEM elsewhere. With a file it prints the lines that install it on a\n" +
			"computer; --json gives both forms and the lines.",
		Example: "  sluice ca export sluice.cer",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				v, err := c.CA(cmd.Context())
				if err != nil {
					return err
				}
				file := ""
				if len(args) > 0 {
					file = args[0]
				}
				return a.exportRoot(&v, file)
			})
		},
	}
}

// rootExport is what sluice ca export --json prints.
type rootExport struct {
	wire.Certificate
	DER  []byte `json:"der"`  // base64
	File string `json:"file"` // that was written; empty for none
	// Needed tells that computers must have the root before they can connect.
	Needed bool   `json:"needed"`
	Note   string `json:"note,omitempty"`
	// Install is how the root gets onto computers. The file is in the folder where
	// a line is run.
	Install installLines `json:"install"`
}

// installLines are ways of installing a root on Windows.
type installLines struct {
	PowerShell string `json:"powershell"` // on one computer, as administrator
	Certutil   string `json:"certutil"`   // likewise
	GPO        string `json:"gpo"`        // where to import it in the editor
	Forest     string `json:"forest"`     // for every computer of an Active Directory forest
}

func (a *app) exportRoot(v *wire.CA, file string) error {
	if len(v.Roots) == 0 {
		return &ExitError{ExitFailed, errors.New("the root above the site's authority is not known here"),
			"computers that trust the site's root need nothing; to export it, put its certificate last into the file of ca.cert_file"}
	}
	root := v.Roots[0]
	block, _ := pem.Decode([]byte(root.PEM))
	if block == nil {
		return errors.New("the root of the appliance cannot be read")
	}
	out := rootExport{Certificate: root, DER: block.Bytes, File: file, Needed: true}
	if v.TLSMode == "files" {
		out.Needed = false
		out.Note = `no computer needs it to connect: the doors show the site's certificate (tls.mode = "files"), which computers trust by the site's own authority. Devices get this root, by which their own certificates are issued, when they enrol`
	}
	name := "sluice.cer"
	if file != "" {
		name = filepath.Base(file)
		data := []byte(root.PEM)
		switch strings.ToLower(filepath.Ext(file)) {
		case ".cer", ".crt", ".der":
			data = block.Bytes
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	out.Install = linesFor(name)
	switch {
	case a.json:
		return writeJSON(a.stdout, out)
	case file == "":
		if out.Note != "" {
			fmt.Fprintln(a.stderr, "note: "+out.Note)
		}
		_, err := fmt.Fprint(a.stdout, root.PEM)
		return err
	}
	return facts(a.stdout,
		"written", file, "root", root.Name, "until", day(&root.NotAfter), "sha-256", root.SHA256, "thumbprint", root.SHA1,
		"on one computer", out.Install.Certutil, "by PowerShell", out.Install.PowerShell,
		"by group policy", out.Install.GPO, "in a whole forest", out.Install.Forest, "note", out.Note)
}

// linesFor returns how to install the root that is in a file.
func linesFor(name string) installLines {
	bare, quoted := name, `.\`+name
	if !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`).MatchString(name) {
		bare, quoted = `"`+name+`"`, "'"+strings.ReplaceAll(quoted, "'", "''")+"'"
	}
	return installLines{
		PowerShell: "Import-Certificate -FilePath " + quoted + ` -CertStoreLocation Cert:\LocalMachine\Root`,
		Certutil:   "certutil -addstore Root " + bare,
		GPO: "Computer Configuration > Policies > Windows Settings > Security Settings > Public Key Policies > " +
			"Trusted Root Certification Authorities > Import: " + name,
		Forest: "certutil -dspublish -f " + bare + " RootCA",
	}
}
