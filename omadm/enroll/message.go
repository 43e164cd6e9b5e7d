package enroll

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"sluice/wsus/xmllimit"
)

// Namespaces of the messages.
const (
	spaceSOAP       = "http://www.w3.org/2003/05/soap-envelope"
	spaceAddressing = "http://www.w3.org/2005/08/addressing"
	spaceSecurity   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	spaceUtility    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	spaceDiscovery  = "http://schemas.microsoft.com/windows/management/2012/01/enrollment"
	spacePolicy     = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
	spaceEnrollment = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
	spaceTrust      = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	spaceContext    = "http://schemas.xmlsoap.org/ws/2006/12/authorization"
)

// maxMessageID bounds what is sent back as RelatesTo.
const maxMessageID = 256

// message is a request. Its MessageID is the same on every device and every try,
// so that it is good for nothing but RelatesTo.
type message struct {
	op       operation // what is asked for
	id       string
	security *element // the WS-Security header; nil for none
	body     *element // the one element of the body
}

// readMessage reads a request for one of some operations, told apart by the
// element in the body; op is the usual one at its path. What is read of a request
// that is refused is returned too, for the fault to relate to.
func readMessage(r *http.Request, op operation, ops map[string]operation) (*message, error) {
	m := &message{op: op}
	b, err := readBody(r)
	if err != nil {
		return m, err
	}
	env, err := readElement(b)
	if err != nil {
		return m, err
	}
	if env.local != "Envelope" || env.space != spaceSOAP {
		return m, errors.New("not an envelope of SOAP 1.2")
	}
	header, err := env.optional(spaceSOAP, "Header")
	if err != nil {
		return m, err
	}
	body, err := env.one(spaceSOAP, "Body")
	if err != nil {
		return m, errors.Join(err, m.readHeader(header))
	}
	for _, other := range ops {
		if len(body.children) == 1 && len(body.all(other.space, other.element)) == 1 {
			m.op = other
		}
	}
	if err := m.readHeader(header); err != nil {
		return m, err
	}
	m.body, err = body.one(m.op.space, m.op.element)
	if err == nil && len(body.children) != 1 {
		err = fmt.Errorf("%d elements in Body, not one", len(body.children))
	}
	return m, err
}

// readBody reads the body. Of one that is too long somewhat more is read: a client
// that writes all of it first would else find the connection broken, and not the
// fault.
func readBody(r *http.Request) ([]byte, error) {
	const more = 4 * maxRequest
	tooLong := &xmllimit.LimitError{What: "bytes of XML", Limit: maxRequest, Offset: maxRequest}
	if r.ContentLength > maxRequest+more {
		return nil, tooLong
	}
	b, err := xmllimit.ReadAll(r.Body, maxRequest)
	if errors.As(err, &tooLong) {
		_, _ = io.CopyN(io.Discard, r.Body, more)
	}
	return b, err
}

func (m *message) readHeader(header *element) error {
	if header == nil {
		return nil
	}
	id, err := header.optional(spaceAddressing, "MessageID")
	if err != nil {
		return err
	}
	if id != nil && len(id.value()) <= maxMessageID {
		m.id = id.value()
	}
	action, err := header.optional(spaceAddressing, "Action")
	if err != nil {
		return err
	}
	// The element of the body says the same, so that a client need not.
	if action != nil && !strings.EqualFold(action.value(), m.op.action) {
		return fmt.Errorf("an Action that is not that of %s", m.op.element)
	}
	m.security, err = header.optional(spaceSecurity, "Security")
	return err
}
