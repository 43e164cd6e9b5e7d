package export_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sluice/omadm/updatecsp/export"
)

// parseReg reads a file of regedit.
func parseReg(t *testing.T, files []export.File) []string {
	t.Helper()
	text, ok := strings.CutPrefix(narrow(t, files[0].Data), "\ufeffWindows Registry Editor Version 5.00\r\n\r\n")
	if !ok || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Fatalf("not a file of regedit: %q", text)
	}
	var out []string
	key := ""
	value := regexp.MustCompile(`^"((?:[^"\\]|\\.)*)"=(?:dword:([0-9a-f]{8})|"((?:[^"\\]|\\.)*)")$`)
	unescape := func(s string) string { return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(s) }
	for _, l := range strings.Split(text, "\r\n") {
		switch m := value.FindStringSubmatch(l); {
		case l == "", strings.HasPrefix(l, ";"):
		case strings.HasPrefix(l, `[HKEY_LOCAL_MACHINE\`):
			key = strings.TrimSuffix(strings.TrimPrefix(l, `[HKEY_LOCAL_MACHINE\`), "]")
		case m == nil:
			t.Errorf("line %q", l)
		case m[2] != "":
			n, err := strconv.ParseUint(m[2], 16, 32)
			if err != nil {
				t.Error(err)
			}
			out = append(out, line(key, unescape(m[1]), "REG_DWORD", strconv.FormatUint(n, 10)))
		default:
			out = append(out, line(key, unescape(m[1]), "REG_SZ", unescape(m[3])))
		}
	}
	return out
}

// parseLGPO reads the text form of LGPO.
func parseLGPO(t *testing.T, files []export.File) []string {
	t.Helper()
	text := string(files[0].Data)
	if strings.HasPrefix(text, "\xff\xfe") {
		text = strings.TrimPrefix(narrow(t, files[0].Data), "\ufeff")
	}
	var out []string
	for _, block := range strings.Split(text, "\r\n\r\n") {
		var lines []string
		for _, l := range strings.Split(block, "\r\n") {
			if l != "" && !strings.HasPrefix(l, ";") {
				lines = append(lines, l)
			}
		}
		if len(lines) == 0 {
			continue
		}
		if len(lines) != 4 || lines[0] != "Computer" {
			t.Errorf("block %q", lines)
			continue
		}
		kind, data, _ := strings.Cut(lines[3], ":")
		kinds := map[string]string{"SZ": "REG_SZ", "DWORD": "REG_DWORD"}
		out = append(out, line(lines[1], lines[2], kinds[kind], data))
	}
	return out
}

// parsePol reads a Registry.pol (MS-GPREG 2.2.1).
func parsePol(t *testing.T, b []byte) []string {
	t.Helper()
	rest, ok := bytes.CutPrefix(b, []byte("PReg\x01\x00\x00\x00"))
	if !ok {
		t.Fatalf("header of Registry.pol: %x", b[:8])
	}
	take := func(n int) []byte {
		if len(rest) < n {
			t.Fatalf("Registry.pol ends within a value")
		}
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	want := func(s string) {
		if got := narrow(t, take(2)); got != s {
			t.Fatalf("Registry.pol has %q for %q", got, s)
		}
	}
	text := func() string {
		var units []byte
		for {
			u := take(2)
			if u[0] == 0 && u[1] == 0 {
				return narrow(t, units)
			}
			units = append(units, u...)
		}
	}
	var out []string
	for len(rest) > 0 {
		want("[")
		key := text()
		want(";")
		name := text()
		want(";")
		kind := binary.LittleEndian.Uint32(take(4))
		want(";")
		size := binary.LittleEndian.Uint32(take(4))
		want(";")
		data := take(int(size))
		want("]")
		switch kind {
		case 1:
			s, ok := strings.CutSuffix(narrow(t, data), "\x00")
			if !ok {
				t.Errorf("text of %s does not end", name)
			}
			out = append(out, line(key, name, "REG_SZ", s))
		case 4:
			out = append(out, line(key, name, "REG_DWORD", strconv.FormatUint(uint64(binary.LittleEndian.Uint32(data)), 10)))
		default:
			t.Errorf("%s has type %d", name, kind)
		}
	}
	return out
}

// parseBackup reads a backup as an import does: the manifest names the folder,
// whose Backup.xml names the file.
func parseBackup(t *testing.T, files []export.File) []string {
	t.Helper()
	byPath := map[string][]byte{}
	for _, f := range files {
		byPath[f.Path] = f.Data
	}
	type inst struct {
		ID, GPOGuid, GPODisplayName string
	}
	var m struct {
		XMLName xml.Name `xml:"http://www.microsoft.com/GroupPolicy/GPOOperations/Manifest Backups"`
		Version string   `xml:"http://www.microsoft.com/GroupPolicy/GPOOperations/Manifest version,attr"`
		Backups []inst   `xml:"BackupInst"`
	}
	if err := xml.Unmarshal(byPath["manifest.xml"], &m); err != nil || len(m.Backups) != 1 || m.Version != "1.0" {
		t.Fatalf("manifest %+v: %v", m, err)
	}
	var info struct {
		XMLName xml.Name `xml:"http://www.microsoft.com/GroupPolicy/GPOOperations/Manifest BackupInst"`
		inst
	}
	id := m.Backups[0].ID
	if err := xml.Unmarshal(byPath[id+"/bkupInfo.xml"], &info); err != nil {
		t.Fatalf("bkupInfo: %v", err)
	}
	var b struct {
		XMLName xml.Name `xml:"http://www.microsoft.com/GroupPolicy/GPOOperations GroupPolicyBackupScheme"`
		Core    struct {
			ID, DisplayName, SecurityDescriptor, MachineExtensionGuids string
		} `xml:"GroupPolicyObject>GroupPolicyCoreSettings"`
		Extension struct {
			ID   string `xml:"http://www.microsoft.com/GroupPolicy/GPOOperations ID,attr"`
			File struct {
				Location string `xml:"http://www.microsoft.com/GroupPolicy/GPOOperations Location,attr"`
			} `xml:"FSObjectFile"`
		} `xml:"GroupPolicyObject>GroupPolicyExtension"`
	}
	if err := xml.Unmarshal(byPath[id+"/Backup.xml"], &b); err != nil {
		t.Fatalf("Backup.xml: %v", err)
	}
	if b.Core.ID != m.Backups[0].GPOGuid || b.Core.DisplayName != m.Backups[0].GPODisplayName || !strings.Contains(b.Core.MachineExtensionGuids, b.Extension.ID) {
		t.Errorf("Backup.xml %+v does not fit the manifest %+v", b, m)
	}
	checkDescriptor(t, b.Core.SecurityDescriptor)
	pol, ok := byPath[id+"/"+strings.ReplaceAll(b.Extension.File.Location, `\`, "/")]
	if !ok {
		t.Fatalf("there is no %s", b.Extension.File.Location)
	}
	return parsePol(t, pol)
}

// checkDescriptor checks that a self-relative security descriptor holds together
// (MS-DTYP 2.4.6).
func checkDescriptor(t *testing.T, text string) {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(b) < 20 || b[0] != 1 || binary.LittleEndian.Uint16(b[2:]) != 0x8004 {
		t.Fatalf("descriptor %s: %v", text, err)
	}
	sid := func(at uint32) int { return int(at) + 8 + 4*int(b[at+1]) } // its end
	owner, group, acl := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[16:])
	if sid(owner) != int(group) || sid(group) != int(acl) {
		t.Errorf("owner at %d, group at %d, list at %d", owner, group, acl)
	}
	size, count := int(binary.LittleEndian.Uint16(b[acl+2:])), int(binary.LittleEndian.Uint16(b[acl+4:]))
	at := acl + 8
	for range count {
		end := at + uint32(binary.LittleEndian.Uint16(b[at+2:]))
		if sid(at+8) != int(end) {
			t.Errorf("entry at %d ends at %d, its account at %d", at, end, sid(at+8))
		}
		at = end
	}
	if int(at) != len(b) || int(acl)+size != len(b) {
		t.Errorf("the list ends at %d and %d of %d", at, int(acl)+size, len(b))
	}
}

// parseDSC reads the properties of the Registry resources.
func parseDSC(t *testing.T, files []export.File) []string {
	t.Helper()
	text, ok := strings.CutPrefix(string(files[0].Data), "\ufeff")
	if !ok {
		t.Error("no byte order mark")
	}
	unquote := func(s string) string {
		s = strings.TrimSuffix(strings.TrimPrefix(s, "'"), "'")
		for _, q := range []string{"'", "\u2018", "\u2019", "\u201a", "\u201b"} {
			s = strings.ReplaceAll(s, q+q, q)
		}
		return s
	}
	var out []string
	for _, block := range strings.Split(text, "        Registry '")[1:] {
		v := map[string]string{}
		for _, m := range regexp.MustCompile(`(?m)^            (\w+) += ('.*'|\$true)\r$`).FindAllStringSubmatch(block, -1) {
			v[m[1]] = unquote(m[2])
		}
		kinds := map[string]string{"String": "REG_SZ", "Dword": "REG_DWORD"}
		out = append(out, line(strings.TrimPrefix(v["Key"], `HKEY_LOCAL_MACHINE\`), v["ValueName"], kinds[v["ValueType"]], v["ValueData"]))
	}
	return out
}

// parseAnsible reads the arguments of the tasks.
func parseAnsible(t *testing.T, files []export.File) []string {
	t.Helper()
	unquote := func(s string) string {
		s = strings.TrimPrefix(s, "!unsafe ")
		if quoted, ok := strings.CutPrefix(s, "'"); ok {
			return strings.ReplaceAll(strings.TrimSuffix(quoted, "'"), "''", "'")
		}
		return s
	}
	var out []string
	for _, block := range strings.Split(string(files[0].Data), "\n- name: ")[1:] {
		v := map[string]string{}
		for _, m := range regexp.MustCompile(`(?m)^    (\w+): (.*)$`).FindAllStringSubmatch(block, -1) {
			v[m[1]] = unquote(m[2])
		}
		kinds := map[string]string{"string": "REG_SZ", "dword": "REG_DWORD"}
		out = append(out, line(strings.TrimPrefix(v["path"], `HKLM:\`), v["name"], kinds[v["type"]], v["data"]))
	}
	return out
}
