// Package cli is the command line of sluice: one file per command, over cobra.
//
// [Main] is all of it from the outside. It maps every outcome to one of the exit
// codes below, which scripts may rely on:
//
//	0  done
//	1  failed
//	2  wrong usage or configuration
//	3  media refused
//	4  already running
//
// What went wrong goes to standard error, with a "hint:" line where there is
// something to do next; results go to standard output, as a table for people or,
// with --json, as JSON for scripts.
//
// A command is a function from *app to *cobra.Command in a file of its own, and a
// line in the list of commands(). It reads and writes through the app, never
// through package os, so that a test can run it in its own process.
package cli
