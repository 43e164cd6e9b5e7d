package agent

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// services is what discovery answers (MS-MDE2 3.1.4.1.3.2).
type services struct {
	discovery *url.URL
	policy    *url.URL
	enroll    *url.URL
	version   string
}

// discover asks for the services: GET, then POST, on the address that was given
// or made from the e-mail address.
func (a *Agent) discover(ctx context.Context, client *http.Client, r *remarks) (*services, error) {
	const op = "Discover"
	u, guessed, err := a.discovery()
	if err != nil {
		return nil, failWith(op, hrInvalidArgument, err, "server address")
	}
	q := request{op: op, method: http.MethodGet, url: u.String(), header: http.Header{"User-Agent": {userAgentSOAP}}}
	ans, err := a.do(ctx, client, q)
	if err != nil && guessed && ctx.Err() == nil {
		if u, err = a.fallback(ctx, client, u, err); err != nil {
			return nil, err
		}
		q.url = u.String()
		ans, err = a.do(ctx, client, q)
	}
	if err != nil {
		return nil, err
	}
	if ans.status != http.StatusOK {
		return nil, statusError(op, ans, a.cfg.Now())
	}
	if ans.unknown {
		r.add("the answer to the GET of discovery has no Content-Length")
	}
	body, err := a.post(ctx, client, &discoverCall, u, a.discoverRequest(u), r)
	if err != nil {
		return nil, err
	}
	s, err := readServices(body, a.cfg.Machine.requestVersion())
	if err != nil {
		return nil, err
	}
	s.discovery = u
	return s, nil
}

// fallback looks for a redirect at the plain HTTP name; without one the failure
// of HTTPS stands, and a person would be asked for the server's address.
func (a *Agent) fallback(ctx context.Context, client *http.Client, u *url.URL, cause error) (*url.URL, error) {
	plain := *u
	plain.Scheme = "http"
	ans, err := a.do(ctx, client, request{
		op: "Discover", method: http.MethodGet, url: plain.String(), header: http.Header{"User-Agent": {userAgentSOAP}},
	})
	if err != nil {
		return nil, cause
	}
	to, err := redirected(ans)
	if err != nil {
		return nil, cause
	}
	next, err := url.Parse(to)
	if err != nil {
		return nil, cause
	}
	return next, nil
}

// discoverRequest writes the request as captured.
func (a *Agent) discoverRequest(u *url.URL) []byte {
	m := &a.cfg.Machine
	w := &xmlWriter{}
	w.open("s:Envelope", "xmlns:a", nsAddressing, "xmlns:s", nsSOAP)
	discoverCall.header(w, address(u), nil)
	w.open("s:Body")
	w.open("Discover", "xmlns", nsEnroll)
	w.open("request", "xmlns:i", nsXSI)
	w.leaf("EmailAddress", a.cfg.Credential.Name)
	w.leaf("RequestVersion", m.requestVersion())
	w.leaf("DeviceType", deviceType)
	w.leaf("ApplicationVersion", m.Version.String())
	w.leaf("OSEdition", strconv.Itoa(m.Edition))
	w.open("AuthPolicies")
	w.leaf("AuthPolicy", "OnPremise")
	w.leaf("AuthPolicy", "Federated")
	w.close("AuthPolicies", "request", "Discover", "s:Body", "s:Envelope")
	return w.b.Bytes()
}

// readServices reads DiscoverResponse; asked is the version that was requested.
func readServices(body *element, asked string) (*services, error) {
	const op = "Discover"
	d := body.find(nsEnroll, "DiscoverResponse", "DiscoverResult")
	if d == nil {
		return nil, fail(op, hrMessageFormat, "no DiscoverResponse/DiscoverResult of %s", nsEnroll)
	}
	for _, name := range []string{"AuthPolicy", "EnrollmentPolicyServiceUrl", "EnrollmentServiceUrl"} {
		if d.child(nsEnroll, name).value() == "" {
			return nil, fail(op, hrMessageFormat, "DiscoverResult has no %s", name)
		}
	}
	switch p := d.child(nsEnroll, "AuthPolicy").value(); p {
	case "OnPremise":
	case "Federated", "Certificate":
		return nil, fail(op, hrNotSupported, "the server wants %s authentication", p)
	default:
		return nil, fail(op, hrMessageFormat, "AuthPolicy is %q", p)
	}
	s := &services{version: "3.0"} // what is meant where it is left out
	if v := d.child(nsEnroll, "EnrollmentVersion"); v != nil && !v.isNil() {
		s.version = v.value()
	}
	got, err := strconv.ParseFloat(s.version, 64)
	most, _ := strconv.ParseFloat(asked, 64) // our own
	if err != nil || got < 3 || got > most {
		return nil, fail(op, hrMessageFormat, "EnrollmentVersion is %q where %s was asked for", s.version, asked)
	}
	if s.policy, err = serviceURL(d.child(nsEnroll, "EnrollmentPolicyServiceUrl").value()); err != nil {
		return nil, failWith(op, hrMessageFormat, err, "EnrollmentPolicyServiceUrl")
	}
	if s.enroll, err = serviceURL(d.child(nsEnroll, "EnrollmentServiceUrl").value()); err != nil {
		return nil, failWith(op, hrMessageFormat, err, "EnrollmentServiceUrl")
	}
	if s.policy.Hostname() != s.enroll.Hostname() {
		return nil, fail(op, hrMessageFormat, "the policy and the enrollment service are on different hosts, %s and %s", s.policy.Hostname(), s.enroll.Hostname())
	}
	return s, nil
}

func serviceURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("not an https address: " + strconv.Quote(s))
	}
	return u, nil
}
