package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"sluice/daemon/config"
)

// openLog returns the log that the configuration asks for and what closes it.
// fallback is where it goes without a file.
func openLog(c config.Log, fallback io.Writer) (*slog.Logger, io.Closer, error) {
	w, closer := fallback, io.NopCloser(nil)
	if c.File != "" {
		f, err := os.OpenFile(c.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
		if err != nil {
			return nil, nil, fmt.Errorf("open log.file: %w", err)
		}
		w, closer = f, f
	}
	o := &slog.HandlerOptions{Level: c.Level.Slog()}
	if c.Format == config.JSONFormat {
		return slog.New(slog.NewJSONHandler(w, o)), closer, nil
	}
	return slog.New(slog.NewTextHandler(w, o)), closer, nil
}
