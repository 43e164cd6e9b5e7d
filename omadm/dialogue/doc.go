// Package dialogue decides what is said to a device in a session: which facts it
// is asked for, which settings it is sent because they differ from what it has,
// which updates it may install, and what is read of how it went.
package dialogue
