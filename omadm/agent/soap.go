package agent

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Namespaces of the enrollment services (MS-MDE2 2.2.1).
const (
	nsSOAP        = "http://www.w3.org/2003/05/soap-envelope"
	nsAddressing  = "http://www.w3.org/2005/08/addressing"
	nsUtility     = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	nsSecurity    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	nsTrust       = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	nsAuth        = "http://schemas.xmlsoap.org/ws/2006/12/authorization"
	nsXSI         = "http://www.w3.org/2001/XMLSchema-instance"
	nsXSD         = "http://www.w3.org/2001/XMLSchema"
	nsEnroll      = "http://schemas.microsoft.com/windows/management/2012/01/enrollment"
	nsPolicy      = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
	nsPKI         = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
	confEnroll    = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/"
	base64Binary  = nsSecurity + "#base64binary"
	passwordText  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
	anonymous     = nsAddressing + "/anonymous"
	soapType      = "application/soap+xml"
	usernameID    = "uuid-cc1ccc1f-2fba-4bcf-b063-ffc0cac77917-4"
	userAgentSOAP = "ENROLLClient"
)

// call is one SOAP call of the enrollment. Its MessageID is a constant of the
// operation, as in every native client.
type call struct {
	op        string
	action    string // of the request
	reply     string // action that the answer must have
	messageID string
}

var (
	discoverCall = call{
		"Discover", nsEnroll + "/IDiscoveryService/Discover", nsEnroll + "/IDiscoveryService/DiscoverResponse",
		"urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478",
	}
	policiesCall = call{
		"GetPolicies", nsPolicy + "/IPolicy/GetPolicies", nsPolicy + "/IPolicy/GetPoliciesResponse",
		"urn:uuid:72048B64-0F19-448F-8C2E-B4C661860AA0",
	}
	issueCall = call{
		"Issue", nsPKI + "/RST/wstep", nsPKI + "/RSTRC/wstep",
		"urn:uuid:0d5a1441-5891-453b-becf-a2e5f6ea3749",
	}
)

// renewCall is the same operation, under the name that errors speak of.
var renewCall = call{"Renew", issueCall.action, issueCall.reply, issueCall.messageID}

// header writes the addressing headers, and the security header where there is
// a credential. to is written with its port or without, as the client does.
func (c *call) header(w *xmlWriter, to string, cred *Credential) {
	w.open("s:Header")
	w.leaf("a:Action", c.action, "s:mustUnderstand", "1")
	w.leaf("a:MessageID", c.messageID)
	w.open("a:ReplyTo")
	w.leaf("a:Address", anonymous)
	w.close("a:ReplyTo")
	w.leaf("a:To", to, "s:mustUnderstand", "1")
	if cred != nil {
		cred.security(w)
	}
	w.close("s:Header")
}

// security writes wsse:Security (MS-MDE2 3.4.4.1.1.1.3 and, for a token, 3.4.4.1.1.1.1).
func (c *Credential) security(w *xmlWriter) {
	w.open("wsse:Security", "s:mustUnderstand", "1")
	if c.Token != "" {
		w.leaf("wsse:BinarySecurityToken", encodeBase64([]byte(c.Token)),
			"ValueType", confEnroll+"DeviceEnrollmentUserToken", "EncodingType", base64Binary)
	} else {
		w.open("wsse:UsernameToken", "u:Id", usernameID)
		w.leaf("wsse:Username", c.Name)
		w.leaf("wsse:Password", c.Password, "wsse:Type", passwordText)
		w.close("wsse:UsernameToken")
	}
	w.close("wsse:Security")
}

// post sends a SOAP request and returns the Body of the answer.
func (a *Agent) post(ctx context.Context, client *http.Client, c *call, to *url.URL, body []byte, r *remarks) (*element, error) {
	q := request{
		op: c.op, method: http.MethodPost, url: to.String(), body: body, kind: soapType,
		header: http.Header{
			"Content-Type": {soapType + "; charset=utf-8"}, "User-Agent": {userAgentSOAP},
			"Cache-Control": {"no-cache"}, "Pragma": {"no-cache"},
		},
	}
	ans, err := a.do(ctx, client, q)
	if err != nil {
		return nil, err
	}
	fault := ans.status == http.StatusInternalServerError && strings.HasPrefix(ans.header.Get("Content-Type"), soapType)
	if ans.status != http.StatusOK && !fault {
		return nil, statusError(c.op, ans, a.cfg.Now())
	}
	if err := q.check(ans); err != nil {
		return nil, err
	}
	doc, err := parseXML(ans.body)
	if err != nil {
		return nil, failWith(c.op, hrMessageFormat, err, "the answer is not well-formed XML")
	}
	return c.read(doc, ans.status, r)
}

// read checks an envelope and returns its Body, or the fault in it.
func (c *call) read(doc *element, status int, r *remarks) (*element, error) {
	if doc.name != "Envelope" || doc.space != nsSOAP {
		return nil, fail(c.op, hrMessageFormat, "the answer is a {%s}%s, not an Envelope of SOAP 1.2", doc.space, doc.name)
	}
	header, body := doc.child(nsSOAP, "Header"), doc.child(nsSOAP, "Body")
	if body == nil {
		return nil, fail(c.op, hrMessageFormat, "the answer has no Body")
	}
	if f := body.child(nsSOAP, "Fault"); f != nil {
		fault := readFault(f)
		return nil, failWith(c.op, fault.hresult(), fault, "the server refused")
	}
	if status != http.StatusOK {
		return nil, fail(c.op, hrHTTPStatus+uint32(status), "an answer without a Fault")
	}
	if got := header.child(nsAddressing, "Action").value(); got != c.reply {
		return nil, fail(c.op, hrMessageFormat, "Action of the answer is %q, not %s", got, c.reply)
	}
	if got := header.child(nsAddressing, "RelatesTo").value(); got != c.messageID {
		r.add("RelatesTo of the answer to %s is %q, not the MessageID of the request", c.op, got)
	}
	return body, nil
}

// readFault reads a SOAP 1.2 fault with the detail of MS-MDE2 2.2.10. Element
// names are those of the table there; the printed examples are in lower case.
func readFault(f *element) *Fault {
	_, sub, ok := strings.Cut(f.find(nsSOAP, "Code", "Subcode", "Value").value(), ":")
	if !ok {
		sub = f.find(nsSOAP, "Code", "Subcode", "Value").value()
	}
	fault := &Fault{Subcode: sub, Reason: f.find(nsSOAP, "Reason", "Text").value()}
	if d := f.child(nsSOAP, "Detail"); d != nil {
		i := slices.IndexFunc(d.children, func(e *element) bool {
			return strings.EqualFold(e.name, "deviceenrollmentserviceerror") && e.space == nsPKI
		})
		if i >= 0 {
			for _, e := range d.children[i].children {
				switch strings.ToLower(e.name) {
				case "errortype":
					fault.Type = e.value()
				case "message":
					fault.Message = e.value()
				case "traceid":
					fault.TraceID = e.value()
				}
			}
		}
	}
	return fault
}
