package cli

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sluice/omadm/enroll"
	"sluice/wsus/update/samples"
)

const enrolmentPage = "../../packaging/docs/enrolment.md"

// TestDocuments checks that every command that a document names is one, with
// flags and arguments that it takes.
func TestDocuments(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../packaging/docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, "../../README.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			text := readText(t, page)
			blocks := inBlock.FindAllStringSubmatch(text, -1)
			if len(blocks) == 0 {
				t.Fatal("no command")
			}
			for _, m := range append(blocks, inText.FindAllStringSubmatch(text, -1)...) {
				// A sentence may name a command alone.
				if err := parsed(comments.ReplaceAllString(m[1], ""), m[0][0] == '`'); err != nil {
					t.Errorf("%s\n%v", m[1], err)
				}
			}
		})
	}
}

func readText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	inBlock  = regexp.MustCompile(`(?m)^ {4,}(sluice [^|\n]*)$`)
	inText   = regexp.MustCompile("`(sluice [^`|]*)`")
	comments = regexp.MustCompile(`\s+#.*$`)
	word     = regexp.MustCompile(`"[^"]*"|\S+`)
)

// parsed reads a command line as sluice would, and runs nothing. Its arguments
// may be missing where it is only named.
func parsed(line string, named bool) error {
	var args []string
	for _, w := range word.FindAllString(line, -1)[1:] {
		args = append(args, strings.Trim(w, `"`))
	}
	root := newRoot(&app{env: env{standardConfig: "none"}}, commands())
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if cmd == root {
		return errors.New("no command")
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if rest = cmd.Flags().Args(); named && len(rest) == 0 {
		return nil
	}
	return cmd.ValidateArgs(rest)
}

// TestEnrolmentPage checks that the page knows every way of enrolling, every
// refusal of the enrollment services, and no code that the sheet of facts has not.
func TestEnrolmentPage(t *testing.T) {
	t.Parallel()
	page := readText(t, enrolmentPage)
	guide, err := enroll.Instructions(enroll.Site{Public: "https://updates.ship.example"})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range guide.Ways {
		if !strings.Contains(page, "\n### "+w.Title+"\n") {
			t.Errorf("no way %q", w.Title)
		}
	}
	for _, text := range []string{"ms-device-enrollment:?mode=mdm", "RegisterDeviceWithManagement", "EnterpriseEnrollment.", "Enroll only in device management", "Disable MDM Enrollment"} {
		if !strings.Contains(page, text) {
			t.Errorf("no %q", text)
		}
	}
	// Each has its number beside it. Authorization alone is never sent.
	faults := regexp.MustCompile(`// (8018[0-9]{4})\b`).FindAllStringSubmatch(readText(t, "../../omadm/enroll/fault.go"), -1)
	if len(faults) < 10 {
		t.Errorf("%d numbers of faults", len(faults))
	}
	for _, f := range faults {
		if f[1] != "80180003" && !strings.Contains(page, "0x"+f[1]) {
			t.Errorf("no refusal 0x%s", f[1])
		}
	}
	t.Run("sheet", func(t *testing.T) {
		sheet := strings.ToLower(readText(t, samples.Path(t, "../ref/omadm.md")))
		codes := regexp.MustCompile(`0x([0-9A-Fa-f]{8})\b`).FindAllStringSubmatch(page, -1)
		if len(codes) < 10 {
			t.Errorf("%d codes", len(codes))
		}
		for _, c := range codes {
			if !strings.Contains(sheet, strings.ToLower(c[1])) {
				t.Errorf("%s is not in the sheet", c[0])
			}
		}
	})
}
