package agent

import (
	"bytes"
	"crypto/x509"
	"strconv"
	"strings"
)

// certificateStore reads CertificateStore (MS-MDE2 2.2.9.2). Names are case
// sensitive.
func (p *provisioning) certificateStore(c *characteristic, renewal bool, r *remarks) error {
	if len(c.parms) > 0 {
		return refuse("CertificateStore has no parameters")
	}
	for _, store := range c.children {
		var err error
		switch store.kind {
		case "Root":
			err = p.authorities(store, &p.roots, true)
		case "CA":
			err = p.authorities(store, &p.cas, false)
		case "My":
			err = p.my(store, renewal, r)
		default:
			err = refuse("CertificateStore has no store %q", store.kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// authorities reads Root/System or CA/System.
func (p *provisioning) authorities(c *characteristic, into *[][]byte, selfSigned bool) error {
	for _, system := range c.children {
		if system.kind != "System" || len(system.parms) > 0 {
			return refuse("%s is not a store of authorities", system.path)
		}
		for _, entry := range system.children {
			cert, err := readCertificate(entry)
			if err != nil {
				return err
			}
			if !cert.IsCA {
				return refuse("%s is not the certificate of an authority", entry.path)
			}
			if selfSigned && !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
				return refuse("%s is not self-signed", entry.path)
			}
			*into = append(*into, cert.Raw)
		}
	}
	return nil
}

// my reads My/User or My/System, and My/WSTEP/Renew.
func (p *provisioning) my(c *characteristic, renewal bool, r *remarks) error {
	for _, sub := range c.children {
		switch sub.kind {
		case "User", "System":
			if p.leaf != nil {
				return refuse("more than one certificate of the device")
			}
			if err := p.own(sub, renewal); err != nil {
				return err
			}
		case "WSTEP":
			if len(sub.children) != 1 || sub.children[0].kind != "Renew" || len(sub.parms) > 0 {
				return refuse("%s has something other than Renew", sub.path)
			}
			renew, err := readRenew(sub.children[0], r)
			if err != nil {
				return err
			}
			p.renew = renew
		default:
			return refuse("CertificateStore/My has no %q", sub.kind)
		}
	}
	return nil
}

// own reads the device's certificate. The private key's container stands beside
// it; documents of renewals have it within.
func (p *provisioning) own(c *characteristic, renewal bool) error {
	container := false
	for _, entry := range c.children {
		if entry.kind == "PrivateKeyContainer" {
			container = true
			continue
		}
		if p.leaf != nil {
			return refuse("%s is a second certificate of the device", entry.path)
		}
		if len(entry.children) == 1 && entry.children[0].kind == "PrivateKeyContainer" && renewal {
			container = true
			entry.children = nil
		}
		cert, err := readCertificate(entry)
		if err != nil {
			return err
		}
		p.leaf, p.store = cert.Raw, c.kind
	}
	if !container {
		return refuse("%s has no PrivateKeyContainer", c.path)
	}
	return nil
}

// readCertificate reads <thumbprint>/EncodedCertificate.
func readCertificate(c *characteristic) (*x509.Certificate, error) {
	if len(c.children) > 0 || len(c.parms) != 1 {
		return nil, refuse("%s has something other than EncodedCertificate", c.path)
	}
	encoded, ok := c.parms["EncodedCertificate"]
	if !ok || !encoded.hasValue {
		return nil, refuse("%s has no EncodedCertificate", c.path)
	}
	der, err := decodeBase64(encoded.value)
	if err != nil || strings.ContainsAny(encoded.value, "\r\n") {
		return nil, refuse("EncodedCertificate of %s is not base64 on one line", c.path)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refuse("EncodedCertificate of %s: %v", c.path, err)
	}
	if want := thumbprint(der); c.kind != want {
		return nil, refuse("%s is not the thumbprint of its certificate, %s", c.path, want)
	}
	return cert, nil
}

// readRenew reads My/WSTEP/Renew.
func readRenew(c *characteristic, r *remarks) (*Renewal, error) {
	renew := defaultRenewal()
	if len(c.children) > 0 {
		return nil, refuse("%s has no characteristics", c.path)
	}
	for _, name := range c.order {
		p := c.parms[name]
		want := map[string]string{"ROBOSupport": "boolean", "RenewPeriod": "integer", "RetryInterval": "integer"}[name]
		if want != p.datatype && !(name == "ServerURL" && (p.datatype == "" || p.datatype == "string")) {
			return nil, refuse("%s/%s has the datatype %q, not %q", c.path, name, p.datatype, want)
		}
		var err error
		switch name {
		case "ROBOSupport":
			if renew.Supported, err = strconv.ParseBool(p.value); err == nil && !renew.Supported {
				r.add("ROBOSupport is false; Windows renews all the same")
			}
		case "RenewPeriod":
			renew.Period, err = days(p.value)
		case "RetryInterval":
			renew.RetryInterval, err = days(p.value)
		case "ServerURL":
			renew.ServerURL = p.value
			_, err = serviceURL(p.value)
		default:
			return nil, refuse("%s has no parameter %q", c.path, name)
		}
		if err != nil {
			return nil, refuse("%s/%s is %q", c.path, name, p.value)
		}
	}
	if renew.RetryInterval > renew.Period {
		return nil, refuse("RetryInterval %d is longer than RenewPeriod %d", renew.RetryInterval, renew.Period)
	}
	return &renew, nil
}

// defaultRenewal has the values of the DDF.
func defaultRenewal() Renewal { return Renewal{Supported: true, Period: 42, RetryInterval: 7} }

// days reads a number of days, 1 to 1000.
func days(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < 1 || n > 1000) {
		err = strconv.ErrRange
	}
	return n, err
}
