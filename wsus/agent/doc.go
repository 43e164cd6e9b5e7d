// Package agent is a Windows Update Agent as an update server sees it: the
// client role of MS-WUSP (section 3.2), written from the specification and from
// captures of the native agent, for `sluice doctor`, the demonstration, tests
// and load.
//
// An [Agent] is one computer. [Agent.Scan] does what a native scan does: the
// handshake (GetConfig, GetAuthorizationCookie, GetCookie, RegisterComputer),
// rounds of SyncUpdates until nothing new can come, the driver pass and the
// extended information of what turned out to be needed. [Agent.Download] fetches
// payloads as Delivery Optimization does and verifies them, [Agent.Install]
// simulates an installation, [Agent.Report] sends the events of all that.
//
// It is a strict client. What a native agent chokes on is an [*Error] with the
// HRESULT that the native one shows: an update without a deployment, a
// configuration without properties, elements out of order, an answer of unknown
// length. What a native agent bears, but a real server does not do, is a remark
// in the [ScanResult].
//
// The requests are alike, byte for byte and header for header, to the captured
// ones for the same inputs. For that reason, and so that a mistake of the server
// cannot hide behind the same mistake here, the package has its own HTTP/1.1
// client side, XML reader and writer, and Xpress decoder, and shares nothing
// with the server but the nouns of wsus/update.
//
// What a computer is like is a [Machine]; whether an applicability rule holds on
// it is asked of its [Facts], for which [Table] is the usual answer. What a
// client remembers between scans is a [State], a plain value that can be saved
// and is small enough to hold thousands: revisions that many agents hold share
// their metadata through a [Library].
//
// It evaluates rules over a table of facts, never over the computer that it runs
// on, and installs nothing.
package agent
