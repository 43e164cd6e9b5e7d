// Package updatecsp is the settings of Windows that concern updates, as OMA DM
// sets them: the area Update of the Policy CSP, and of Delivery Optimization what
// helps behind an air gap. It says which there are, which values they take, on
// which versions and editions of Windows they have an effect, and what a device
// is to have where several groups want something of it.
//
// A value goes this way:
//
//   - [Validate] refuses it at the desk where no version of Windows takes it, and
//     names what is allowed.
//   - [Merge] works out what a device is to have of all that its groups want, and
//     of their presets ([Presets]), and keeps what was overruled and why.
//   - [Warnings] looks at the whole: values that contradict each other, and values
//     that do nothing or something else than they seem to.
//   - [Desired.On] says what one device gets: what its version or edition does not
//     know, or would refuse, is left out with the reason.
//   - [Setting.Registry] says what does the same on machines that do not enrol:
//     Windows Server and Home cannot be managed by OMA DM.
//
// The catalogue is in the table files. It was written from the DDF files of the
// Policy CSP of February 2025 (names, formats, values, defaults, builds, editions,
// conflict rules), older documents of Microsoft (ranges, what has no effect
// beside what), and, for registry values, the group policy templates of Windows 11
// 22H2. Tests compare it with the DDF files where these are at hand. Nobody has
// tried each setting on each version: what a device answers is shown for what it
// is.
package updatecsp
