package export_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/updatecsp"
	"sluice/omadm/updatecsp/export"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at() time.Time { return time.Date(2026, 11, 24, 18, 30, 0, 0, time.UTC) }

// desired is the airgap preset with a schedule, a deferral and what cannot be
// exported.
func desired(t *testing.T) updatecsp.Desired {
	t.Helper()
	values := map[string]string{
		"AllowAutoUpdate": "3", "ScheduledInstallDay": "1", "ActiveHoursStart": "7", "ActiveHoursEnd": "19",
		"DeferQualityUpdatesPeriodInDays": "7", "BranchReadinessLevel": "16", "PauseFeatureUpdates": "1",
		"ExcludeWUDriversInQualityUpdate": "1", "DeferFeatureUpdatesPeriodInDays": "0", "RequireUpdateApproval": "0",
		"IgnoreMOUpdateDownloadLimit": "0",
	}
	for name, value := range values {
		if _, normal, err := updatecsp.Validate(name, value); err != nil || normal != value {
			t.Fatal(name, normal, err)
		}
	}
	return updatecsp.Merge([]updatecsp.Assignment{{Name: "all", Preset: "airgap", Values: values}}, updatecsp.Environment{
		UpdateService: "https://sluice.site.example:8531", Content: "https://content.site.example:8531",
	})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, as := range export.Formats() {
		t.Run(as, func(t *testing.T) {
			t.Parallel()
			r, err := export.Export(desired(t), export.Options{As: as, Group: "Plant floor", Title: "Plant floor", At: at()})
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for _, l := range r.LeftOut {
				if l.Reason == "" {
					t.Errorf("%s is left out without a reason", l.Name)
				}
				left = append(left, l.Name)
			}
			if diff := cmp.Diff([]string{"DisableDualScan", "IgnoreMOUpdateDownloadLimit", "RequireUpdateApproval"}, left); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
			for _, f := range r.Files {
				golden(t, as, f)
			}
		})
	}
}

// golden compares a file with the one in testdata. UTF-16 is kept as UTF-8 there,
// with plain ends of lines, and Registry.pol as what it holds.
func golden(t *testing.T, as string, f export.File) {
	t.Helper()
	name := f.Path
	if _, below, ok := strings.Cut(name, "}/"); ok {
		name = "backup/" + below
	}
	data := f.Data
	if strings.HasSuffix(name, ".pol") {
		name += ".txt"
		data = []byte(strings.Join(parsePol(t, f.Data), "\n") + "\n")
	} else if bytes.HasPrefix(data, []byte{0xff, 0xfe}) {
		data = []byte(strings.TrimPrefix(narrow(t, data), "\ufeff"))
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	path := filepath.Join("testdata", as, filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(data)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", f.Path, diff)
	}
}

// narrow reads UTF-16, little endian, with its byte order mark.
func narrow(t *testing.T, b []byte) string {
	t.Helper()
	if len(b)%2 != 0 {
		t.Fatalf("%d bytes of UTF-16", len(b))
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// TestEverySetting writes every setting in every format, with every value of an
// enum and both edges of a range, and reads the values back.
func TestEverySetting(t *testing.T) {
	t.Parallel()
	texts := map[updatecsp.TextKind]string{
		updatecsp.URL: "https://a.example:8531", updatecsp.Date: "2026-11-24", updatecsp.Release: "24H2",
		updatecsp.Product: "Windows 11", updatecsp.Hosts: "a.example,10.0.0.7", updatecsp.Keywords: "o'brien’s {{ vpn }},\"x\"\\",
		updatecsp.GUID: "3f2504e0-4f89-11d3-9a0c-0305e82c3301", updatecsp.Place: `%SystemDrive%\Cache`, updatecsp.ADMX: "<disabled/>",
	}
	for _, s := range updatecsp.Settings() {
		values := []string{texts[s.Text]}
		switch s.Kind {
		case updatecsp.Range:
			values = []string{strconv.FormatInt(s.Min, 10), strconv.FormatInt(s.Max, 10)}
		case updatecsp.Enum:
			values = nil
			for _, v := range s.Values {
				values = append(values, v.Value)
			}
		}
		for _, value := range values {
			if _, err := s.Validate(value); err != nil {
				t.Fatal(err)
			}
			rows, why := s.Registry(value)
			var want []string
			for _, r := range rows {
				want = append(want, line(r.Key, r.Name, string(r.Type), r.Data))
			}
			slices.Sort(want)
			d := updatecsp.Desired{s.Name: {Value: value}}
			for as, parse := range parsers() {
				r, err := export.Export(d, export.Options{As: as, At: at()})
				if err != nil {
					t.Fatal(err)
				}
				got := parse(t, r.Files)
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s = %q as %s (-want +got):\n%s", s.Name, value, as, diff)
				}
				if (len(r.LeftOut) == 1) != (why != "") {
					t.Errorf("%s = %q as %s: left out %v, want %q", s.Name, value, as, r.LeftOut, why)
				}
			}
		}
	}
}

// TestSharedValues checks what happens where several settings write one value.
func TestSharedValues(t *testing.T) {
	t.Parallel()
	const (
		wu = `SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`
		au = wu + `\AU`
	)
	for _, tt := range []struct {
		name, values string
		want         []string
	}{
		{"default schedule", "AllowAutoUpdate=3", []string{
			line(au, "AUOptions", "REG_DWORD", "4"), line(au, "AutomaticMaintenanceEnabled", "REG_DWORD", "0"),
			line(au, "NoAutoUpdate", "REG_DWORD", "0"), line(au, "ScheduledInstallDay", "REG_DWORD", "0"),
			line(au, "ScheduledInstallTime", "REG_DWORD", "3"),
		}},
		{"own schedule", "AllowAutoUpdate=3 ScheduledInstallDay=7 ScheduledInstallTime=0", []string{
			line(au, "AUOptions", "REG_DWORD", "4"), line(au, "AutomaticMaintenanceEnabled", "REG_DWORD", "0"),
			line(au, "NoAutoUpdate", "REG_DWORD", "0"), line(au, "ScheduledInstallDay", "REG_DWORD", "7"),
			line(au, "ScheduledInstallTime", "REG_DWORD", "0"),
		}},
		{"deferral of no days", "DeferQualityUpdatesPeriodInDays=0", []string{
			line(wu, "DeferQualityUpdates", "REG_DWORD", "0"), line(wu, "DeferQualityUpdatesPeriodInDays", "REG_DWORD", "0"),
		}},
		{"pause with a deferral of no days", "DeferQualityUpdatesPeriodInDays=0 PauseQualityUpdatesStartTime=2026-11-24", []string{
			line(wu, "DeferQualityUpdates", "REG_DWORD", "1"), line(wu, "DeferQualityUpdatesPeriodInDays", "REG_DWORD", "0"),
			line(wu, "PauseQualityUpdatesStartTime", "REG_SZ", "2026-11-24"),
		}},
		{"a switch that one needs", "RequireDeferUpgrade=0 DeferUpdatePeriod=2", []string{
			line(wu, "DeferUpdatePeriod", "REG_DWORD", "2"), line(wu, "DeferUpgrade", "REG_DWORD", "1"),
		}},
		{"not updated at all", "AllowAutoUpdate=5", []string{line(au, "NoAutoUpdate", "REG_DWORD", "1")}},
		{"no such setting", "Gone=1", nil},
		{"nothing", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := updatecsp.Desired{}
			for _, pair := range strings.Fields(tt.values) {
				name, value, _ := strings.Cut(pair, "=")
				d[name] = updatecsp.Choice{Value: value}
			}
			for as, parse := range parsers() {
				r, err := export.Export(d, export.Options{As: as, At: at()})
				if err != nil {
					t.Fatal(err)
				}
				got := parse(t, r.Files)
				slices.Sort(got)
				if diff := cmp.Diff(tt.want, got); diff != "" && len(got)+len(tt.want) > 0 {
					t.Errorf("as %s (-want +got):\n%s", as, diff)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		as, group string
		want      error
	}{
		{"zip", "", export.ErrFormat}, {"", "", export.ErrFormat},
		{"reg", "a;b", export.ErrGroup}, {"reg", "a\r\nb", export.ErrGroup}, {"reg", " a", export.ErrGroup},
		{"reg", strings.Repeat("x", 257), export.ErrGroup}, {"reg", "\xff", export.ErrGroup},
		{"reg", "Werk Süd", nil}, {"reg", strings.Repeat("x", 256), nil},
	} {
		if _, err := export.Export(updatecsp.Desired{}, export.Options{As: tt.as, Group: tt.group, At: at()}); !errors.Is(err, tt.want) || err != nil && tt.want == nil {
			t.Errorf("as %q for %q: %v, want %v", tt.as, tt.group, err, tt.want)
		}
	}
	d := updatecsp.Desired{"ActiveHoursStart": {Value: "x"}}
	for _, as := range export.Formats() {
		if _, err := export.Export(d, export.Options{As: as, At: at()}); err == nil {
			t.Errorf("as %s a number that is none was written", as)
		}
	}
}

// TestTitles checks that a title cannot break out of a file, and that files are the
// same each time.
func TestTitles(t *testing.T) {
	t.Parallel()
	for _, title := range []string{"", "a\r\nb", "]]>", "o'brien’s \"x\" <&>", "{{ x }}", "\xff\x00", strings.Repeat("x", 1000)} {
		for _, as := range export.Formats() {
			o := export.Options{As: as, Group: "o'brien’s {{ x }} ]]> \"", Title: title, At: at()}
			r, err := export.Export(updatecsp.Desired{}, o)
			if err != nil {
				t.Fatal(err)
			}
			got := parsers()[as](t, r.Files)
			if !slices.Contains(got, line(`SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`, "TargetGroup", "REG_SZ", o.Group)) || len(got) != 2 {
				t.Errorf("%q as %s: %q", title, as, got)
			}
			again, err := export.Export(updatecsp.Desired{}, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r, again); diff != "" {
				t.Errorf("%q as %s is not the same twice", title, as)
			}
		}
	}
}

// line is a registry value as one line.
func line(key, name, kind, data string) string {
	return fmt.Sprintf("%s\\%s %s = %s", key, name, kind, data)
}

// parsers read files back, by format.
func parsers() map[string]func(*testing.T, []export.File) []string {
	m := map[string]func(*testing.T, []export.File) []string{
		"reg": parseReg, "lgpo": parseLGPO, "gpo-backup": parseBackup, "dsc": parseDSC, "ansible": parseAnsible,
	}
	if !slices.Equal(slices.Sorted(maps.Keys(m)), export.Formats()) {
		panic("a format lacks its parser")
	}
	return m
}
