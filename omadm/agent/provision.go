package agent

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// provisioning is a provisioning document as read (MS-MDE2 2.2.9.1).
type provisioning struct {
	roots, cas [][]byte // DER
	store      string   // of the device's certificate: User or System
	leaf       []byte   // DER
	renew      *Renewal
	app        *application // nil where there is none
	dmclient   map[string]string
}

// application is the w7 APPLICATION (MS-MDE2 2.2.9.5).
type application struct {
	provider, name, addr, encoding string
	criteria                       string // SSLCLIENTCERTSEARCHCRITERIA; empty for none
	retries                        int
	backoff, backoffMax            time.Duration
	client, server                 *Auth // APPSRV, CLIENT
}

// refusal is why a provisioning document is refused.
type refusal struct {
	hr   uint32
	text string
}

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) error {
	return &refusal{hrProvisioning, fmt.Sprintf(format, args...)}
}

// parm is one parameter of a characteristic.
type parm struct {
	value    string
	hasValue bool
	datatype string
}

// characteristic is one characteristic, read and checked for its form.
type characteristic struct {
	path     string // of types, for messages
	kind     string
	parms    map[string]parm
	order    []string
	children []*characteristic
}

// readCharacteristic checks the form: a type, parameters with a name that come
// once, nothing else.
func readCharacteristic(e *element, above string) (*characteristic, error) {
	kind, ok := e.attr("type")
	if !ok || kind == "" || len(e.attrs) != 1 {
		return nil, refuse("below %s is a characteristic without a type, or with other attributes", above)
	}
	c := &characteristic{path: strings.TrimPrefix(above+"/"+kind, "/"), kind: kind, parms: map[string]parm{}}
	if strings.TrimSpace(e.text) != "" {
		return nil, refuse("text in characteristic %s", c.path)
	}
	for _, child := range e.children {
		if child.space != "" {
			return nil, refuse("%s in the namespace %q below %s", child.name, child.space, c.path)
		}
		switch child.name {
		case "characteristic":
			sub, err := readCharacteristic(child, c.path)
			if err != nil {
				return nil, err
			}
			c.children = append(c.children, sub)
		case "parm":
			if err := c.addParm(child); err != nil {
				return nil, err
			}
		default:
			return nil, refuse("element %s below %s", child.name, c.path)
		}
	}
	return c, nil
}

func (c *characteristic) addParm(e *element) error {
	var p parm
	var name string
	for _, a := range e.attrs {
		switch a.Name.Local {
		case "name":
			name = a.Value
		case "value":
			p.value, p.hasValue = a.Value, true
		case "datatype":
			if !slices.Contains([]string{"string", "integer", "boolean", "float", "date", "time", "binary"}, a.Value) {
				return refuse("datatype %q below %s", a.Value, c.path)
			}
			p.datatype = a.Value
		default:
			return refuse("attribute %s of a parm below %s", a.Name.Local, c.path)
		}
	}
	if name == "" || len(e.children) > 0 || strings.TrimSpace(e.text) != "" {
		return refuse("a parm without a name, or with content, below %s", c.path)
	}
	if _, ok := c.parms[name]; ok {
		return refuse("parm %s twice below %s", name, c.path)
	}
	c.parms[name] = p
	c.order = append(c.order, name)
	return nil
}

// parseProvisioning reads a provisioning document. For a renewal no APPLICATION
// needs to be whole.
func parseProvisioning(b []byte, renewal bool, r *remarks) (*provisioning, error) {
	doc, err := parseXML(b)
	if err != nil {
		return nil, refuse("not well-formed XML: %v", err)
	}
	if doc.name != "wap-provisioningdoc" || doc.space != "" {
		return nil, refuse("the document is a {%s}%s, not a wap-provisioningdoc without a namespace", doc.space, doc.name)
	}
	if v, _ := doc.attr("version"); v != "1.1" {
		return nil, refuse("the version of the document is %q, not 1.1", v)
	}
	p := &provisioning{dmclient: map[string]string{}}
	var provider string
	for _, e := range doc.children {
		if e.name != "characteristic" || e.space != "" {
			return nil, refuse("element {%s}%s at the top", e.space, e.name)
		}
		c, err := readCharacteristic(e, "")
		if err != nil {
			return nil, err
		}
		switch c.kind {
		case "CertificateStore":
			err = p.certificateStore(c, renewal, r)
		case "APPLICATION":
			if p.app != nil {
				return nil, refuse("more than one APPLICATION")
			}
			p.app, err = readApplication(c, renewal, r)
		case "DMClient":
			provider, err = p.readDMClient(c, r)
		default:
			return nil, &refusal{hrUnknownCSP, fmt.Sprintf("characteristic %s at the top is none that enrollment takes", c.kind)}
		}
		if err != nil {
			return nil, err
		}
	}
	if err := p.complete(provider, renewal, r); err != nil {
		return nil, err
	}
	return p, nil
}

// complete looks at what the parts must have together.
func (p *provisioning) complete(provider string, renewal bool, r *remarks) error {
	if p.leaf == nil {
		return refuse("no certificate of the device in CertificateStore/My")
	}
	if renewal {
		return nil
	}
	switch {
	case p.app == nil:
		return refuse("no APPLICATION")
	case provider == "":
		r.add("the provisioning document has no DMClient: the device polls once a day")
	case provider != p.app.provider:
		return refuse("DMClient is for provider %q, APPLICATION for %q", provider, p.app.provider)
	}
	if provider != "" && p.dmclient["EntDMID"] == "" {
		r.add("no EntDMID was given; without one no renewal is possible")
	}
	if p.renew == nil {
		r.add("no CertificateStore/My/WSTEP/Renew was given: renewals begin 42 days before the end")
	}
	return nil
}

// plainParms are the parameters of an APPLICATION that take text, and flags
// those that take none. Names are case sensitive.
var (
	plainParms = []string{
		"APPID", "PROVIDER-ID", "NAME", "ADDR", "ServerList", "ROLE", "CONNRETRYFREQ", "INITIALBACKOFFTIME",
		"MAXBACKOFFTIME", "DEFAULTENCODING", "SSLCLIENTCERTSEARCHCRITERIA", "PROTOVER", "TO-NAPID", "CRLCHECK",
	}
	flagParms = []string{"BACKCOMPATRETRYDISABLED", "USEHWDEVID"}
)

func readApplication(c *characteristic, renewal bool, r *remarks) (*application, error) {
	for _, name := range c.order {
		switch p := c.parms[name]; {
		case slices.Contains(flagParms, name):
			if p.hasValue {
				return nil, refuse("APPLICATION/%s has a value", name)
			}
		case !slices.Contains(plainParms, name):
			return nil, refuse("APPLICATION has no parameter %q (names are case sensitive)", name)
		case !p.hasValue:
			return nil, refuse("APPLICATION/%s has no value", name)
		}
	}
	text := func(name string) string { return c.parms[name].value }
	app := &application{
		provider: text("PROVIDER-ID"), name: text("NAME"), addr: text("ADDR"),
		encoding: text("DEFAULTENCODING"), criteria: text("SSLCLIENTCERTSEARCHCRITERIA"),
		retries: 3, backoff: 16 * time.Second, backoffMax: 24 * time.Hour,
	}
	if v := text("APPID"); v != "w7" && !(renewal && v == "") {
		return nil, refuse("APPLICATION/APPID is %q, not w7", v)
	}
	if app.provider == "" {
		return nil, refuse("APPLICATION/PROVIDER-ID is missing")
	}
	if renewal && app.addr == "" {
		return app, nil
	}
	if strings.ContainsAny(app.provider, " /") {
		r.add("PROVIDER-ID %q must be escaped in every LocURI", app.provider)
	}
	u, err := url.Parse(app.addr)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, refuse("APPLICATION/ADDR is %q, not an https address", app.addr)
	}
	switch app.encoding {
	case "":
		app.encoding = typeXML
	case typeXML, typeWBXML:
	default:
		return nil, refuse("APPLICATION/DEFAULTENCODING is %q", app.encoding)
	}
	if v, ok := c.parms["PROTOVER"]; ok && v.value != "1.2" && v.value != "1.1" {
		return nil, refuse("APPLICATION/PROTOVER is %q", v.value)
	}
	for _, n := range []struct {
		name string
		set  func(int)
	}{
		{"CONNRETRYFREQ", func(n int) { app.retries = n }},
		{"INITIALBACKOFFTIME", func(n int) { app.backoff = time.Duration(n) * time.Millisecond }},
		{"MAXBACKOFFTIME", func(n int) { app.backoffMax = time.Duration(n) * time.Millisecond }},
		{"ROLE", func(int) { r.add("ROLE is given; the enrollment client sets the role") }},
	} {
		if v, ok := c.parms[n.name]; ok {
			i, err := strconv.ParseUint(v.value, 10, 32)
			if err != nil {
				return nil, refuse("APPLICATION/%s is %q, not a number", n.name, v.value)
			}
			n.set(int(i))
		}
	}
	for _, sub := range c.children {
		if sub.kind != "APPAUTH" {
			return nil, refuse("APPLICATION has no characteristic %q", sub.kind)
		}
		if err := app.addAuth(sub, r); err != nil {
			return nil, err
		}
	}
	if app.client == nil || app.server == nil {
		return nil, refuse("APPLICATION needs APPAUTH of both levels, CLIENT and APPSRV")
	}
	return app, nil
}

// addAuth reads one APPAUTH.
func (app *application) addAuth(c *characteristic, r *remarks) error {
	for _, name := range c.order {
		if !slices.Contains([]string{"AAUTHLEVEL", "AAUTHTYPE", "AAUTHNAME", "AAUTHSECRET", "AAUTHDATA"}, name) || !c.parms[name].hasValue {
			return refuse("APPAUTH has no parameter %q with that form (names are case sensitive)", name)
		}
	}
	if len(c.children) > 0 {
		return refuse("APPAUTH has no characteristics")
	}
	auth := &Auth{Type: c.parms["AAUTHTYPE"].value, Name: c.parms["AAUTHNAME"].value, Secret: c.parms["AAUTHSECRET"].value}
	level := c.parms["AAUTHLEVEL"].value
	if auth.Secret == "" {
		return refuse("APPAUTH %s has no AAUTHSECRET", level)
	}
	switch auth.Type {
	case "DIGEST":
		data, ok := c.parms["AAUTHDATA"]
		if !ok || data.value == "" {
			return refuse("APPAUTH %s is DIGEST and has no AAUTHDATA", level)
		}
		nonce, err := decodeBase64(data.value)
		if err != nil {
			// Windows 10 took the text "nonce".
			r.add("AAUTHDATA of APPAUTH %s is not base64", level)
			nonce = []byte(data.value)
		}
		auth.Nonce = nonce
	case "BASIC":
		if level == "CLIENT" {
			return refuse("APPAUTH CLIENT must be DIGEST")
		}
	default:
		return refuse("AAUTHTYPE of APPAUTH %s is %q", level, auth.Type)
	}
	switch {
	case level == "CLIENT" && app.server == nil:
		app.server = auth
	case level == "APPSRV" && app.client == nil:
		app.client = auth
		if auth.Name == "" {
			r.add("APPAUTH APPSRV has no AAUTHNAME")
		}
	default:
		return refuse("AAUTHLEVEL %q is unknown or twice", level)
	}
	return nil
}
