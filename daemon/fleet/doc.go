// Package fleet knows the machines: the groups that they are in, what is held
// back on them, and from both the plan key by which the WSUS door finds what to
// tell them.
//
// Machines and groups live in the store. What a scan needs of them is in
// memory: the [Roster] finds a device by its number with one atomic load, and a
// change is written to the store first and shown in memory once it is committed.
package fleet
