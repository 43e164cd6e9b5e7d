// Package wsusutil reads what `wsusutil export` writes: the metadata of a WSUS
// server, with the payload files copied beside it as a WsusContent folder.
//
// The export is a cabinet with two members. package.xml lists the updates and
// where their files can be had; metadata.txt holds one record an update, in the
// same order:
//
//	<guid>,<revision, 8 hex digits>,<length, 8 hex digits>,<document>CR LF
//
// The length counts UTF-16 code units. Documents may hold line breaks, so a
// record ends where its length says and nowhere else. Checked against an export
// of 2024 (4,125 records).
//
// Newer servers also write .xml.gz, since a cabinet cannot hold more than 2 GB.
// No such file was at hand. Read are the two forms that would carry the same
// data in one stream: the records alone, or package.xml followed by them.
// Anything else in a .gz is refused.
//
// Nobody signs an export.
package wsusutil
