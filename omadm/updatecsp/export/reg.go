package export

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/omadm/updatecsp"
)

// number returns the value of a DWORD.
func number(v updatecsp.RegistryValue) (uint32, error) {
	n, err := strconv.ParseUint(v.Data, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s\\%s: %w", v.Key, v.Name, err)
	}
	return uint32(n), nil
}

// writeReg writes a file for reg import.
func writeReg(p plan) ([]File, error) {
	lines := append([]string{"Windows Registry Editor Version 5.00", ""}, before("; ", p.comments())...)
	key := ""
	for _, v := range p.values {
		if v.Key != key {
			key = v.Key
			lines = append(lines, "", `[HKEY_LOCAL_MACHINE\`+key+"]")
		}
		data := `"` + escapeReg(v.Data) + `"`
		if v.Type == updatecsp.DWord {
			n, err := number(v)
			if err != nil {
				return nil, err
			}
			data = fmt.Sprintf("dword:%08x", n)
		}
		lines = append(lines, `"`+escapeReg(v.Name)+`"=`+data)
	}
	return []File{{"sluice-updates.reg", windows(append(lines, ""))}}, nil
}

func escapeReg(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }
