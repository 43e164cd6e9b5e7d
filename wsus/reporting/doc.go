// Package reporting is the server of the reporting web service of MS-WUSP
// (2.2.2.3, 3.1.5.11): clients say in events what they did, and in one of them,
// number 156, how every update that may be approved stands on them.
//
// A [Server] turns a batch into a [Report] and hands it to a [Sink]; the client
// is answered once that has committed, and sends the batch again if it is not
// answered. What an event means for the state of an update is decided here, as a
// real server was seen to decide it:
//
//   - 156 is the whole truth at its time: what it lists is so, what it does not
//     list is not applicable. It is not kept as an event.
//   - 182, 195 and 198, a failed installation, are true at once.
//   - everything else is history. An installation that succeeded shows in the
//     next 156, after the restart if it needs one.
package reporting
