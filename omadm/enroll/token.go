package enroll

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Values of a RequestSecurityToken (MS-MDE2 3.4.4.1.1.1, 3.5.4.1.1.1).
const (
	typeDeviceToken = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken"
	typeProvision   = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc"

	requestIssue    = spaceTrust + "/Issue"
	requestRenew    = spaceTrust + "/Renew"
	requestRecovery = spaceTrust + "/Recovery"

	// Types of what is asked with. The namespace of the second one differs between
	// texts of Microsoft.
	fragmentPKCS10 = "#PKCS10"
	fragmentPKCS7  = "#PKCS7"
)

// tokenRequest is a RequestSecurityToken: a certificate request, and what the
// device says of itself.
type tokenRequest struct {
	der     []byte // PKCS #10, or PKCS #7 around one
	context values
}

// requestToken enrols a device or renews its certificate (MS-MDE2 3.4, 3.5).
func (h *handler) requestToken(ctx context.Context, c *call) (*reply, error) {
	kind, err := requestKind(c.body)
	if err != nil {
		return nil, err
	}
	var doc []byte
	switch kind {
	case requestIssue:
		doc, err = h.issue(ctx, c)
	case requestRenew:
		doc, err = h.renew(ctx, c)
	case requestRecovery:
		err = &fault{subcode: authorization, errorType: notSupported, cause: errors.New("a request for recovery"),
			message: "This server does not recover certificates. Enrol the device again."}
	default:
		err = malformed(errors.New("an unknown RequestType"))
	}
	if err != nil {
		return nil, err
	}
	return tokenReply(doc, c.now), nil
}

func requestKind(body *element) (string, error) {
	kind, err := body.one(spaceTrust, "RequestType")
	if err != nil {
		return "", malformed(err)
	}
	token, err := body.optional(spaceTrust, "TokenType")
	if err != nil {
		return "", malformed(err)
	}
	if token != nil && !strings.EqualFold(token.value(), typeDeviceToken) {
		return "", malformed(errors.New("an unknown TokenType"))
	}
	return kind.value(), nil
}

// readTokenRequest reads what the certificate is made from: a request of a type,
// given by the end of its name, of at most limit bytes.
func readTokenRequest(body *element, fragment string, limit int) (*tokenRequest, error) {
	token, err := body.one(spaceSecurity, "BinarySecurityToken")
	if err != nil {
		return nil, malformed(err)
	}
	if !strings.HasSuffix(strings.ToUpper(token.attr("ValueType")), fragment) {
		return nil, badRequest(errors.New("a certificate request of another type than " + fragment))
	}
	q := &tokenRequest{}
	if q.der, err = decodeBase64(string(token.text), limit); err != nil {
		return nil, badRequest(err)
	}
	if q.context, err = readContext(body); err != nil {
		return nil, err
	}
	return q, nil
}

// tokenReply carries the provisioning document (MS-MDE2 3.4.4.1.1.2).
func tokenReply(doc []byte, now time.Time) *reply {
	const stamp = "2006-01-02T15:04:05.000Z"
	now = now.UTC()
	return &reply{
		header: `<o:Security s:mustUnderstand="1" xmlns:o="` + spaceSecurity + `"><u:Timestamp u:Id="_0"><u:Created>` + now.Format(stamp) +
			`</u:Created><u:Expires>` + now.Add(5*time.Minute).Format(stamp) + `</u:Expires></u:Timestamp></o:Security>`,
		body: `<RequestSecurityTokenResponseCollection xmlns="` + spaceTrust + `"><RequestSecurityTokenResponse>` +
			`<TokenType>` + typeDeviceToken + `</TokenType><DispositionMessage xmlns="` + spaceEnrollment + `"/>` +
			`<RequestedSecurityToken><BinarySecurityToken ValueType="` + typeProvision + `" EncodingType="` + spaceSecurity +
			`#base64binary" xmlns="` + spaceSecurity + `">` + encodeBase64(doc) + `</BinarySecurityToken></RequestedSecurityToken>` +
			`<RequestID xmlns="` + spaceEnrollment + `">0</RequestID></RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection>`,
	}
}
