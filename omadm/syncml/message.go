package syncml

// Message is one SyncML document. What a document leaves out is empty.
type Message struct {
	Header   Header
	Commands []Command // of SyncBody, in order
	Final    bool      // the last message of its package
}

// Header is the SyncHdr.
type Header struct {
	VerDTD    string // "1.2"
	VerProto  string // "DM/1.2"
	SessionID string // opaque, at most 4 bytes on Windows
	MsgID     string
	Target    Location
	Source    Location
	RespURI   string
	NoResp    bool
	Cred      *Cred
	Meta      *Meta
}

// Location is a LocURI with its LocName.
type Location struct {
	URI  string
	Name string
}

// Kind is which command a [Command] is: the name of its element.
type Kind string

// The commands.
const (
	Add      Kind = "Add"
	Alert    Kind = "Alert"
	Atomic   Kind = "Atomic"
	Copy     Kind = "Copy"
	Delete   Kind = "Delete"
	Exec     Kind = "Exec"
	Get      Kind = "Get"
	Replace  Kind = "Replace"
	Results  Kind = "Results"
	Sequence Kind = "Sequence"
	Status   Kind = "Status"
)

// The commands of data synchronization, which device management has none of. Of
// one that was read only CmdID and NoResp are kept: what its Status needs.
const (
	Map    Kind = "Map"
	Put    Kind = "Put"
	Search Kind = "Search"
	Sync   Kind = "Sync"
)

// Command is one element of a SyncBody. Which fields it may have depends on its
// kind; the codec refuses others. Where one element of a document was several
// commands they share Cred and Meta.
type Command struct {
	Kind       Kind
	CmdID      string
	NoResp     bool
	Cred       *Cred
	Lang       string // Get
	Correlator string // Alert, Exec
	Meta       *Meta
	Items      []Item
	Commands   []Command // Atomic, Sequence

	Data   string // Alert: its code; Status: the outcome
	MsgRef string // Status, Results
	CmdRef string // Status, Results
	Cmd    string // Status, and at times Results: the name of the command, or SyncHdr
	// TargetRefs and SourceRefs of Status and Results.
	TargetRefs []string
	SourceRefs []string
	Chal       *Meta // Status: what to authenticate with
	// OriginalError is the error of a Windows component behind a Status, as in
	// "0x86000002": the attribute msft:originalerror of its Data (MS-MDM 2.2.5.1),
	// read from the Status too.
	OriginalError string
}

// Item is what a command is about.
type Item struct {
	Target *Location
	Source *Location
	Meta   *Meta
	// Data is the value; HasData tells an empty one from none. In XML it is the
	// text, unescaped; where Data held elements it is their XML. From WBXML it may
	// be any bytes.
	Data     string
	HasData  bool
	MoreData bool // the value goes on in the next message
}

// Meta is the MetInf of an item, a command or a header
// (OMA-TS-SyncML-MetaInfo-V1_2). Numbers are 0 where there is none.
type Meta struct {
	Format     string // chr, int, b64, ...
	Type       string // MIME type, or the type of an alert
	Mark       string
	Size       int64  // of the whole object, in its first chunk
	NextNonce  string // base64
	Version    string
	MaxMsgSize int64
	MaxObjSize int64
	EMI        []string
}

// Cred is how a sender proves who it is.
type Cred struct {
	Format string // b64
	Type   string // syncml:auth-md5, syncml:auth-basic
	Data   string // base64 where Format says so, else the bytes as they came
}
