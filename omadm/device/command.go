package device

// Verb is what a command does.
type Verb string

// The verbs that Windows knows (MS-MDM 2.2.7).
const (
	Get      Verb = "Get"
	Add      Verb = "Add"
	Replace  Verb = "Replace"
	Delete   Verb = "Delete"
	Exec     Verb = "Exec"
	Atomic   Verb = "Atomic"   // all of its commands or none
	Sequence Verb = "Sequence" // its commands in order
)

// Format is the type of a value (Meta/Format of SyncML).
type Format string

// The formats.
const (
	Chr   Format = "chr" // text; what is meant where none is given
	Int   Format = "int"
	Bool  Format = "bool" // "true" or "false"
	B64   Format = "b64"
	Bin   Format = "bin"
	Node  Format = "node" // an inner node: the names of its children, escaped, with "/" between
	Null  Format = "null"
	XML   Format = "xml"
	Float Format = "float"
	Date  Format = "date"
	Time  Format = "time"
)

// Command is one thing to be asked of a device or done to it.
type Command struct {
	Verb   Verb
	URI    string // LocURI, from "./"; empty for Atomic and Sequence
	Format Format // of Data; empty where there is none
	Type   string // MIME type of Data; empty for text/plain
	Data   string
	// Once is the number of a command that must not be done twice, such as a
	// restart; 0 for one that may. It is noted as sent before it goes out, and not
	// sent again when its Status is lost.
	Once     int64
	Commands []Command // of Atomic and Sequence
}

// Answer is what a device answered to a command. Results without a Status, and
// a command without either, have Status 0.
type Answer struct {
	Command  Command
	Status   Status
	Detail   string // the original error, msft:originalerror, such as 0x86000002
	Items    []Item // results of a Get
	Commands []Answer
}

// Item is the value of a node of a device's tree.
type Item struct {
	URI    string // LocURI as the device has it
	Format Format // Chr where it named none
	Type   string // MIME type; empty where it named none
	Data   string
}

// Alert is what a device says unasked (Alert of SyncML).
type Alert struct {
	Code  int    // 1201, 1224, 1226, ...
	Type  string // Meta/Type, such as com.microsoft/MDM/LoginStatus; empty for none
	Items []Item
}
