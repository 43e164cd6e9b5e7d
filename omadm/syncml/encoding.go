package syncml

import (
	"strings"
)

// The content types of OMA DM (OMA-TS-DM-RepPro-V1_2).
const (
	ContentTypeXML   = "application/vnd.syncml.dm+xml"
	ContentTypeWBXML = "application/vnd.syncml.dm+wbxml"
)

// Encoding is how a message is written.
type Encoding uint8

// The encodings.
const (
	XML Encoding = iota + 1
	WBXML
)

// ParseContentType returns the encoding that a content type names. Parameters,
// such as charset, do not count. Of any other type it returns [ErrContentType].
func ParseContentType(contentType string) (Encoding, error) {
	// A parameter that mime cannot read is no reason to refuse the type before it.
	name, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case ContentTypeXML:
		return XML, nil
	case ContentTypeWBXML:
		return WBXML, nil
	}
	return 0, ErrContentType
}

// ContentType is the content type of the encoding.
func (e Encoding) ContentType() string {
	if e == WBXML {
		return ContentTypeWBXML
	}
	return ContentTypeXML
}

// Append is [AppendXML] or [AppendWBXML].
func (e Encoding) Append(dst []byte, m *Message) ([]byte, error) {
	if e == WBXML {
		return AppendWBXML(dst, m)
	}
	return AppendXML(dst, m)
}

// Decode is [DecodeXML] or [DecodeWBXML].
func (e Encoding) Decode(data []byte) (*Message, error) {
	if e == WBXML {
		return DecodeWBXML(data)
	}
	return DecodeXML(data)
}

// Encode is [EncodeXML] or [EncodeWBXML].
func (e Encoding) Encode(m *Message) ([]byte, error) {
	if e == WBXML {
		return EncodeWBXML(m)
	}
	return EncodeXML(m)
}

// Decode reads the body of a request or an answer, in the encoding that its
// content type names. Errors: [ErrContentType] and those of [DecodeXML].
func Decode(contentType string, body []byte) (*Message, error) {
	e, err := ParseContentType(contentType)
	if err != nil {
		return nil, err
	}
	return e.Decode(body)
}

// Encode writes a message in the encoding that a content type names. Errors:
// [ErrContentType] and those of [EncodeXML].
func Encode(contentType string, m *Message) ([]byte, error) {
	e, err := ParseContentType(contentType)
	if err != nil {
		return nil, err
	}
	return e.Encode(m)
}
