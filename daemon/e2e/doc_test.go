// Package e2e_test tests the built program from the outside: it starts it in a
// folder of its own on free ports, runs its commands, and plays Windows computers
// against it, among them a client of updates and one of device management that
// share no code with it (testdata/zeep, testdata/mdm).
package e2e_test
