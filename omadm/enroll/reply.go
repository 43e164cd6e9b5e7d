package enroll

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const (
	contentType     = "application/soap+xml; charset=utf-8"
	spaceDiagnostic = "http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics"
)

// reply is an answer: XML that goes into the body, and into the header where
// there is more than the usual.
type reply struct {
	action    string
	header    string
	body      string
	relatesTo string
	trace     string // ActivityId, also in the log
}

// write sends the answer in one piece: Windows wants a Content-Length.
func (a *reply) write(w http.ResponseWriter, status int) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<s:Envelope xmlns:s="%s" xmlns:a="%s" xmlns:u="%s"><s:Header><a:Action s:mustUnderstand="1">%s</a:Action>`,
		spaceSOAP, spaceAddressing, spaceUtility, a.action)
	fmt.Fprintf(&b, `<ActivityId CorrelationId="%s" xmlns="%s">%[1]s</ActivityId>`, a.trace, spaceDiagnostic)
	if a.relatesTo != "" {
		fmt.Fprintf(&b, `<a:RelatesTo>%s</a:RelatesTo>`, escape(a.relatesTo))
	}
	b.WriteString(a.header)
	b.WriteString(`</s:Header><s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">`)
	b.WriteString(a.body)
	b.WriteString(`</s:Body></s:Envelope>`)
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

// faultBody is the fault as Windows reads it: s:Detail of MS-MDE2 2.2.10 with
// the element names in the case that Windows looks for, which is not that of the
// examples.
func faultBody(f *fault, trace string) string {
	message := escape(f.message)
	return `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>` + string(f.subcode) + `</s:Value></s:Subcode></s:Code>` +
		`<s:Reason><s:Text xml:lang="en-us">` + message + `</s:Text></s:Reason>` +
		`<s:Detail><DeviceEnrollmentServiceError xmlns="` + spaceEnrollment + `"><ErrorType>` + f.kind() + `</ErrorType><Message>` + message +
		`</Message><TraceId>` + trace + `</TraceId></DeviceEnrollmentServiceError></s:Detail></s:Fault>`
}

// escape returns a text as it stands in XML.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
