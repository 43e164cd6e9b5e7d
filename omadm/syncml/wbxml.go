package syncml

// Global tokens of WBXML (WAP-192-WBXML-20010725 section 7.1). Those of
// extensions and processing instructions are not used by SyncML and refused.
const (
	tokenSwitchPage = 0x00
	tokenEnd        = 0x01
	tokenEntity     = 0x02
	tokenInline     = 0x03 // STR_I
	tokenLiteral    = 0x04
	tokenShared     = 0x83 // STR_T
	tokenOpaque     = 0xC3

	hasContent    = 0x40 // bits of a tag
	hasAttributes = 0x80
)

// Public identifiers of SyncML documents (OMA-TS-SyncML-RepPro-V1_2 section 8).
// A document may also say that it has none, or give the text of one.
const (
	publicNone     = 0x01
	publicSyncML11 = 0x0FD3
	publicSyncML12 = 0x1201

	publicText = "-//SYNCML//DTD SyncML 1." // and "1//EN" or "2//EN"
)

// Character sets, by their IANA MIBenum.
const (
	charsetASCII = 3
	charsetUTF8  = 106
)

// causeName is the attribute of a Status that Windows writes, as a literal name.
const causeName = "msft:originalerror"
