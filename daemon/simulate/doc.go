// Package simulate plays Windows computers against an update server: whole scans,
// downloads, installations and reports of any number of them ([Fleet.Run]), or
// prepared requests over and over, to measure the server ([Replay]). The
// computers are those of package wsus/agent; nothing is installed anywhere.
package simulate
