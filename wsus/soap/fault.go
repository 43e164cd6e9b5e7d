package soap

import (
	"fmt"

	"sluice/wsus/xmllimit"
)

// Fault is an error that is told to the client.
type Fault struct {
	Code    ErrorCode
	Message string // for InvalidParameters the parameter, as in "parameters.SystemSpec"; or empty
	Err     error  // why, for the log; never sent

	// ID and Method are set in faults that were received: a GUID that names the
	// occurrence, and the quoted SOAPAction of the operation.
	ID, Method string
}

// InvalidParameter returns the fault for a parameter that cannot be accepted.
func InvalidParameter(name string, err error) *Fault {
	return &Fault{Code: InvalidParameters, Message: name, Err: err}
}

func (f *Fault) Error() string {
	s := "soap fault " + string(f.Code)
	if f.Message != "" {
		s += fmt.Sprintf(" (%q)", f.Message)
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap returns the cause, if any.
func (f *Fault) Unwrap() error { return f.Err }

// appendFault appends the whole envelope of f as a server of that style writes it.
// actor is written by ASMX only.
func appendFault(dst []byte, style Style, f *Fault, actor, id, method string) []byte {
	side := "Client"
	if f.Code.server() {
		side = "Server"
	}
	p := style.prefix()
	dst = append(dst, style.faultOpen()...)
	dst = append(dst, "<"+p+":Fault><faultcode>"+p+":"+side+"</faultcode><faultstring>Fault occurred</faultstring>"...)
	if style == ASMX {
		dst = appendElement(dst, "faultactor", actor)
	}
	dst = append(dst, "<detail>"...)
	dst = appendElement(dst, "ErrorCode", string(f.Code))
	dst = appendElement(dst, "Message", f.Message)
	dst = appendElement(dst, "ID", id)
	dst = appendElement(dst, "Method", method)
	dst = append(dst, "</detail></"+p+":Fault>"...)
	return append(dst, style.close()...)
}

func appendElement(dst []byte, name, text string) []byte {
	dst = append(dst, "<"+name+">"...)
	dst = AppendEscaped(dst, []byte(text))
	return append(dst, "</"+name+">"...)
}

// Fault returns the fault that m carries, or nil.
func (m *Message) Fault() *Fault {
	if m.Namespace != envelopeSpace || m.Name != "Fault" {
		return nil
	}
	f := &Fault{}
	s := m.Scanner()
	for s.Depth() >= m.depth {
		t, err := s.Next()
		if err != nil {
			break
		}
		if t.Kind != xmllimit.Start || s.Depth() != m.depth+2 {
			continue
		}
		var field *string
		switch string(t.Local()) {
		case "ErrorCode":
			field = (*string)(&f.Code)
		case "Message":
			field = &f.Message
		case "ID":
			field = &f.ID
		case "Method":
			field = &f.Method
		default:
			continue
		}
		text, err := s.AppendText(nil)
		if err != nil {
			break
		}
		*field = string(text)
	}
	return f
}
