// Package session is the server's side of device management sessions: OMA DM 1.2
// over HTTP as Windows speaks it (MS-MDM, OMA-TS-DM_Protocol-V1_2, packages 1 to
// 4). It knows how things are said; what is said is the matter of a [Dialogue].
//
// A device posts a message and gets one back, until one of ours holds nothing but
// Status. Messages of one enrollment are taken one at a time, each answered once:
// a message that comes again (the device lost the answer) gets the same bytes and
// is not run again. What a session needs between two messages lies in memory, is
// bounded in number, bytes and age, and can be lost: a message of a session that
// is not known, because the process was restarted or the session grew too old,
// gets its Statuses and no commands, which ends it, and the next poll begins anew.
//
// How the rules are read:
//
//   - A message opens a session when its MsgID is 1, or when it holds Alert 1200 or
//     1201 or the device's ./DevInfo: package 1 is repeated with a higher MsgID
//     after credentials were asked for or an error. It replaces an older session of
//     the same enrollment, which ends incomplete.
//   - A MsgID that goes back is refused with Status 400 and changes nothing. One
//     that jumps ahead is refused likewise and ends the session, which has lost a
//     message; with application credentials it is taken, for the refused messages
//     between were not counted.
//   - Our MsgID is the number of our message, and never lower than the MsgID that it
//     answers, so that it is right also where earlier answers were given by another
//     process.
//   - A message without Final gets its Statuses and Alert 1222, without Final. All
//     other messages of ours have Final: commands that do not fit into one message
//     go out in several round trips. Only one that ends in a chunk has none, and
//     one whose Statuses leave no room for a command: the device asks for the rest.
//   - A command that must not be done twice (Once) leaves in one message only. That
//     message goes out again where the device's comes again, or where the device
//     refused it whole for want of the server's credentials.
//   - Commands whose Status has not come when the device's package ends have
//     Status 0.
//   - The host in Target is not compared with anything: a device may know the
//     appliance by any name.
//   - A device with a certificate is authenticated by it, whatever Cred says.
//     Without one it needs MD5 credentials, or basic ones over TLS, in every message
//     (Status 200 with the next nonce): 212 would leave later messages unproven.
//
// It does not judge certificates, keep records, or know a setting.
package session
