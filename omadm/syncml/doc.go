// Package syncml reads and writes the messages of OMA DM 1.2: SyncML in XML and
// in WBXML (MS-MDM 2.2, OMA-TS-SyncML-RepPro-V1_2, OMA-TS-DM-RepPro-V1_2).
//
// Both codecs read into one [Message], which says nothing of how it was written.
package syncml
