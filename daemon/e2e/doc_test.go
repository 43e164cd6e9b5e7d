// Package e2e_test tests the built program from the outside: it starts it in a
// folder of its own on free ports, runs its commands, and plays Windows computers
// against it, among them one that shares no code with it (testdata/zeep).
package e2e_test
