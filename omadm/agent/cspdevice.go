package agent

import (
	"fmt"
	"strconv"
	"time"

	"sluice/omadm/device"
)

// root builds the device's tree for one session.
func (s *session) root() *node {
	top := newBranch()
	s.devInfo(top)
	s.devDetail(top)
	s.deviceStatus(top)
	s.defender(top)
	s.dmClient(top)
	s.certificateStore(top)
	s.reboot(top)
	s.policy(top)
	s.updates(top)
	return top.node()
}

const vendor = "Vendor/MSFT/"

func (s *session) devInfo(t *branch) {
	m := &s.agent.cfg.Machine
	for _, it := range m.devInfo() {
		t.add(it.uri[len("./"):], leaf(device.Chr, it.data))
	}
}

// devInfo is what package 1 has of DevInfo, in its order.
func (m *Machine) devInfo() []result {
	chr := func(name, data string) result {
		return result{uri: "./DevInfo/" + name, value: value{device.Chr, data}}
	}
	return []result{
		chr("DevId", m.DeviceID), chr("Man", m.Manufacturer), chr("Mod", m.Model), chr("DmV", "1.3"), chr("Lang", m.Locale),
	}
}

func (s *session) devDetail(t *branch) {
	a := s.agent
	m := &a.cfg.Machine
	add := func(name string, f device.Format, v string) { t.add("DevDetail/"+name, leaf(f, v)) }
	for _, name := range []string{"MaxDepth", "MaxTotLen", "MaxSegLen"} {
		add("URI/"+name, device.Int, "0")
	}
	add("DevTyp", device.Chr, m.Platform)
	add("OEM", device.Chr, m.Manufacturer)
	add("FwV", device.Chr, "VMW71.00V.18227214.B64.2106252220")
	add("SwV", device.Chr, m.Version.String())
	add("HwV", device.Chr, "Hardware Version None")
	add("LrgObj", device.Bool, strconv.FormatBool(s.manner.LargeObjects))
	const ext = "Ext/Microsoft/"
	add(ext+"ProcessorArchitecture", device.Int, "9")
	add(ext+"ProcessorType", device.Int, "8664")
	add(ext+"OSPlatform", device.Chr, m.Platform)
	add(ext+"LocalTime", device.Chr, a.cfg.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"))
	t.add("DevDetail/"+ext+"DeviceName", s.named(ext+"DeviceName", m.Name))
	if m.Version.Build() >= 19041 {
		t.add("DevDetail/"+ext+"DNSComputerName", s.named(ext+"DNSComputerName", m.DNSName))
	}
	add(ext+"TotalStorage", device.Int, "61440")
	add(ext+"FreeStorage", device.Int, "32768")
	add(ext+"TotalRAM", device.Int, "4096")
	if m.Version.Build() >= 17763 {
		add(ext+"SMBIOSSerialNumber", device.Chr, m.Serial)
	}
}

// named is a name of the computer; a new one takes effect with a restart.
func (s *session) named(path, now string) *node {
	n := leaf(device.Chr, now)
	n.access |= canReplace
	n.write = func(_ device.Verb, x value) device.Status {
		s.agent.state.Nodes["DevDetail/"+path] = x.data
		return device.OK
	}
	return n
}

func (s *session) deviceStatus(t *branch) {
	m := &s.agent.cfg.Machine
	build := m.Version.Build()
	add := func(since int, name string, f device.Format, v string) {
		if build >= since {
			t.add(vendor+"DeviceStatus/"+name, leaf(f, v))
		}
	}
	signatures := map[bool]string{true: "1", false: "0"}[m.Defender.OutOfDate] // 1: out of date
	add(10586, "SecureBootState", device.Int, "1")
	for i, mac := range m.MAC {
		at := "NetworkIdentifiers/" + mac + "/"
		add(10586, at+"IPAddressV4", device.Chr, fmt.Sprintf("192.0.2.%d", 10+i))
		add(10586, at+"IPAddressV6", device.Chr, fmt.Sprintf("2001:db8::%d", 10+i))
		add(10586, at+"IsConnected", device.Bool, strconv.FormatBool(i == 0))
		add(10586, at+"Type", device.Int, "1")
	}
	add(10586, "Compliance/EncryptionCompliance", device.Bool, "false")
	add(15063, "TPM/SpecificationVersion", device.Chr, "2.0")
	add(15063, "OS/Edition", device.Chr, m.Platform)
	add(17134, "OS/Mode", device.Int, "0")
	add(15063, "Antivirus/SignatureStatus", device.Int, signatures)
	add(15063, "Antivirus/Status", device.Int, "0")
	add(15063, "Antispyware/SignatureStatus", device.Int, signatures)
	add(15063, "Antispyware/Status", device.Int, "0")
	add(15063, "Firewall/Status", device.Int, "0")
	add(15063, "UAC/Status", device.Int, "0")
	add(15063, "Battery/Status", device.Int, "0")
	add(15063, "Battery/EstimatedChargeRemaining", device.Int, "0")
	add(15063, "Battery/EstimatedRuntime", device.Int, "0")
	add(17134, "DomainName", device.Chr, m.Domain)
}

func (s *session) defender(t *branch) {
	d := &s.agent.cfg.Machine.Defender
	if d.SignatureVersion == "" {
		return
	}
	add := func(name string, f device.Format, v string) { t.add(vendor+"Defender/Health/"+name, leaf(f, v)) }
	flag := func(name string, v bool) { add(name, device.Bool, strconv.FormatBool(v)) }
	add("ComputerState", device.Int, "0")
	flag("DefenderEnabled", true)
	flag("RtpEnabled", true)
	flag("NisEnabled", true)
	flag("QuickScanOverdue", false)
	flag("FullScanOverdue", false)
	flag("SignatureOutOfDate", d.OutOfDate)
	flag("RebootRequired", false)
	flag("FullScanRequired", false)
	add("EngineVersion", device.Chr, d.EngineVersion)
	add("SignatureVersion", device.Chr, d.SignatureVersion)
	add("DefenderVersion", device.Chr, d.ProductVersion)
	add("QuickScanTime", device.Chr, timeText(d.QuickScan))
	add("FullScanTime", device.Chr, timeText(time.Time{}))
	add("QuickScanSigVersion", device.Chr, d.SignatureVersion)
	add("FullScanSigVersion", device.Chr, "")
}

// timeText is a time as the device writes it; "0" for never.
func timeText(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return t.UTC().Format(time.RFC3339)
}

func (s *session) reboot(t *branch) {
	m := &s.agent.cfg.Machine
	if m.Version.Build() < 14393 || !slicesHas(editionsA, m.Edition) {
		return
	}
	t.add(vendor+"Reboot/RebootNow", &node{format: device.Null, access: canGet | canExec,
		read: func() (string, device.Status) { return "", device.OK },
		exec: func(string) device.Status { s.out.Restart = true; return device.OK },
	})
	for _, name := range []string{"Single", "DailyRecurrent"} {
		t.add(vendor+"Reboot/Schedule/"+name, s.kept(vendor+"Reboot/Schedule/"+name, device.Date, all, ""))
	}
}

// kept is a leaf whose value a server sets and the device keeps in its state.
// standard is its value where none was set; empty for none: the leaf is not
// there.
func (s *session) kept(path string, f device.Format, can access, standard string) *node {
	return keptIn(s.agent.state.Nodes, path, f, can, standard)
}

func keptIn(m map[string]string, key string, f device.Format, can access, standard string) *node {
	return &node{
		format: f, access: can,
		read: func() (string, device.Status) {
			if v, ok := m[key]; ok {
				return v, device.OK
			}
			if standard == "" {
				return "", device.NotFound
			}
			return standard, device.OK
		},
		write: func(v device.Verb, x value) device.Status {
			_, have := m[key]
			switch {
			case v == device.Add && have:
				return device.AlreadyExists
			case v == device.Replace && !have && standard == "" && can&canAdd != 0:
				return device.NotFound
			case x.format != f && !(f == device.Date && x.format == device.Chr):
				return device.UnsupportedFormat
			case !wellFormed(f, x.data):
				return device.Failed
			}
			m[key] = x.data
			return device.OK
		},
		remove: func() device.Status {
			if _, ok := m[key]; !ok {
				return device.NotFound
			}
			delete(m, key)
			return device.OK
		},
	}
}
