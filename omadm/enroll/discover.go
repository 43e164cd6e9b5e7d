package enroll

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Versions of enrolment (MS-MDE2 3.1.4.1.3.2). At 5.0 a client sends proofs of
// its TPM, which nobody here looks at.
const (
	oldestVersion = 3
	ourVersion    = 4
)

// discover tells a client where to enrol and how (MS-MDE2 3.1.4.1).
func (h *handler) discover(_ context.Context, c *call) (*reply, error) {
	request, err := c.body.one(spaceDiscovery, "request")
	if err != nil {
		return nil, malformed(err)
	}
	version, err := request.one(spaceDiscovery, "RequestVersion")
	if err != nil {
		return nil, malformed(err)
	}
	major, err := majorVersion(version.value())
	if err != nil {
		return nil, malformed(err)
	}
	if major < oldestVersion {
		return nil, &fault{subcode: authorization, errorType: deviceNotSupported, cause: fmt.Errorf("a client of version %d", major),
			message: "This version of Windows is too old: Windows 10 is the first that can be enrolled."}
	}
	policies, err := request.optional(spaceDiscovery, "AuthPolicies")
	if err != nil {
		return nil, malformed(err)
	}
	if policies != nil && !slices.ContainsFunc(policies.all(spaceDiscovery, "AuthPolicy"), func(p *element) bool { return p.value() == "OnPremise" }) {
		return nil, &fault{subcode: authorization, errorType: notSupported, cause: errors.New("a client that cannot enrol on-premise"),
			message: "This server enrols with an account or a token of its own (OnPremise), which this client does not offer."}
	}
	base := h.base(c.http)
	c.log.Debug("discovered", "version", major, "base", base)
	return &reply{body: `<DiscoverResponse xmlns="` + spaceDiscovery + `"><DiscoverResult><AuthPolicy>OnPremise</AuthPolicy>` +
		`<EnrollmentVersion>` + strconv.Itoa(min(major, ourVersion)) + `.0</EnrollmentVersion>` +
		`<EnrollmentPolicyServiceUrl>` + escape(base+PolicyPath) + `</EnrollmentPolicyServiceUrl>` +
		`<EnrollmentServiceUrl>` + escape(base+EnrollmentPath) + `</EnrollmentServiceUrl></DiscoverResult></DiscoverResponse>`}, nil
}

// majorVersion reads a version such as 4.0.
func majorVersion(s string) (int, error) {
	major, minor, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(major, 10, 16)
	if err != nil || strings.Trim(minor, "0123456789") != "" {
		return 0, errors.New("RequestVersion is not a number")
	}
	return int(n), nil
}

// base returns the URL of the appliance for a client: on the host that it used,
// where that is a name of the appliance, with the port that it used.
func (h *handler) base(r *http.Request) string {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = strings.Trim(r.Host, "[]"), ""
	}
	if !h.names[hostKey(host)] {
		return h.cfg.Public
	}
	return "https://" + joinHost(host, port)
}

// hostKey is the form in which host names and addresses are compared.
func hostKey(host string) string {
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// joinHost writes host and port as they stand in a URL.
func joinHost(host, port string) string {
	host = hostKey(host)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 443 {
		return host
	}
	return host + ":" + port
}
