package agent

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Extended is what a client needs of an update to show, download and install
// it: its extended fragment, its texts in one language and where its files are.
// It is immutable and shared.
type Extended struct {
	Title, Description string
	Handler            string // URI
	RebootBehavior     string // of InstallationBehavior
	CanUninstall       bool
	Files              []update.File // URL is the location the server gave, empty for none
}

// maxFiles bounds the files of one update.
const maxFiles = 10_000

// parseExtended reads an extended and a localized fragment; either may be empty.
func parseExtended(extended, localized string) (*Extended, error) {
	e := &Extended{}
	if err := e.readExtended(extended); err != nil {
		return nil, fmt.Errorf("extended fragment: %w", err)
	}
	if err := e.readLocalized(localized); err != nil {
		return nil, fmt.Errorf("localized fragment: %w", err)
	}
	return e, nil
}

func (e *Extended) readExtended(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for depth := 0; ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.EndElement:
			depth--
		case xml.ProcInst, xml.Directive:
			return errors.New("declaration in a fragment")
		case xml.StartElement:
			if depth++; depth > maxRuleDepth {
				return fmt.Errorf("more than %d levels", maxRuleDepth)
			}
			switch t.Name.Local {
			case "ExtendedProperties":
				e.Handler = attr(t, "Handler")
			case "InstallationBehavior":
				e.RebootBehavior = attr(t, "RebootBehavior")
			case "UninstallationBehavior":
				e.CanUninstall = true
			case "File":
				f, err := readFile(d, t)
				if err != nil {
					return fmt.Errorf("file %q: %w", clip(attr(t, "FileName")), err)
				}
				if e.Files = append(e.Files, f); len(e.Files) > maxFiles {
					return fmt.Errorf("more than %d files", maxFiles)
				}
				depth-- // readFile consumed the end element
			}
		}
	}
}

// readFile reads a File element; the decoder is left after its end.
func readFile(d *xml.Decoder, t xml.StartElement) (update.File, error) {
	f := update.File{Name: attr(t, "FileName"), PatchingType: attr(t, "PatchingType")}
	var err error
	if f.Digest, err = update.ParseDigest(attr(t, "Digest")); err != nil {
		return f, err
	}
	if f.Size, err = strconv.ParseInt(attr(t, "Size"), 10, 64); err != nil || f.Size < 0 {
		return f, fmt.Errorf("size %q", clip(attr(t, "Size")))
	}
	if s := attr(t, "Modified"); s != "" {
		if f.Modified, err = parseTime(s); err != nil {
			return f, fmt.Errorf("modification time: %w", err)
		}
	}
	for {
		tok, err := d.Token()
		if err != nil {
			return f, err
		}
		switch t := tok.(type) {
		case xml.EndElement:
			return f, nil
		case xml.StartElement:
			var text string
			if err := d.DecodeElement(&text, &t); err != nil {
				return f, err
			}
			if t.Name.Local == "AdditionalDigest" && attr(t, "Algorithm") == "SHA256" {
				if f.SHA256, err = update.ParseSHA256(strings.TrimSpace(text)); err != nil {
					return f, err
				}
			}
		}
	}
}

func (e *Extended) readLocalized(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		t, ok := tok.(xml.StartElement)
		if !ok || t.Name.Local != "Title" && t.Name.Local != "Description" {
			continue
		}
		var s string
		if err := d.DecodeElement(&s, &t); err != nil {
			return err
		}
		if t.Name.Local == "Title" {
			e.Title = s
		} else {
			e.Description = s
		}
	}
}

// parseTime reads an xs:dateTime or xs:date; without a zone it is UTC.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date or time", clip(s))
}
