// Package updatecsp is the settings of Windows that concern updates, as OMA DM
// sets them: the area Update of the Policy CSP, and of Delivery Optimization what
// helps behind an air gap. It says which there are, which values they take, on
// which versions and editions of Windows they have an effect, and what a device
// is to have where several groups want something of it.
package updatecsp
