package enroll

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sluice/omadm/device"
)

// provision is what a provisioning document is made from.
type provision struct {
	enrollment           device.Enrollment
	leaf                 *x509.Certificate
	account              account
	base                 string
	roots, intermediates []*x509.Certificate
}

// document is a wap-provisioningdoc (MS-MDE2 2.2.9.1). It has no other parts at
// its top than those here: Windows refuses the whole for one that it does not
// expect.
type document struct {
	XMLName xml.Name         `xml:"wap-provisioningdoc"`
	Version string           `xml:"version,attr"`
	Parts   []characteristic `xml:"characteristic"`
}

type characteristic struct {
	Type  string           `xml:"type,attr"`
	Parms []parm           `xml:"parm"`
	Parts []characteristic `xml:"characteristic"`
}

type parm struct {
	Name  string  `xml:"name,attr"`
	Value *string `xml:"value,attr"`
	Type  string  `xml:"datatype,attr,omitempty"`
}

// Types of parms. Windows wants them where the value is no text.
const (
	typeString  = "string"
	typeInteger = "integer"
	typeBoolean = "boolean"
)

func set(name, value string) parm         { return parm{Name: name, Value: &value} }
func typed(name, value, kind string) parm { return parm{Name: name, Value: &value, Type: kind} }
func text(name, value string) parm        { return typed(name, value, typeString) }
func integer(name string, value int) parm { return typed(name, strconv.Itoa(value), typeInteger) }
func boolean(name string, value bool) parm {
	return typed(name, strconv.FormatBool(value), typeBoolean)
}
func minutes(name string, d time.Duration) parm {
	return integer(name, int(d/time.Minute))
}

// encode returns the document in XML.
func (d *document) encode() ([]byte, error) {
	b, err := xml.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode provisioning document: %w", err)
	}
	return append([]byte(xml.Header), b...), nil
}

// provision makes the document of an enrolment.
func (h *handler) provision(p provision) *document {
	store := characteristic{Type: "CertificateStore", Parts: p.authorities()}
	store.Parts = append(store.Parts, characteristic{Type: "My", Parts: []characteristic{
		{Type: p.store(), Parts: []characteristic{certificate(p.leaf), {Type: "PrivateKeyContainer"}}},
		{Type: "WSTEP", Parts: []characteristic{{Type: "Renew", Parms: []parm{
			boolean("ROBOSupport", true),
			integer("RenewPeriod", h.cfg.Renewal.Before),
			integer("RetryInterval", h.cfg.Renewal.Retry),
		}}}},
	}})
	return &document{Version: "1.1", Parts: []characteristic{store, h.application(p), h.client(p.enrollment)}}
}

// renewal makes the document of a renewal: the certificate, and whose it is. The
// account stays as it is (MS-MDE2 3.5.4.1.1.2). Authorities are sent again, since
// a device learns of a new root nowhere else.
func (h *handler) renewal(p provision) *document {
	leaf := certificate(p.leaf)
	leaf.Parts = []characteristic{{Type: "PrivateKeyContainer"}}
	store := characteristic{Type: "CertificateStore", Parts: p.authorities()}
	store.Parts = append(store.Parts, characteristic{Type: "My", Parts: []characteristic{{Type: p.store(), Parts: []characteristic{leaf}}}})
	return &document{Version: "1.1", Parts: []characteristic{
		store,
		{Type: "APPLICATION", Parms: []parm{set("PROVIDER-ID", ProviderID)}},
	}}
}

// store is where the device keeps its certificate.
func (p provision) store() string {
	if p.enrollment.Context == device.DeviceContext {
		return "System"
	}
	return "User"
}

// authorities are the roots that a device is to have, and what is between one of
// them and its certificate.
func (p provision) authorities() []characteristic {
	var parts []characteristic
	for _, s := range []struct {
		name  string
		certs []*x509.Certificate
	}{{"Root", p.roots}, {"CA", p.intermediates}} {
		if len(s.certs) == 0 {
			continue
		}
		system := characteristic{Type: "System"}
		for _, c := range s.certs {
			system.Parts = append(system.Parts, certificate(c))
		}
		parts = append(parts, characteristic{Type: s.name, Parts: []characteristic{system}})
	}
	return parts
}

// certificate is one of a store, which names it by its SHA-1.
func certificate(c *x509.Certificate) characteristic {
	return characteristic{
		Type:  fmt.Sprintf("%X", sha1.Sum(c.Raw)),
		Parms: []parm{set("EncodedCertificate", encodeBase64(c.Raw))},
	}
}

// application is the account of the device with the appliance (w7 APPLICATION,
// MS-MDE2 2.2.9.5).
func (h *handler) application(p provision) characteristic {
	return characteristic{
		Type: "APPLICATION",
		Parms: []parm{
			set("APPID", "w7"),
			set("PROVIDER-ID", ProviderID),
			set("NAME", h.cfg.Name),
			set("ADDR", p.base+ManagementPath),
			set("CONNRETRYFREQ", "6"),
			set("INITIALBACKOFFTIME", "30000"),
			set("MAXBACKOFFTIME", "120000"),
			{Name: "BACKCOMPATRETRYDISABLED"},
			set("DEFAULTENCODING", "application/vnd.syncml.dm+xml"),
			set("SSLCLIENTCERTSEARCHCRITERIA", searchCriteria(p.leaf, p.store())),
		},
		// Both are wanted, with nonces: Windows 11 refuses the document otherwise.
		Parts: []characteristic{
			{Type: "APPAUTH", Parms: []parm{
				set("AAUTHLEVEL", "CLIENT"),
				set("AAUTHTYPE", "DIGEST"),
				set("AAUTHSECRET", p.account.serverSecret),
				set("AAUTHDATA", encodeBase64([]byte(p.account.serverNonce))),
			}},
			{Type: "APPAUTH", Parms: []parm{
				set("AAUTHLEVEL", "APPSRV"),
				set("AAUTHTYPE", "DIGEST"),
				set("AAUTHNAME", p.account.clientName),
				set("AAUTHSECRET", p.account.clientSecret),
				set("AAUTHDATA", encodeBase64([]byte(p.account.clientNonce))),
			}},
		},
	}
}

// searchCriteria is how the device finds its certificate for TLS: by the whole
// subject, which is a common name alone.
func searchCriteria(leaf *x509.Certificate, store string) string {
	subject := strings.ReplaceAll(url.QueryEscape("CN="+leaf.Subject.CommonName), "+", "%20")
	return "Subject=" + subject + "&Stores=" + url.QueryEscape(`My\`+store)
}

// firstRelease is the version of Windows 10 that does not know all of DMClient.
const firstRelease = "10.0.10240."

// client is what the device keeps of the appliance (DMClient CSP). That it leaves
// management by itself after days without contact is not set: an appliance may
// be away for as long as it likes.
func (h *handler) client(e device.Enrollment) characteristic {
	poll := h.cfg.Poll.For(e.ID)
	parms := []parm{text("EntDMID", string(e.ID))}
	if e.Name != "" {
		parms = append(parms, text("EntDeviceName", e.Name))
	}
	if e.User != "" {
		parms = append(parms, text("UPN", e.User))
	}
	if !strings.HasPrefix(e.OSVersion, firstRelease) {
		// A long answer, such as the list of installed updates, would end the session.
		parms = append(parms, boolean("EnableOmaDmKeepAliveMessage", true))
	}
	provider := characteristic{Type: ProviderID, Parms: parms, Parts: []characteristic{{Type: "Poll", Parms: []parm{
		integer("NumberOfFirstRetries", poll.First.Times),
		minutes("IntervalForFirstSetOfRetries", poll.First.Every),
		integer("NumberOfSecondRetries", poll.Second.Times),
		minutes("IntervalForSecondSetOfRetries", poll.Second.Every),
		integer("NumberOfRemainingScheduledRetries", 0), // for ever
		minutes("IntervalForRemainingScheduledRetries", poll.Remaining),
		boolean("PollOnLogin", poll.OnLogin),
	}}}}
	return characteristic{Type: "DMClient", Parts: []characteristic{{Type: "Provider", Parts: []characteristic{provider}}}}
}
