package demo

import (
	"strings"

	"sluice/wsus/agent"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// Computer returns a machine that looks like a Windows Server with the server
// product of the demonstration media on it.
func Computer(id update.ID, dnsName string) agent.Machine {
	return with(agent.WindowsServer2022(id, dnsName), synth.DemoServerKey)
}

// Desktop returns a machine that looks like Windows 11 Pro with the desktop
// product of the demonstration media on it.
func Desktop(id update.ID, dnsName string) agent.Machine {
	return with(agent.Windows11(id, dnsName), synth.DemoDesktopKey)
}

// with puts a product onto a machine.
func with(m agent.Machine, key string) agent.Machine {
	if t, ok := m.Facts.(*agent.Table); ok {
		t.Registry[strings.ToLower(`HKEY_LOCAL_MACHINE\`+key)] = map[string]string{}
	}
	return m
}
