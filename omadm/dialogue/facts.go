package dialogue

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/omadm/device"
)

// maxFact bounds a text that a device says of itself, in bytes.
const maxFact = 256

// nodeSwV holds the version of Windows.
const nodeSwV = "./DevDetail/SwV"

// fact is a node that says something of a device, and where that goes.
type fact struct {
	uri string
	set func(f *Facts, value string, now time.Time)
}

var factSwV = fact{nodeSwV, func(f *Facts, v string, _ time.Time) { f.OSVersion = v }}

// introductions are what a device says of itself with the first message of a
// session (DevInfo, OMA DM 1.2).
var introductions = [...]fact{
	{"./DevInfo/DevId", func(f *Facts, v string, _ time.Time) { f.DeviceID = v }},
	{"./DevInfo/Man", func(f *Facts, v string, _ time.Time) { f.Manufacturer = v }},
	{"./DevInfo/Mod", func(f *Facts, v string, _ time.Time) { f.Model = v }},
	{"./DevInfo/DmV", func(f *Facts, v string, _ time.Time) { f.DMVersion = v }},
	{"./DevInfo/Lang", func(f *Facts, v string, _ time.Time) { f.Language = v }},
}

// dailyFacts are what it is asked for. The nodes of the Defender CSP are public
// knowledge; their description is not among the files that the others were
// checked against.
var dailyFacts = [...]fact{
	{"./DevDetail/LrgObj", func(f *Facts, v string, _ time.Time) { f.LargeObjects = strings.EqualFold(v, "true") || v == "1" }},
	{"./DevDetail/Ext/Microsoft/OSPlatform", func(f *Facts, v string, _ time.Time) { f.Platform = v }},
	{"./DevDetail/Ext/Microsoft/ProcessorArchitecture", func(f *Facts, v string, _ time.Time) { f.Architecture = architecture(v) }},
	{"./DevDetail/Ext/Microsoft/DeviceName", func(f *Facts, v string, _ time.Time) { f.DeviceName = v }},
	{"./DevDetail/Ext/Microsoft/DNSComputerName", func(f *Facts, v string, _ time.Time) { f.DNSName = v }},
	{"./DevDetail/Ext/Microsoft/SMBIOSSerialNumber", func(f *Facts, v string, _ time.Time) { f.Serial = v }},
	{"./Vendor/MSFT/DeviceStatus/OS/Edition", func(f *Facts, v string, _ time.Time) { f.OSEdition = edition(v) }},
	{"./Vendor/MSFT/Defender/Health/SignatureVersion", setSignature},
	{"./Vendor/MSFT/Defender/Health/SignatureOutOfDate", func(f *Facts, v string, _ time.Time) { f.SignatureOutdated = strings.EqualFold(v, "true") || v == "1" }},
	{"./Device/Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RenewPeriod", func(f *Facts, v string, _ time.Time) { f.Renewal.Period = v }},
	{"./Device/Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RetryInterval", func(f *Facts, v string, _ time.Time) { f.Renewal.Interval = v }},
	{"./Device/Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/Status", func(f *Facts, v string, _ time.Time) { f.Renewal.Status = v }},
	{"./Device/Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/ErrorCode", func(f *Facts, v string, _ time.Time) { f.Renewal.Error = v }},
	{"./Device/Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/LastRenewalAttemptTime", func(f *Facts, v string, _ time.Time) { f.Renewal.Last = v }},
}

// setSignature notes when a version of Defender's definitions is first seen.
func setSignature(f *Facts, v string, now time.Time) {
	if v == f.SignatureVersion {
		return
	}
	f.SignatureVersion, f.SignatureSince = v, now.Truncate(time.Second)
	if v == "" {
		f.SignatureSince = time.Time{}
	}
}

// architecture reads PROCESSOR_ARCHITECTURE_* of SYSTEM_INFO.
func architecture(v string) string {
	switch v {
	case "0":
		return "X86"
	case "5":
		return "ARM"
	case "9":
		return "AMD64"
	case "12":
		return "ARM64"
	}
	return v
}

// edition reads a SKU number; 0 for what is none.
func edition(v string) int {
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// introduce takes what the device said of itself with the first message.
func (t *talk) introduce(items []device.Item) {
	for _, item := range items {
		for _, f := range introductions {
			if strings.EqualFold(strings.TrimSpace(item.URI), f.uri) {
				f.set(&t.facts, plain(item.Data), t.now)
			}
		}
	}
}

// askFacts asks for what the device says of itself.
func (t *talk) askFacts() {
	t.allFacts = true
	for _, f := range dailyFacts {
		t.ask(get(f.uri), func(a device.Answer) { t.takeFact(f, a) })
	}
}

// takeFact reads one fact. What the device does not know is forgotten, what it
// would not say now stays.
func (t *talk) takeFact(f fact, a device.Answer) {
	switch {
	case a.Status == device.NotFound:
		f.set(&t.facts, "", t.now)
	case len(a.Items) > 0 && (a.Status == 0 || a.Status.Done()):
		f.set(&t.facts, plain(a.Items[0].Data), t.now)
	}
}

// plain cleans and cuts a text from a device.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if s = strings.TrimSpace(s); len(s) > maxFact {
		s = strings.TrimSpace(strings.ToValidUTF8(s[:maxFact], ""))
	}
	return s
}

// sameFacts reports whether nothing changed.
func sameFacts(a, b Facts) bool {
	if !a.SignatureSince.Equal(b.SignatureSince) {
		return false
	}
	a.SignatureSince = b.SignatureSince
	return a == b
}
