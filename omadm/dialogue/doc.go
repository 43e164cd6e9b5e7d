// Package dialogue decides what is said to a device in a session: which facts it
// is asked for, which settings it is sent because they differ from what it has,
// which updates it may install, and what is read of how it went.
//
// [Dialogues] opens a dialogue for the session engine. It reads the [Record] of
// the device once, speaks in stages, and keeps what it learned at the end
// ([Records.Learn]); a device that has nothing new costs no write. Kept at once are
// which settings are about to be sent, results of orders, and the end of an
// enrollment.
//
// The stages of a session, each of which may take several messages:
//
//  1. what is asked at every poll (OS version, last scan, installable, failed and
//     waiting updates), all facts once a day, and the settings that differ;
//  2. all facts, where the device turns out to be of another version, and then the
//     settings once more, as they are for it;
//  3. approvals (ApprovedUpdates), where the policy RequireUpdateApproval is 1;
//  4. orders, save unenrolment;
//  5. the whole report, once a day or when it was asked for, and the installed
//     updates when something changed; with the report the values in effect, so that
//     what a device lost is sent again, and its poll schedule;
//  6. unenrolment.
//
// Every command may be repeated, save those with Once set. So a session that
// breaks, or a daemon that dies, at any message loses nothing: the next session
// finds the same difference and sends it again. Nothing is repeated for ever
// either: a setting that a device refused waits until another value is wanted,
// the version of the device changes, or an administrator asks for a sync.
package dialogue
