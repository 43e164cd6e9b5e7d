package export

import (
	"strings"

	"sluice/omadm/updatecsp"
)

// writeDSC writes a configuration with a Registry resource for each value.
// Windows PowerShell takes a file for UTF-8 by its byte order mark only.
func writeDSC(p plan) ([]File, error) {
	lines := append(before("# ", p.comments()),
		"",
		"Configuration SluiceUpdates",
		"{",
		"    Import-DscResource -ModuleName PSDesiredStateConfiguration",
		"",
		"    Node 'localhost'",
		"    {")
	for _, v := range p.values {
		kind := "String"
		if v.Type == updatecsp.DWord {
			if _, err := number(v); err != nil {
				return nil, err
			}
			kind = "Dword"
		}
		lines = append(lines,
			"        Registry "+quotePS(shortKey(v.Key)+" "+v.Name),
			"        {",
			"            Ensure    = 'Present'",
			"            Key       = "+quotePS(`HKEY_LOCAL_MACHINE\`+v.Key),
			"            ValueName = "+quotePS(v.Name),
			"            ValueType = "+quotePS(kind),
			"            ValueData = "+quotePS(v.Data),
			"            Force     = $true",
			"        }")
	}
	lines = append(lines, "    }", "}", "", "SluiceUpdates -OutputPath (Join-Path $PSScriptRoot 'SluiceUpdates')", "")
	return []File{{"sluice-updates.ps1", []byte("\ufeff" + strings.Join(lines, "\r\n"))}}, nil
}

// shortKey is the last part of a key.
func shortKey(key string) string { return key[strings.LastIndexByte(key, '\\')+1:] }

// quotePS quotes text for PowerShell, which takes the typographic quotes for plain
// ones.
func quotePS(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		if strings.ContainsRune("'\u2018\u2019\u201a\u201b", r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}
