// Package simulate plays Windows machines against an appliance: whole scans,
// downloads, installations and reports of any number of computers ([Fleet.Run]);
// desktops that enrol, poll, and do the same where they are told to
// ([Desktops.Run]); or prepared requests over and over, to measure the server
// ([Replay]). The machines are those of packages wsus/agent and daemon/desktop;
// nothing is installed anywhere.
package simulate
