package export

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// writeBackup writes the folder that GPMC and Import-GPO read: manifest.xml names
// the backups in it, here one, whose folder is named by its id.
func writeBackup(p plan) ([]File, error) {
	pol, err := registryPol(p.values)
	if err != nil {
		return nil, err
	}
	gpo := guid("object", p.title)
	id := guid("backup", p.title, p.at.Format(time.RFC3339), string(pol))
	inst := backupInst{
		GPOGuid: cdata{gpo}, Domain: cdata{domain}, DomainGuid: cdata{guid("domain")}, Controller: cdata{domain},
		Time: cdata{p.at.Format("2006-01-02T15:04:05")}, ID: cdata{id},
		Comment: cdata{"written by sluice"}, Name: cdata{p.title},
	}
	single := inst
	single.Space = manifestSpace
	var files []File
	for _, f := range []struct {
		path string
		doc  any
	}{
		{"manifest.xml", manifest{Space: manifestSpace, Prefixed: manifestSpace, Version: "1.0", Backups: []backupInst{inst}}},
		{id + "/bkupInfo.xml", single},
		{id + "/Backup.xml", backup(gpo, p.title)},
	} {
		var b bytes.Buffer
		b.WriteString(xml.Header)
		e := xml.NewEncoder(&b)
		e.Indent("", "  ")
		if err := e.Encode(f.doc); err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		b.WriteByte('\n')
		files = append(files, File{f.path, b.Bytes()})
	}
	return append(files, File{id + "/DomainSysvol/GPO/Machine/registry.pol", pol}), nil
}

const (
	manifestSpace = "http://www.microsoft.com/GroupPolicy/GPOOperations/Manifest"
	backupSpace   = "http://www.microsoft.com/GroupPolicy/GPOOperations"
	// domain stands for the one that a backup was made in. An import goes into any.
	domain = "sluice.invalid"
	// registryExtension is the client side extension that applies Registry.pol, and
	// templateTool the tool that edits it.
	registryExtension = "{35378EAC-683F-11D2-A89A-00C04FBBCFA2}"
	templateTool      = "{D02B1F72-3407-48AE-BA88-E8213C6761F1}"
	// descriptor lets the system do everything and devices read: in SDDL
	// O:BAG:BAD:(A;CI;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;SY)(A;CI;LCRPLORC;;;AU). An import
	// does not take it over, but the element must hold one.
	descriptor = "01 00 04 80 14 00 00 00 24 00 00 00 00 00 00 00 34 00 00 00 " +
		"01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00 " +
		"01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00 " +
		"02 00 30 00 02 00 00 00 " +
		"00 02 14 00 ff 00 0f 00 01 01 00 00 00 00 00 05 12 00 00 00 " +
		"00 02 14 00 94 00 02 00 01 01 00 00 00 00 00 05 0b 00 00 00"
	// version is 1 in the folder and 1 in the directory.
	version = "65537"
)

// cdata is text that is written as CDATA: some tools look for it by pattern.
type cdata struct {
	Text string `xml:",cdata"`
}

// manifest is manifest.xml.
type manifest struct {
	XMLName  xml.Name     `xml:"Backups"`
	Space    string       `xml:"xmlns,attr"`
	Prefixed string       `xml:"xmlns:mfst,attr"`
	Version  string       `xml:"mfst:version,attr"`
	Backups  []backupInst `xml:"BackupInst"`
}

// backupInst is bkupInfo.xml, and an entry of the manifest.
type backupInst struct {
	XMLName    xml.Name `xml:"BackupInst"`
	Space      string   `xml:"xmlns,attr,omitempty"`
	GPOGuid    cdata    `xml:"GPOGuid"`
	Domain     cdata    `xml:"GPODomain"`
	DomainGuid cdata    `xml:"GPODomainGuid"`
	Controller cdata    `xml:"GPODomainController"`
	Time       cdata    `xml:"BackupTime"`
	ID         cdata    `xml:"ID"`
	Comment    cdata    `xml:"Comment"`
	Name       cdata    `xml:"GPODisplayName"`
}

// scheme is Backup.xml.
type scheme struct {
	XMLName  xml.Name `xml:"GroupPolicyBackupScheme"`
	Version  string   `xml:"bkp:version,attr"`
	Type     string   `xml:"bkp:type,attr"`
	Prefixed string   `xml:"xmlns:bkp,attr"`
	Space    string   `xml:"xmlns,attr"`
	Object   object   `xml:"GroupPolicyObject"`
}

type object struct {
	SecurityGroups string    `xml:"SecurityGroups"`
	FilePaths      string    `xml:"FilePaths"`
	Core           core      `xml:"GroupPolicyCoreSettings"`
	Extension      extension `xml:"GroupPolicyExtension"`
}

type core struct {
	ID                 cdata  `xml:"ID"`
	Domain             cdata  `xml:"Domain"`
	SecurityDescriptor string `xml:"SecurityDescriptor"`
	DisplayName        cdata  `xml:"DisplayName"`
	Options            cdata  `xml:"Options"`
	UserVersion        cdata  `xml:"UserVersionNumber"`
	MachineVersion     cdata  `xml:"MachineVersionNumber"`
	MachineExtensions  cdata  `xml:"MachineExtensionGuids"`
	UserExtensions     string `xml:"UserExtensionGuids"`
	WMIFilter          string `xml:"WMIFilter"`
}

type extension struct {
	ID   string     `xml:"bkp:ID,attr"`
	Name string     `xml:"bkp:DescName,attr"`
	File systemFile `xml:"FSObjectFile"`
}

type systemFile struct {
	Path     string `xml:"bkp:Path,attr"`
	Source   string `xml:"bkp:SourceExpandedPath,attr"`
	Location string `xml:"bkp:Location,attr"`
}

func backup(gpo, title string) scheme {
	return scheme{
		Version: "2.0", Type: "GroupPolicyBackupTemplate", Prefixed: backupSpace, Space: backupSpace,
		Object: object{
			Core: core{
				ID: cdata{gpo}, Domain: cdata{domain}, SecurityDescriptor: descriptor, DisplayName: cdata{title},
				Options: cdata{"0"}, UserVersion: cdata{"0"}, MachineVersion: cdata{version},
				MachineExtensions: cdata{"[" + registryExtension + templateTool + "]"},
			},
			Extension: extension{
				ID: registryExtension, Name: "Registry",
				File: systemFile{
					Path:     `%GPO_MACH_FSPATH%\registry.pol`,
					Source:   `\\` + domain + `\sysvol\` + domain + `\Policies\` + gpo + `\Machine\registry.pol`,
					Location: `DomainSysvol\GPO\Machine\registry.pol`,
				},
			},
		},
	}
}

// guid is made of a digest of parts, in braces and upper case, so that the same
// export has the same names.
func guid(parts ...string) string {
	sum := sha256.Sum256([]byte("sluice group policy\x00" + strings.Join(parts, "\x00")))
	sum[6] = sum[6]&0x0f | 0x80 // version 8 of RFC 9562: of one's own making
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("{%X-%X-%X-%X-%X}", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
