// Package device is the nouns of device management by OMA DM: enrollments, and
// the commands and answers that pass between the appliance and a device. It
// imports the standard library only.
//
// Words and codes are those of MS-MDM and of OMA DM 1.2.
package device
