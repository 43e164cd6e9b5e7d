// Package daemon is the appliance. [Open] joins the parts that need no network:
// the store, the content, the fleet and the catalog in memory; commands use
// them so without a running daemon. [Appliance.Run] opens the doors in front of
// them, does the work that comes by itself, and stops in reverse order.
//
// The doors are
//
//   - WSUS over TLS: MS-WUSP, reports and payload files, for computers that scan;
//   - WSUS over plain HTTP: payload files, and what everybody may know of the
//     certificate authorities (/pki/);
//   - management over TLS: enrollment (MS-MDE2) and sessions (OMA DM), for devices
//     that are asked for a certificate and may have none yet;
//   - the admin door: health and metrics;
//   - the control API on a socket in the data folder, for commands.
//
// This package is where protocols meet records. It satisfies the interfaces that
// the packages under wsus and omadm declare with the store and the fleet: who may
// enrol (desk), what a session reads and learns (records), what the groups of a
// device want of it (policies), which authorities count (authorities), and what
// computers are told and report. Both kinds of machine are one fleet, and the
// approvals that a device is told by OMA DM are those of the plan that its scans
// are answered by.
package daemon
