package syncml

// sink takes the elements of a document that is written.
type sink interface {
	open(tag)
	close(tag)
	// leaf writes an element with a text, or an empty one where there is none.
	leaf(t tag, text string)
	// value writes an element with a value, which may be any bytes where the
	// encoding carries those.
	value(t tag, data string)
	// failed writes the Data of a Status with its msft:originalerror.
	failed(text, cause string)
	// err is what could not be written, nil so far.
	err() error
}
