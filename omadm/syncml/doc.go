// Package syncml reads and writes the messages of OMA DM 1.2: SyncML in XML and
// in WBXML (MS-MDM 2.2, OMA-TS-SyncML-RepPro-V1_2, OMA-TS-DM-RepPro-V1_2,
// OMA-TS-SyncML-MetaInfo-V1_2, WAP-192-WBXML).
//
// Both codecs read into one [Message], which says nothing of how it was written:
// reading is one walk over elements (decoder over a reader), writing another one
// (emitter over a sink), and each encoding is a reader and a sink.
//
// Structure is read strictly: an element that is unknown, doubled or not a child
// of its command refuses the message. Of commands that device management does not
// have (Map, Put, Search, Sync) only the name and the CmdID are read. What real
// clients write otherwise is taken: namespaces left out or of SyncML 1.1, children
// in another order, white space round texts, a document type declaration in front,
// several commands in one element. Everything from outside is bounded, see
// [MaxBytes].
//
// What a message says is not judged here: a missing SyncHdr, an empty CmdID or a
// version that nobody speaks are the session's to answer.
package syncml
