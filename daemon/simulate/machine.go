package simulate

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"sluice/daemon/demo"
	"sluice/daemon/desktop"
	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// kind is a machine that can be played.
type kind struct {
	name string
	make func(update.ID, string) agent.Machine
}

func kinds() []kind {
	return []kind{
		{"server2022", agent.WindowsServer2022},
		{"windows11", agent.Windows11},
		{"windows7", agent.Windows7},
		// With the products of the demonstration media.
		{"harbor", demo.Computer},
		{"harbor-desktop", demo.Desktop},
	}
}

// Machines lists the machines that can be played, the usual one first.
func Machines() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// Clients lists those that have an MDM client and can enrol, the usual one first.
func Clients() []string {
	var names []string
	for _, k := range kinds() {
		if m := k.make(update.ID{}, "x"); desktop.CanEnrol(&m) {
			names = append(names, k.name)
		}
	}
	return names
}

// Machine returns the machine of that kind and name. Its client id follows from
// the name, so that it is the same computer every time.
func Machine(name, dnsName string) (agent.Machine, error) {
	i := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == name })
	if i < 0 {
		return agent.Machine{}, fmt.Errorf("no machine is called %q: there are %s", name, strings.Join(Machines(), ", "))
	}
	return kinds()[i].make(clientID(dnsName), dnsName), nil
}

func clientID(dnsName string) update.ID {
	sum := sha256.Sum256([]byte("sluice simulate " + strings.ToLower(dnsName)))
	id := update.ID(sum[:16])
	id[6] = id[6]&0x0F | 0x40
	id[8] = id[8]&0x3F | 0x80
	return id
}
