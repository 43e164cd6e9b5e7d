package catalogimport

import (
	"bytes"

	"sluice/catalogimport/documents"
)

// headLen is how much of a file tells what it is.
const headLen = 4096

// kind is what the first bytes of a file say that it is: one of the formats that
// a source reads, or else what to tell the administrator. Empty means unknown.
type kind string

const (
	isCabinet kind = "a cabinet"
	isGzip    kind = "a gzip file"
)

// sniff goes by the bytes. Names are what media lose first on their way.
func sniff(head []byte) kind {
	for _, k := range []struct {
		magic string
		kind  kind
	}{
		{"MSCF", isCabinet},
		{"\x1f\x8b", isGzip},
		{"MSWIM\x00\x00\x00", "a package of the WIM generation (.msu of Windows 11 24H2 or Server 2025, .wim, .esd); its metadata must come from an upstream server or an export"},
		{"MZ", "a program (.exe); its metadata must come from an export or a folder of documents, which it then is a payload of"},
		{"PK\x03\x04", "a ZIP archive; unpack it and import what is in it"},
		{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it and import what is in it"},
		{"PSTREAM", "the payload of a package (.psf), which has no metadata"},
		{"\xd0\xcf\x11\xe0", "an installer (.msi, .msp); its metadata must come from an export or a folder of documents, which it then is a payload of"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return k.kind
		}
	}
	text := bytes.TrimLeft(head, "\ufeff \t\r\n")
	switch {
	case documents.LooksLike(head):
		return "a single update document; import the folder that it lies in"
	case bytes.HasPrefix(text, []byte("<ExportPackage")), bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<ExportPackage")):
		return "the package.xml of an export, unpacked; import the export itself"
	case bytes.HasPrefix(bytes.ToLower(text), []byte("<!doctype html")), bytes.HasPrefix(bytes.ToLower(text), []byte("<html")):
		return "a web page; what should have been downloaded is not there"
	}
	return ""
}
