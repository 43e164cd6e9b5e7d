// Package demo is the whole appliance on show: a daemon of its own in a
// throwaway folder, on free ports of this machine, with real TLS and real
// sockets; media that the project makes itself; an administrator who works
// through the control API; and a simulated computer (package wsus/agent) that
// trusts the appliance's authority and nothing else.
//
// [Run] plays it as a story of steps, each of which checks what it shows. It is
// what `sluice demo` and `make run` do, and with --once a test of everything.
//
// The publisher, its products and updates are invented (wsus/metadata/synth).
// Nothing is installed anywhere: the computer only says so.
package demo
