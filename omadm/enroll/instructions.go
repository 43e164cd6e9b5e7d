package enroll

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// Site is what instructions are made for; its fields are those of [Config].
type Site struct {
	Public string
	Names  []string
}

// Guide is every way of enrolling a device with an appliance.
type Guide struct {
	Server string   // the address that a person types
	Before []string // what must be so before the first device
	Ways   []Way
}

// Way is one of them.
type Way struct {
	Title string
	For   string   // for whom, or what, it is good
	Steps []string // in order
	Text  string   // a link, a script or a file; empty for none
}

// Placeholders in the texts, to be replaced by an administrator.
const (
	placeName  = "NAME"
	placeToken = "TOKEN"
)

// Instructions returns the ways of enrolling devices with one appliance. Its
// error says that Public is no URL.
func Instructions(s Site) (Guide, error) {
	base, err := parseBase(s.Public)
	if err != nil {
		return Guide{}, err
	}
	// With the port, where it is not 443: nothing else tells a device.
	server := "https://" + joinHost(base.Hostname(), base.Port())
	user := placeName + "@" + userDomain(s, base.Hostname())
	return Guide{
		Server: server,
		Before: before(s, base.Port()),
		Ways: []Way{
			bySettings(server, user),
			byLink(server, user),
			byScript(server, user),
			byPackage(server, user),
		},
	}, nil
}

// DiscoveryNames returns the names that Windows looks for by itself when a person
// types NAME@DOMAIN: EnterpriseEnrollment.DOMAIN for each domain of the names
// (MS-MDE2 3.1). Each must lead to the appliance, by an A or a CNAME record, and
// stand in its certificate.
func DiscoveryNames(names []string) []string {
	var found []string
	for _, n := range names {
		d := domain(n)
		if d == "" {
			continue
		}
		name := discoveryLabel + "." + d
		if !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

const discoveryLabel = "EnterpriseEnrollment"

// domain returns the domain of a host name, empty where it has none.
func domain(name string) string {
	name = hostKey(name)
	if net.ParseIP(name) != nil {
		return ""
	}
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// userDomain is what stands after the @ in examples.
func userDomain(s Site, host string) string {
	for _, n := range append([]string{host}, s.Names...) {
		if d := domain(n); d != "" {
			return d
		}
	}
	if host = hostKey(host); net.ParseIP(host) == nil {
		return host
	}
	return ProviderID
}

func before(s Site, port string) []string {
	lines := []string{
		"Trust: each device must have the root of the appliance among the trusted roots of the machine before it enrols: " +
			"`sluice ca export sluice.cer` writes it, `certutil -addstore Root sluice.cer` installs it, as do Group Policy, an image or a provisioning package. " +
			"The enrolment itself brings it too late. Where the appliance shows certificates of the site, the root is the site's.",
		"Clocks: a device whose clock is wrong trusts nobody. Let devices take the time from the network.",
		"Credentials: `sluice enroll account add NAME` for a person, `sluice enroll token create --uses N` for N devices. " +
			"A token goes wherever Windows asks for a password, with any name.",
		"Editions: Windows 10 and 11 Pro, Enterprise, Education and IoT Enterprise, with LTSC. Home enrols only in part and takes few of the settings. " +
			"Windows Server cannot be enrolled: for it, and for members of a domain, `sluice policies export` writes the same settings.",
		`Group Policy: "Disable MDM Enrollment" (Computer Configuration > Administrative Templates > Windows Components > MDM) must not be enabled. ` +
			`"Enable automatic MDM enrollment" needs a cloud directory and is of no use here.`,
		"One at a time: a device that another server manages must leave it first; it shows 0x8018000A.",
		"People: whoever enrols in Settings, by the link or with the script is an administrator of the device, and not the built-in Administrator.",
	}
	lines = append(lines, "Trouble: on the device, Event Viewer > Applications and Services Logs > Microsoft > Windows > "+
		"DeviceManagement-Enterprise-Diagnostics-Provider > Admin: 75 is an enrolment, 76 a refusal. The TraceId of a refusal is in the log of the appliance.")
	if wanted := DiscoveryNames(s.Names); len(wanted) > 0 {
		lines = append(lines, "Names: where people are to type no server, "+strings.Join(wanted, ", ")+
			" must lead to the appliance, by an A or a CNAME record, on port 443.")
		if port != "" && port != "443" {
			lines = append(lines, "Names: the appliance listens on port "+port+", where Windows does not look by itself. People must type the server.")
		}
		if missing := missingNames(wanted, s.Names); len(missing) > 0 {
			lines = append(lines, "Names: the certificate of the appliance does not have "+strings.Join(missing, ", ")+
				". Add them to aliases in sluice.toml, or have people type the server.")
		}
	}
	return lines
}

func missingNames(wanted, have []string) []string {
	var missing []string
	for _, w := range wanted {
		if !slices.ContainsFunc(have, func(n string) bool { return hostKey(n) == hostKey(w) }) {
			missing = append(missing, w)
		}
	}
	return missing
}

func bySettings(server, user string) Way {
	return Way{
		Title: "Settings",
		For:   "one device, with a person at it; the certificate is kept for that person",
		Steps: []string{
			"Open Settings > Accounts > Access work or school.",
			"Choose \"Enroll only in device management\".",
			fmt.Sprintf("Type %s. Where Windows does not find the server by itself, it asks for it: type %s.", user, server),
			"Type the password of the account, or a token.",
			"Below Access work or school, the connection has Info with a button Sync. The first session runs at once.",
		},
	}
}

func byLink(server, user string) Way {
	return Way{
		Title: "Link",
		For:   "one device, with a person at it who need not know the server; from Windows 10 1703",
		Steps: []string{
			"Put the account in place of " + placeName + ".",
			"Have the person open the link, or run it: start \"\" \"LINK\".",
			"The person types the password or a token.",
		},
		Text: "ms-device-enrollment:?mode=mdm&username=" + user + "&servername=" + server,
	}
}

func byScript(server, user string) Way {
	return Way{
		Title: "Script",
		For:   "many devices, by whatever runs a script on them as an administrator; nobody is asked, and the certificate is kept for the machine",
		Steps: []string{
			"Make a token for as many devices: `sluice enroll token create --uses N`.",
			"Put it in place of " + placeToken + ".",
			"Run the script in an elevated Windows PowerShell. It says nothing where all went well, else what Windows would show: " +
				"0x80180002 for a wrong token, 0x80072F0D for a server that is not trusted, 0x8018000A for a device that is enrolled.",
		},
		Text: script(server, user),
	}
}

func byPackage(server, user string) Way {
	return Way{
		Title: "Provisioning package",
		For:   "many devices, also while they are set up; nobody is asked, and the certificate is kept for the machine",
		Steps: []string{
			"Make a token for as many devices: `sluice enroll token create --uses N`. Who has the package has the token: let it end soon.",
			"In Windows Configuration Designer: Advanced provisioning, All Windows desktop editions.",
			"Runtime settings > Certificates > RootCertificates: add sluice, with sluice.cer of `sluice ca export`.",
			"Runtime settings > Workplace > Enrollments: add the UPN " + user + ", with AuthPolicy OnPremise, " +
				"DiscoveryServiceFullUrl " + server + DiscoveryPath + " and the token as Secret.",
			"Export > Provisioning package. Without the designer's windows: put the token and a new GUID into the file below, beside sluice.cer, " +
				"and run icd.exe /Build-ProvisioningPackage /CustomizationXML:customizations.xml /PackagePath:sluice.ppkg.",
			"Open the package on a device, put it on a USB stick that is in it during setup, or run Install-ProvisioningPackage -PackagePath sluice.ppkg -QuietInstall.",
			"A device that does not get through tries again three times, then after a quarter of an hour, one and four hours, and at its next start.",
		},
		Text: customizations(server, user),
	}
}
