package export

import (
	"strconv"
	"strings"

	"sluice/omadm/updatecsp"
)

// writeLGPO writes the text form of LGPO.exe: four lines for each value. What is
// not plain ASCII is written in UTF-16, for no code page is right everywhere.
func writeLGPO(p plan) ([]File, error) {
	lines := before("; ", p.comments())
	for _, v := range p.values {
		data := "SZ:" + v.Data
		if v.Type == updatecsp.DWord {
			n, err := number(v)
			if err != nil {
				return nil, err
			}
			data = "DWORD:" + strconv.FormatUint(uint64(n), 10)
		}
		lines = append(lines, "", "Computer", v.Key, v.Name, data)
	}
	data := []byte(strings.Join(lines, "\r\n") + "\r\n")
	if !ascii(data) {
		data = windows(lines)
	}
	return []File{{"sluice-updates.lgpo.txt", data}}, nil
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c > 0x7e {
			return false
		}
	}
	return true
}
