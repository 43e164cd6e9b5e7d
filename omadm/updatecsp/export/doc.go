// Package export writes what a group's devices are to have as files for machines
// that do not enrol: Windows Server and Home, which OMA DM cannot manage, and
// machines of a domain that are to stay with group policy. They have the same
// effect there, through the registry values of group policy.
//
// The formats are
//
//   - reg: a file for reg.exe and regedit;
//   - lgpo: the text form of LGPO.exe, for the local policy of a machine
//     (LGPO.exe /t);
//   - gpo-backup: a backup of a group policy object, for Import-GPO into a domain;
//   - dsc: a configuration of PowerShell Desired State Configuration;
//   - ansible: tasks for Ansible, with the module ansible.windows.win_regedit.
//
// All of them add values and take none away: a value that an earlier export set
// and a later one lacks stays where it is, save in a domain, where Windows itself
// takes the values of a group policy object away with it. Settings that have no
// registry value are named as left out, with the reason, in the result and, where
// the format has comments, in the file.
//
// The format of Registry.pol is that of MS-GPREG 2.2.1; Samba 4.17 reads the one of
// a backup, and its security descriptor, and writes the same bytes again. The folder
// of a backup is laid out as backups of the Group Policy Management Console that are
// public, less the report for people (gpreport.xml), which an import does not read.
// The tasks for Ansible were read by a YAML parser. Nothing here has been tried on
// Windows; parsers of the tests read all of it back.
package export
