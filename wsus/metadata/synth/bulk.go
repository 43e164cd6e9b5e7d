package synth

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// driverRule returns a rule that asks what the applicability metadata tells.
func driverRule(name string) Rule {
	return Rule(`<drv:` + name + ` xmlns:drv="` + HandlerDriver + `" />`)
}

func cbsRule(name string) Rule {
	return Rule(`<cbsar:` + name + ` xmlns:cbsar="` + nsRoot + `CbsApplicabilityRules" />`)
}

// fileVersions returns a rule that asks for files, of about size bytes in the core
// fragment.
func fileVersions(size int, rnd *rand.Rand) Rule {
	const (
		inCore = 115 // bytes of one below, in a core fragment
		name   = `\drivers\harbor`
	)
	rules := make([]Rule, max(1, size/inCore))
	for i := range rules {
		rules[i] = FileVersion(name+strconv.Itoa(i)+".dll", "10.0."+strconv.Itoa(rnd.IntN(30_000))+"."+strconv.Itoa(rnd.IntN(9_000)))
	}
	return And(rules...)
}

// manifest returns the metadata of a component package, of about size bytes, which
// both documents and core fragments have in this form.
func manifest(size int, rnd *rand.Rand) Rule {
	const digits = "0123456789abcdef"
	var b strings.Builder
	b.Grow(size + 1024)
	b.WriteString(`<cbsar:CbsPackageApplicabilityMetadata xmlns:cbsar="` + nsRoot + `CbsApplicabilityRules">` +
		`<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0" description="Fix" company="Harborworks">` +
		`<package identifier="KB" releaseType="Update" restart="possible">`)
	var number, token [8]byte
	for i := 0; b.Len() < size-60; i++ {
		x := rnd.Uint64()
		for j := range token {
			token[j] = digits[x>>(4*j)&15]
		}
		b.WriteString(`<update name="`)
		b.Write(strconv.AppendInt(number[:0], int64(i), 10))
		b.WriteString(`_neutral_PACKAGE"><package integrate="hidden"><assemblyIdentity name="Harborworks-Component-`)
		b.Write(token[:])
		b.WriteString(`-Package" version="10.0.`)
		b.Write(strconv.AppendUint(number[:0], x>>40&0x7FFF, 10))
		b.WriteString(`.1" language="neutral" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" /></package></update>`)
	}
	b.WriteString(`</package></assembly></cbsar:CbsPackageApplicabilityMetadata>`)
	return Rule(b.String())
}
