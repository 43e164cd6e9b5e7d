package syncml

// reader walks over the elements of a document, whatever that is written in.
type reader interface {
	// enter opens the next child of the open element, or of the document, and
	// returns it. Where there is none it closes the open element and returns
	// none. Character data other than white space is an error.
	enter() (tag, error)
	// text returns the character data of the open element and closes it. An
	// element in it is an error, save for one that is inner: its text counts.
	text(inner tag) ([]byte, error)
	// data returns the value that the open element holds, as sent, and closes it.
	// Where it holds elements the value is their XML.
	data() ([]byte, error)
	// end checks that nothing follows the root element.
	end() error

	// name is how the element entered last is written, cause its
	// msft:originalerror and offset where it begins.
	name() []byte
	cause() string
	offset() int64
}
