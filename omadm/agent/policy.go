package agent

import (
	"context"
	"net/http"
	"strconv"
)

// hashSHA256 is the digest that GetPolicies asks for.
const hashSHA256 = "2.16.840.1.101.3.4.2.1"

// requestPolicy is what of GetPoliciesResponse decides on the certificate
// request.
type requestPolicy struct {
	keyLength int
	sha256    bool // else SHA-1, as a client signs that was told nothing
}

// getPolicies asks for the certificate policy (MS-XCEP, MS-MDE2 3.3).
func (a *Agent) getPolicies(ctx context.Context, client *http.Client, s *services, r *remarks) (*requestPolicy, error) {
	w := &xmlWriter{}
	w.open("s:Envelope", "xmlns:s", nsSOAP, "xmlns:a", nsAddressing, "xmlns:u", nsUtility, "xmlns:wsse", nsSecurity,
		"xmlns:wst", nsTrust, "xmlns:ac", nsAuth)
	policiesCall.header(w, s.policy.String(), &a.cfg.Credential)
	w.open("s:Body", "xmlns:xsi", nsXSI, "xmlns:xsd", nsXSD)
	w.open("GetPolicies", "xmlns", nsPolicy)
	w.open("client")
	w.empty("lastUpdate", "xsi:nil", "true")
	w.empty("preferredLanguage", "xsi:nil", "true")
	w.close("client")
	w.empty("requestFilter", "xsi:nil", "true")
	w.close("GetPolicies", "s:Body", "s:Envelope")
	body, err := a.post(ctx, client, &policiesCall, s.policy, w.b.Bytes(), r)
	if err != nil {
		return nil, err
	}
	return readPolicy(body)
}

// policyFields are the elements that must be there (MS-MDE2 3.3.4.1.1.2), by
// their path below GetPoliciesResponse.
var policyFields = [][]string{
	{"response", "policyID"},
	{"response", "policyFriendlyName"},
	{"response", "nextUpdateHours"},
	{"response", "policiesNotChanged"},
	{"response", "policies", "policy", "policyOIDReference"},
	{"response", "policies", "policy", "cAs"},
	{"response", "policies", "policy", "attributes", "commonName"},
	{"response", "policies", "policy", "attributes", "certificateValidity", "validityPeriodSeconds"},
	{"response", "policies", "policy", "attributes", "certificateValidity", "renewalPeriodSeconds"},
	{"response", "policies", "policy", "attributes", "permission", "enroll"},
	{"response", "policies", "policy", "attributes", "permission", "autoEnroll"},
	{"response", "policies", "policy", "attributes", "privateKeyAttributes", "keySpec"},
	{"response", "policies", "policy", "attributes", "privateKeyAttributes", "keyUsageProperty"},
	{"response", "policies", "policy", "attributes", "privateKeyAttributes", "permissions"},
	{"response", "policies", "policy", "attributes", "privateKeyAttributes", "algorithmOIDReference"},
	{"response", "policies", "policy", "attributes", "privateKeyAttributes", "cryptoProviders"},
	{"response", "policies", "policy", "attributes", "revision", "majorRevision"},
	{"response", "policies", "policy", "attributes", "revision", "minorRevision"},
	{"response", "policies", "policy", "attributes", "supersededPolicies"},
	{"response", "policies", "policy", "attributes", "privateKeyFlags"},
	{"response", "policies", "policy", "attributes", "subjectNameFlags"},
	{"response", "policies", "policy", "attributes", "enrollmentFlags"},
	{"response", "policies", "policy", "attributes", "generalFlags"},
	{"response", "policies", "policy", "attributes", "rARequirements"},
	{"response", "policies", "policy", "attributes", "keyArchivalAttributes"},
	{"response", "policies", "policy", "attributes", "extensions"},
	{"cAs"},
	{"oIDs"},
}

// readPolicy reads GetPoliciesResponse.
func readPolicy(body *element) (*requestPolicy, error) {
	const op = "GetPolicies"
	doc := body.child(nsPolicy, "GetPoliciesResponse")
	if doc == nil {
		return nil, fail(op, hrMessageFormat, "no GetPoliciesResponse of %s", nsPolicy)
	}
	for _, f := range policyFields {
		if doc.find(nsPolicy, f...) == nil {
			return nil, fail(op, hrMessageFormat, "GetPoliciesResponse has no %v", f)
		}
	}
	attrs := doc.find(nsPolicy, "response", "policies", "policy", "attributes")
	if v := attrs.child(nsPolicy, "policySchema").value(); v != "3" {
		return nil, fail(op, hrMessageFormat, "policySchema is %q, not 3", v)
	}
	if v := attrs.find(nsPolicy, "permission", "enroll").value(); v != "true" {
		return nil, fail(op, 0x80180003, "the policy permits no enrollment")
	}
	text := attrs.find(nsPolicy, "privateKeyAttributes", "minimalKeyLength").value()
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return nil, fail(op, hrMessageFormat, "minimalKeyLength is %q", text)
	}
	p := &requestPolicy{keyLength: n}
	ref := attrs.child(nsPolicy, "hashAlgorithmOIDReference")
	if ref == nil || ref.isNil() || ref.value() == "" {
		return p, nil
	}
	for _, oid := range doc.child(nsPolicy, "oIDs").children {
		if oid.name == "oID" && oid.child(nsPolicy, "oIDReferenceID").value() == ref.value() {
			for _, f := range []string{"value", "group", "defaultName"} {
				if oid.child(nsPolicy, f).value() == "" {
					return nil, fail(op, hrMessageFormat, "oID %s has no %s", ref.value(), f)
				}
			}
			p.sha256 = oid.child(nsPolicy, "value").value() == hashSHA256
			return p, nil
		}
	}
	return nil, fail(op, hrMessageFormat, "hashAlgorithmOIDReference %s points at no oID", ref.value())
}
