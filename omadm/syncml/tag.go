package syncml

// tag is an element. Its lower six bits are the token of WBXML and the bit
// above them is the code page, 0 for SyncML and 1 for MetInf
// (OMA-TS-SyncML-RepPro-V1_2 section 8, OMA-TS-SyncML-MetaInfo-V1_2 section 7).
type tag uint8

const (
	pageMetInf tag = 0x40 // set in tags of code page 1
	tokenMask  tag = 0x3F
)

// none ends the children of an element; unknown is an element of no table.
const (
	none    tag = 0
	unknown tag = 1
)

// Elements of code page 0. Those that device management does not use are in the
// table of names only: they are refused by name.
const (
	tagAdd        tag = 0x05
	tagAlert      tag = 0x06
	tagAtomic     tag = 0x08
	tagChal       tag = 0x09
	tagCmd        tag = 0x0A
	tagCmdID      tag = 0x0B
	tagCmdRef     tag = 0x0C
	tagCopy       tag = 0x0D
	tagCred       tag = 0x0E
	tagData       tag = 0x0F
	tagDelete     tag = 0x10
	tagExec       tag = 0x11
	tagFinal      tag = 0x12
	tagGet        tag = 0x13
	tagItem       tag = 0x14
	tagLang       tag = 0x15
	tagLocName    tag = 0x16
	tagLocURI     tag = 0x17
	tagMap        tag = 0x18
	tagMeta       tag = 0x1A
	tagMsgID      tag = 0x1B
	tagMsgRef     tag = 0x1C
	tagNoResp     tag = 0x1D
	tagPut        tag = 0x1F
	tagReplace    tag = 0x20
	tagRespURI    tag = 0x21
	tagResults    tag = 0x22
	tagSearch     tag = 0x23
	tagSequence   tag = 0x24
	tagSessionID  tag = 0x25
	tagSource     tag = 0x27
	tagSourceRef  tag = 0x28
	tagStatus     tag = 0x29
	tagSync       tag = 0x2A
	tagSyncBody   tag = 0x2B
	tagSyncHdr    tag = 0x2C
	tagSyncML     tag = 0x2D
	tagTarget     tag = 0x2E
	tagTargetRef  tag = 0x2F
	tagVerDTD     tag = 0x31
	tagVerProto   tag = 0x32
	tagMoreData   tag = 0x34
	tagCorrelator tag = 0x3C
)

// Elements of code page 1.
const (
	tagAnchor     = pageMetInf | 0x05
	tagEMI        = pageMetInf | 0x06
	tagFormat     = pageMetInf | 0x07
	tagMark       = pageMetInf | 0x0B
	tagMaxMsgSize = pageMetInf | 0x0C
	tagMem        = pageMetInf | 0x0D
	tagMetInf     = pageMetInf | 0x0E
	tagNextNonce  = pageMetInf | 0x10
	tagSize       = pageMetInf | 0x12
	tagType       = pageMetInf | 0x13
	tagVersion    = pageMetInf | 0x14
	tagMaxObjSize = pageMetInf | 0x15
	tagFieldLevel = pageMetInf | 0x16
)

// tagNames has the names of both code pages.
var tagNames = [128]string{
	0x05: "Add", 0x06: "Alert", 0x07: "Archive", 0x08: "Atomic", 0x09: "Chal", 0x0A: "Cmd",
	0x0B: "CmdID", 0x0C: "CmdRef", 0x0D: "Copy", 0x0E: "Cred", 0x0F: "Data", 0x10: "Delete",
	0x11: "Exec", 0x12: "Final", 0x13: "Get", 0x14: "Item", 0x15: "Lang", 0x16: "LocName",
	0x17: "LocURI", 0x18: "Map", 0x19: "MapItem", 0x1A: "Meta", 0x1B: "MsgID", 0x1C: "MsgRef",
	0x1D: "NoResp", 0x1E: "NoResults", 0x1F: "Put", 0x20: "Replace", 0x21: "RespURI",
	0x22: "Results", 0x23: "Search", 0x24: "Sequence", 0x25: "SessionID", 0x26: "SftDel",
	0x27: "Source", 0x28: "SourceRef", 0x29: "Status", 0x2A: "Sync", 0x2B: "SyncBody",
	0x2C: "SyncHdr", 0x2D: "SyncML", 0x2E: "Target", 0x2F: "TargetRef", 0x31: "VerDTD",
	0x32: "VerProto", 0x33: "NumberOfChanges", 0x34: "MoreData", 0x35: "Field", 0x36: "Filter",
	0x37: "Record", 0x38: "FilterType", 0x39: "SourceParent", 0x3A: "TargetParent",
	0x3B: "Move", 0x3C: "Correlator",

	0x45: "Anchor", 0x46: "EMI", 0x47: "Format", 0x48: "FreeID", 0x49: "FreeMem", 0x4A: "Last",
	0x4B: "Mark", 0x4C: "MaxMsgSize", 0x4D: "Mem", 0x4E: "MetInf", 0x4F: "Next",
	0x50: "NextNonce", 0x51: "SharedMem", 0x52: "Size", 0x53: "Type", 0x54: "Version",
	0x55: "MaxObjSize", 0x56: "FieldLevel",
}

// tagsByName turns tagNames round; no name is in both pages.
var tagsByName = func() map[string]tag {
	m := make(map[string]tag, len(tagNames))
	for t, name := range tagNames {
		if name != "" {
			m[name] = tag(t)
		}
	}
	return m
}()

// tagBytes has the names as bytes, nil where there is none.
var tagBytes = func() (b [len(tagNames)][]byte) {
	for t, name := range tagNames {
		if name != "" {
			b[t] = []byte(name)
		}
	}
	return b
}()

func (t tag) String() string { return tagNames[t&0x7F] }

// inMetInf reports whether t is of code page 1.
func (t tag) inMetInf() bool { return t&pageMetInf != 0 }

// tagSet is a set of tags.
type tagSet [2]uint64

func tagsOf(tags ...tag) (s tagSet) {
	for _, t := range tags {
		s.add(t)
	}
	return s
}

func (s *tagSet) add(t tag)      { s[t>>6&1] |= 1 << (t & tokenMask) }
func (s *tagSet) has(t tag) bool { return s[t>>6&1]&(1<<(t&tokenMask)) != 0 }

func (s tagSet) union(o tagSet) tagSet { return tagSet{s[0] | o[0], s[1] | o[1]} }
