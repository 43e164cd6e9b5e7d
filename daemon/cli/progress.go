package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/schollz/progressbar/v3"

	"sluice/catalogimport"
)

// bar shows how far long work is, on a terminal only.
type bar struct {
	out   io.Writer // nil where there is no terminal
	name  string
	phase string
	shown *progressbar.ProgressBar
}

func newBar(w io.Writer, name string) *bar {
	b := &bar{name: name}
	if isTerminal(w) {
		b.out = w
	}
	return b
}

// begin starts a new bar when the work enters another phase. A total of -1 is not
// known.
func (b *bar) begin(phase string, total int64, options ...progressbar.Option) {
	if phase == b.phase {
		return
	}
	b.finish()
	b.phase = phase
	options = append(options,
		progressbar.OptionSetWriter(b.out), progressbar.OptionSetDescription(printable(b.name+": "+phase)),
		progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(), progressbar.OptionShowCount())
	b.shown = progressbar.NewOptions64(total, options...)
}

// imported shows the progress of an import.
func (b *bar) imported(p *catalogimport.Progress) {
	if b.out == nil {
		return
	}
	switch p.Phase {
	case "metadata":
		total := int64(p.Total)
		if total == 0 {
			total = -1
		}
		b.begin(p.Phase, total)
		_ = b.shown.Set64(int64(p.Revisions))
	case "files":
		b.begin(p.Phase, -1, progressbar.OptionShowBytes(true))
		_ = b.shown.Set64(p.Bytes)
	default:
		b.begin(p.Phase, -1)
	}
}

// bytes shows how many bytes are done.
func (b *bar) bytes(done, total int64) {
	if b.out == nil || total <= 0 {
		return
	}
	b.begin("copying", total, progressbar.OptionShowBytes(true))
	b.shown.ChangeMax64(total)
	_ = b.shown.Set64(min(done, total))
}

// finish takes the bar off the screen.
func (b *bar) finish() {
	if b.shown != nil {
		_ = b.shown.Clear()
		fmt.Fprint(b.out, "\r")
		b.shown = nil
	}
	b.phase = ""
}

// baseName names a medium in front of its bar.
func baseName(path string) string { return shorten(filepath.Base(path), 40) }
