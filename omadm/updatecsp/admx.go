package updatecsp

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

// normalADMX takes the text that sets an ADMX policy by OMA DM: <disabled/>, or
// <enabled/> and the <data/> elements of its parts.
func normalADMX(v string) (normal, reason string) {
	if len(v) > maxADMX {
		return "", "it is longer than " + strconv.Itoa(maxADMX) + " bytes"
	}
	d := xml.NewDecoder(strings.NewReader(v))
	state, open := "", 0
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", "it is not XML"
		}
		switch t := t.(type) {
		case xml.StartElement:
			if open++; open > 1 {
				return "", "its elements must not be in one another"
			}
			switch name := t.Name.Local; {
			case (name == "enabled" || name == "disabled") && state == "" && len(t.Attr) == 0:
				state = name
			case name == "data" && state == "enabled" && isData(t.Attr):
			default:
				return "", "<" + clip(name) + "> is out of place in it"
			}
		case xml.EndElement:
			open--
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return "", "it holds text between its elements"
			}
		default:
			return "", "it is not plain XML"
		}
	}
	if state == "" {
		return "", "it holds neither <enabled/> nor <disabled/>"
	}
	return v, ""
}

// isData reports whether the attributes are id and value.
func isData(attrs []xml.Attr) bool {
	return len(attrs) == 2 && attrs[0].Name == xml.Name{Local: "id"} && attrs[0].Value != "" &&
		attrs[1].Name == xml.Name{Local: "value"}
}
