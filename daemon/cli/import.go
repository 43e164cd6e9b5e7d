package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	humanize "github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"sluice/catalogimport"
	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

// maxRefusalsShown is how many refused items a person is shown of one medium.
const maxRefusalsShown = 10

func newImport(a *app) *cobra.Command {
	var req wire.Import
	cmd := &cobra.Command{
		Use:   "import PATH...",
		Short: "Import update media: exports, packages, folders of documents",
		Long: "Imports wsusutil exports (.cab, .xml.gz) with the WsusContent folder beside them,\n" +
			"packages (.msu), folders of update documents with their payload files, and\n" +
			"folders of these. A medium that is refused does not keep the others out; the\n" +
			"exit code is then 3. An import that was interrupted goes on when it is repeated.",
		Example: "  sluice import --accept-unsigned /media/usb/export.cab\n" +
			"  sluice import --accept-unsigned --json --data /srv/sluice windows10.0-kb5000001-x64.msu",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if req.Paths, err = absolute(args); err != nil {
				return err
			}
			if req.Content != "" {
				content, err := absolute([]string{req.Content})
				if err != nil {
					return err
				}
				req.Content = content[0]
			}
			return a.onAppliance(cmd.Context(), true, func(c *client.Client) error {
				i := &importing{app: a}
				return errors.Join(c.Import(cmd.Context(), req, i.event), i.failed)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&req.AcceptUnsigned, "accept-unsigned", false, "import metadata that nobody signed; your name is recorded with it")
	f.StringVar(&req.Content, "content", "", "the WsusContent `FOLDER` that came with an export (default one beside it)")
	f.BoolVar(&req.Adopt, "adopt", false, "verify the WsusContent folder in place and serve it from there, instead of copying it")
	return cmd
}

// absolute makes paths mean the same to the daemon.
func absolute(paths []string) ([]string, error) {
	out := make([]string, len(paths))
	for i, p := range paths {
		var err error
		if out[i], err = filepath.Abs(p); err != nil {
			return nil, usageError(fmt.Errorf("%s: %w", p, err), "")
		}
	}
	return out, nil
}

// importing follows an import.
type importing struct {
	app    *app
	bar    *bar
	medium string // that the bar is of
	failed error  // what to exit with at the end
}

func (i *importing) event(e *wire.ImportEvent) error {
	if e.Progress != nil {
		if i.bar == nil || i.medium != e.Medium {
			i.bar, i.medium = newBar(i.app.stderr, baseName(e.Medium)), e.Medium
		}
		i.bar.imported(e.Progress)
	}
	if e.Report == nil {
		return nil
	}
	if i.bar != nil {
		i.bar.finish()
	}
	if e.Error != nil {
		i.fail(e)
	}
	if i.app.json {
		out := json.NewEncoder(i.app.stdout)
		out.SetEscapeHTML(false)
		return out.Encode(e.Report)
	}
	return i.show(e.Report)
}

// fail keeps the exit code: that of a medium that was refused, unless the
// appliance itself failed.
func (i *importing) fail(e *wire.ImportEvent) {
	code := ExitFailed
	if e.Error.Code == wire.Refused {
		code = ExitRefused
	}
	var before *ExitError
	if errors.As(i.failed, &before) {
		code = min(code, before.Code)
		if before.Hint == e.Error.Hint {
			before.Hint = "" // once is enough
		}
	}
	i.failed = &ExitError{code, errors.Join(i.failed, errors.New(e.Error.Message)), e.Error.Hint}
}

// show tells a person what became of a medium.
func (i *importing) show(r *catalogimport.Report) error {
	if r.State != "applied" {
		return nil // the error says it
	}
	text := fmt.Sprintf("%s (%s): %s, %s new, %s unchanged", r.Source, r.Format,
		count(r.Revisions, "revision"), humanize.Comma(int64(r.New)), humanize.Comma(int64(r.Unchanged)))
	if r.New == 0 && r.Files == 0 {
		text += "; nothing changed"
	}
	if r.Files+r.FilesHeld > 0 {
		text += fmt.Sprintf("; %s stored (%s), %d held before", count(r.Files, "file"), size(r.Bytes), r.FilesHeld)
	}
	if err := i.app.told("%s", text); err != nil || len(r.Refused) == 0 {
		return err
	}
	if err := i.app.told("  %s refused:", count(len(r.Refused), "item")); err != nil {
		return err
	}
	for n, refused := range r.Refused {
		if n == maxRefusalsShown {
			return i.app.told("  and %d more; --json lists all", len(r.Refused)-n)
		}
		if err := i.app.told("  %s: %s", refused.Item, refused.Reason); err != nil {
			return err
		}
	}
	return nil
}
