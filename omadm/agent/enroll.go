package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"sluice/omadm/device"
)

// Enrolled is what an enrollment or a renewal brought.
type Enrolled struct {
	Provider string
	Addr     string   // of the management server
	Version  string   // EnrollmentVersion that the server chose; empty for a renewal
	Digest   string   // that the request was signed with: SHA-1 or SHA-256
	Remarks  []string // deviations that Windows bears
}

// Enroll finds the server and enrols the device. Errors are an [*Error], its
// cause a [*Fault] where the server refused. State is changed only when all went
// well.
func (a *Agent) Enroll(ctx context.Context) (*Enrolled, error) {
	if a.state.Account != nil {
		return nil, fail("Discover", hrAlreadyEnrolled, "the device is enrolled with %s", a.state.Account.Provider)
	}
	var r remarks
	client := a.client(nil)
	defer client.CloseIdleConnections()
	s, err := a.discover(ctx, client, &r)
	if err != nil {
		return nil, err
	}
	policy, err := a.getPolicies(ctx, client, s, &r)
	if err != nil {
		return nil, err
	}
	key, csr, err := a.newRequest(policy)
	if err != nil {
		return nil, err
	}
	body, err := a.post(ctx, client, &issueCall, s.enroll, a.issueRequest(s.enroll.String(), csr), &r)
	if err != nil {
		return nil, err
	}
	doc, err := readToken(&issueCall, body)
	if err != nil {
		return nil, err
	}
	acc, err := a.accept(doc, key, &r)
	if err != nil {
		return nil, provisioningError("Issue", err)
	}
	acc.Discovery, acc.Enrolling, acc.User, acc.Enrolled = s.discovery.String(), s.enroll.String(), a.cfg.Credential.Name, a.cfg.Now()
	a.state.Account = acc
	a.state.Polls = 0
	out := &Enrolled{Provider: acc.Provider, Addr: acc.Addr, Version: s.version, Digest: "SHA-1", Remarks: r}
	if policy.sha256 {
		out.Digest = "SHA-256"
	}
	a.cfg.Log.Info("enrolled", "device", a.cfg.Machine.DeviceID, "provider", acc.Provider, "addr", acc.Addr)
	return out, nil
}

// newRequest makes a key and a request for it, as the policy wants.
func (a *Agent) newRequest(policy *requestPolicy) (*rsa.PrivateKey, []byte, error) {
	const most = 4096 // bits; a Windows client takes long for more
	if policy.keyLength > most {
		return nil, nil, fail("Issue", hrNotSupported, "a key of %d bits", policy.keyLength)
	}
	key, err := a.cfg.Keys()
	if err == nil && key.N.BitLen() < policy.keyLength {
		key, err = rsa.GenerateKey(rand.Reader, policy.keyLength)
	}
	if err != nil {
		return nil, nil, failWith("Issue", hrInvalidArgument, err, "make a key")
	}
	csr, err := makeRequest(key, a.requestName(), a.cfg.Machine.DeviceID, policy.sha256)
	if err != nil {
		return nil, nil, failWith("Issue", hrInvalidArgument, err, "make a certificate request")
	}
	return key, csr, nil
}

// issueRequest writes RequestSecurityToken as captured (MS-MDE2 3.4.4.1.1.1).
func (a *Agent) issueRequest(to string, csr []byte) []byte {
	m := &a.cfg.Machine
	w := openToken(&issueCall, to, &a.cfg.Credential)
	w.leaf("wst:RequestType", nsTrust+"/Issue")
	w.leaf("wsse:BinarySecurityToken", encodeBase64(csr), "ValueType", nsPKI+"#PKCS10", "EncodingType", base64Binary)
	writeContext(w, m.contextItems(m.Context != device.DeviceContext))
	return w.b.Bytes()
}

// openToken writes the envelope up to TokenType.
func openToken(c *call, to string, cred *Credential) *xmlWriter {
	w := &xmlWriter{}
	w.open("s:Envelope", "xmlns:s", nsSOAP, "xmlns:a", nsAddressing, "xmlns:u", nsUtility, "xmlns:wsse", nsSecurity,
		"xmlns:wst", nsTrust, "xmlns:ac", nsAuth)
	c.header(w, to, cred)
	w.open("s:Body")
	w.open("wst:RequestSecurityToken")
	w.leaf("wst:TokenType", confEnroll+"DeviceEnrollmentToken")
	return w
}

// writeContext writes the additional context and closes the envelope.
func writeContext(w *xmlWriter, items []contextItem) {
	w.open("ac:AdditionalContext", "xmlns", nsAuth)
	for _, it := range items {
		w.open("ac:ContextItem", "Name", it.name)
		w.leaf("ac:Value", it.value)
		w.close("ac:ContextItem")
	}
	w.close("ac:AdditionalContext", "wst:RequestSecurityToken", "s:Body", "s:Envelope")
}

// readToken reads RequestSecurityTokenResponseCollection and returns the
// provisioning document (MS-MDE2 3.4.4.1.1.2).
func readToken(c *call, body *element) ([]byte, error) {
	t := body.find(nsTrust, "RequestSecurityTokenResponseCollection", "RequestSecurityTokenResponse")
	if t == nil {
		return nil, fail(c.op, hrMessageFormat, "no RequestSecurityTokenResponseCollection/RequestSecurityTokenResponse of %s", nsTrust)
	}
	if v := t.child(nsTrust, "TokenType").value(); v != confEnroll+"DeviceEnrollmentToken" {
		return nil, fail(c.op, hrMessageFormat, "TokenType is %q", v)
	}
	token := t.child(nsTrust, "RequestedSecurityToken").child(nsSecurity, "BinarySecurityToken")
	if token == nil {
		return nil, fail(c.op, hrMessageFormat, "no RequestedSecurityToken/BinarySecurityToken of %s", nsSecurity)
	}
	if v, _ := token.attr("ValueType"); v != confEnroll+"DeviceEnrollmentProvisionDoc" {
		return nil, fail(c.op, hrMessageFormat, "ValueType of the token is %q", v)
	}
	if v, _ := token.attr("EncodingType"); v != base64Binary {
		return nil, fail(c.op, hrMessageFormat, "EncodingType of the token is %q", v)
	}
	doc, err := decodeBase64(string(bytes.Join(bytes.Fields([]byte(token.text)), nil)))
	if err != nil {
		return nil, failWith(c.op, hrMessageFormat, err, "the token is not base64")
	}
	return doc, nil
}

// accept reads a provisioning document for the request of key and returns the
// account that it makes.
func (a *Agent) accept(doc []byte, key *rsa.PrivateKey, r *remarks) (*Account, error) {
	p, err := parseProvisioning(doc, false, r)
	if err != nil {
		return nil, err
	}
	acc := &Account{
		Provider: p.app.provider, Name: p.app.name, Addr: p.app.addr, Encoding: p.app.encoding,
		Client: *p.app.client, Server: *p.app.server, Retries: p.app.retries, Backoff: p.app.backoff, BackoffMax: p.app.backoffMax,
		Roots: p.roots, CAs: p.cas, Renewal: defaultRenewal(), DMClient: p.dmclient,
	}
	if p.renew != nil {
		acc.Renewal = *p.renew
	}
	for path := range p.dmclient {
		if n, _ := findDMNode(path); n.since > a.cfg.Machine.Version.Build() {
			r.add("DMClient/%s is unknown to build %d", path, a.cfg.Machine.Version.Build())
			delete(acc.DMClient, path)
		}
	}
	if err := a.install(acc, p, key, r); err != nil {
		return nil, err
	}
	want := map[bool]string{true: "User", false: "System"}[a.user()]
	if p.store != want {
		return nil, refuse("the certificate is for My/%s, the enrollment is one of My/%s", p.store, want)
	}
	leaf, err := acc.Leaf()
	if err != nil {
		return nil, err
	}
	if p.app.criteria == "" {
		r.add("no SSLCLIENTCERTSEARCHCRITERIA was given")
	} else if err := matchCriteria(p.app.criteria, leaf, p.store); err != nil {
		return nil, refuse("SSLCLIENTCERTSEARCHCRITERIA: %v", err)
	}
	return acc, nil
}

// install puts the certificate of a document into the account.
func (a *Agent) install(acc *Account, p *provisioning, key *rsa.PrivateKey, r *remarks) error {
	leaf, err := x509.ParseCertificate(p.leaf)
	if err != nil {
		return refuse("certificate of the device: %v", err)
	}
	if pub, ok := leaf.PublicKey.(*rsa.PublicKey); !ok || !pub.Equal(&key.PublicKey) {
		return refuse("the certificate is not for the key that was sent")
	}
	if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		return refuse("the certificate is not for client authentication")
	}
	if leaf.SignatureAlgorithm == x509.SHA1WithRSA || leaf.SignatureAlgorithm == x509.ECDSAWithSHA1 {
		return refuse("the certificate is signed with SHA-1")
	}
	now := a.cfg.Now()
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return refuse("the certificate is valid from %s to %s, not now", leaf.NotBefore, leaf.NotAfter)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("keep the key: %w", err)
	}
	acc.Key, acc.signer = der, key
	acc.Certificate, acc.parsed = p.leaf, leaf
	acc.Store = p.store
	chain := acc.chain(leaf)
	if top := chain[len(chain)-1]; !bytes.Equal(top.RawIssuer, top.RawSubject) {
		r.add("the device cannot build the chain of its certificate: no certificate of %q", top.Issuer.String())
	}
	return nil
}

// provisioningError is what the device shows for a document that it refused.
func provisioningError(op string, err error) error {
	var ref *refusal
	if errors.As(err, &ref) {
		return failWith(op, ref.hr, nil, "provisioning document: "+ref.text)
	}
	return failWith(op, hrProvisioning, err, "provisioning document")
}
