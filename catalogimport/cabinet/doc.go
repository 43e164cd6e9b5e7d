// Package cabinet reads Microsoft cabinet files (MS-CAB, version 1.3), the
// container of update media: .msu and update .cab files, wsusscn2.cab and the
// exports of wsusutil.
//
// A cabinet is a directory of members and one or more folders. A folder is one
// compressed stream, cut into data blocks of at most 32 KiB of output; its
// members lie in it one behind the other. So a folder can only be read from its
// start, and [Reader.Walk] does that: each folder is decoded once, block by
// block, and each member is handed out as a stream. Nothing is buffered but the
// current block and the history that the method needs (at most 4 MiB for LZX),
// whatever the size of a member.
//
// Read are the methods none, MSZIP and LZX (windows of 32 KiB to 2 MiB). The
// checksum of every data block that has one is verified before the block is
// decoded. Refused are parts of a multi-cabinet set ([ErrMultipart]) and members
// in Quantum folders ([ErrQuantum]).
//
// Everything a cabinet declares (members, names, sizes, expansion) is compared
// with [Limits] when it is opened, before anything is decoded, and decoding
// never yields more than was declared.
//
// Bytes behind the declared end of the cabinet, where an Authenticode signature
// lies, are never read. Verifying that signature is another package's work;
// [Reader.Reserve] and [Reader.CabinetSize] are what it needs.
//
// Member names are data. This package never uses one as a path; a caller who
// wants to calls [SafeName] first.
package cabinet
