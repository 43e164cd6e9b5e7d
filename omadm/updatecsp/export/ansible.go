package export

import (
	"strconv"
	"strings"

	"sluice/omadm/updatecsp"
)

// writeAnsible writes a list of tasks, to be included in a play.
func writeAnsible(p plan) ([]File, error) {
	lines := append(before("# ", p.comments()), "---")
	for _, v := range p.values {
		kind, data := "string", "!unsafe "+quoteYAML(v.Data)
		if v.Type == updatecsp.DWord {
			n, err := number(v)
			if err != nil {
				return nil, err
			}
			kind, data = "dword", strconv.FormatUint(uint64(n), 10)
		}
		lines = append(lines,
			"- name: "+quoteYAML("Windows updates, "+shortKey(v.Key)+" "+v.Name),
			"  ansible.windows.win_regedit:",
			"    path: "+quoteYAML(`HKLM:\`+v.Key),
			"    name: "+quoteYAML(v.Name),
			"    data: "+data,
			"    type: "+kind,
			"    state: present")
	}
	if len(p.values) == 0 {
		lines = append(lines, "[]")
	}
	return []File{{"sluice-updates.yml", []byte(strings.Join(lines, "\n") + "\n")}}, nil
}

// quoteYAML quotes text without control characters. With !unsafe before it Ansible
// does not look for templates in it.
func quoteYAML(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
