// Package tree is the Update CSP, ./Vendor/MSFT/Update: what a device reports of
// its updates, and the list of those it may install.
//
// [Part] names what is asked for by itself and gives the commands that do so,
// [Reading] puts the answers together into a [Report], and [Report.States] says
// how each update stands, in the words of the WSUS door. [Approve], [Withdraw]
// and [RollBack] are the commands that change something.
//
// Answers are read in every shape that Windows is known to give them: an inner
// node as the names of its children, or with ?list=StructData as an item for
// each node below; URIs with and without ./Device, in any letter case, GUIDs
// escaped or not, with braces or without. Rubbish is left out item by item and
// noted, and nothing that a device says can make a report grow past its bounds.
package tree
