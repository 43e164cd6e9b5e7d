package syncml

// Bounds of a message. What is above them is refused with a [*LimitError] when
// it is read. They lie far above what devices send: a first package is about a
// kilobyte, a list of all installed updates some hundred.
const (
	MaxBytes    = 8 << 20 // of a document
	MaxElements = 200_000 // elements of all kinds
	MaxCommands = 20_000  // commands, with those inside of Atomic and Sequence
	MaxNesting  = 8       // levels of Atomic and Sequence

	maxDepth = 64 // levels of elements, with those inside of Data
	// maxShared bounds what references to the string table of a WBXML document
	// add up to: two bytes there stand for any number of characters.
	maxShared = 1 << 20
)
