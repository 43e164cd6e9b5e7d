// Package demo is the whole appliance on show: a daemon of its own in a
// throwaway folder, on free ports of this machine, with real TLS and real
// sockets; media that the project makes itself; an administrator who works
// through the control API; a simulated server (package wsus/agent) that scans,
// and simulated desktops (package daemon/desktop) that enrol, are told where to
// update, scan there, and tell by both doors how it went. They trust the
// appliance's authority and nothing else.
//
// [Stage.Play] plays it as a story of steps, each of which checks what it shows.
// It is what `sluice demo` and `make run` do, and with --once a test of everything.
//
// The publisher, its products and updates are invented (wsus/metadata/synth).
// Nothing is installed anywhere: the machines only say so.
package demo
