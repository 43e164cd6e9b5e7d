package export

import (
	"bytes"
	"encoding/binary"

	"sluice/omadm/updatecsp"
)

// The types of registry values in Registry.pol.
const (
	regSZ    = 1
	regDWord = 4
)

// registryPol writes a Registry.pol (MS-GPREG 2.2.1): a header, and
// [key;value;type;size;data] for each value, all in UTF-16.
func registryPol(values []updatecsp.RegistryValue) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("PReg")
	b.Write(binary.LittleEndian.AppendUint32(nil, 1))
	for _, v := range values {
		kind, data := uint32(regSZ), wide(v.Data+"\x00")
		if v.Type == updatecsp.DWord {
			n, err := number(v)
			if err != nil {
				return nil, err
			}
			kind, data = regDWord, binary.LittleEndian.AppendUint32(nil, n)
		}
		b.Write(wide("[" + v.Key + "\x00;" + v.Name + "\x00;"))
		b.Write(binary.LittleEndian.AppendUint32(nil, kind))
		b.Write(wide(";"))
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(data))))
		b.Write(wide(";"))
		b.Write(data)
		b.Write(wide("]"))
	}
	return b.Bytes(), nil
}
