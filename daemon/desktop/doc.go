// Package desktop is a Windows desktop with both of its agents: the MDM client
// (package omadm/agent), which enrols, polls and takes policies, and the Windows
// Update Agent (package wsus/agent), which scans at the UpdateServiceUrl that the
// first one was given, and nowhere else.
//
// The two agents know nothing of each other, as on Windows, where the registry
// and the update store are between them. Here it is a [Desktop]: what was
// enrolled and told decides where the update agent looks, which roots it trusts
// and, where the device asks for approval, what it may install; what the update
// agent found and did is what the Update CSP says at the next poll.
//
// Windows Server has no MDM client that updates can be managed by, and neither
// has anything older than Windows 10: such machines are refused ([ErrNoClient])
// and stay with the update agent alone.
//
// Nothing is installed anywhere.
package desktop
