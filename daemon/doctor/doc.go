// Package doctor examines a running appliance from the outside, as a Windows
// client meets it: names, ports, certificate and clock, every operation of the
// update protocol through a simulated computer (package wsus/agent), a payload
// file, and what the plain door must refuse; then as a device that would enrol
// (package omadm/agent): how it finds the enrollment service, and who is refused
// there. Where the control API is at hand it also looks at the store, the disk and
// the approvals that wait.
//
// Each [Check] says what was seen, what it means and what to do. One that fails
// does not stop the others; those that cannot be made without it are skipped.
//
// The simulated computer is always the same for a host: its name begins with
// "sluice-doctor" and its client id with 5117ced0. It is deleted from the
// inventory at the end where the control API is at hand. A device enrols only
// where [Patient].Enroll says so, and is deleted too.
package doctor
