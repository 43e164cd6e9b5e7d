package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	mdm "sluice/omadm/agent"
	"sluice/omadm/enroll"
)

// managementQuestions are about the door of devices that enrol (MS-MDE2, OMA
// DM).
func managementQuestions() []question {
	log := "the log of sluice says more, with log.level = \"debug\" everything"
	return []question{
		{"port of management", "Devices can neither enrol nor poll.",
			"see mdm.listen in the configuration, and whether a firewall lets the port through", (*exam).managementPort},
		{"management certificate", "Devices refuse the connection (0x80072F0D, 0x80072F06, 0x80072F8F).",
			"have the devices trust the root before they enrol, and put every name they use into public_host and aliases", (*exam).managementCertificate},
		{"enrollment names", "Who types an e-mail address into Settings is not led here.",
			"have the certificate name them, or take them from the DNS; people can type the address of the server instead", (*exam).enrollmentNames},
		{"client certificates", "Enrolled devices cannot prove who they are, and stop polling.",
			"no proxy may end TLS before the appliance; see \"sluice ca show\"", (*exam).clientCertificates},
		{"discovery", "Devices do not find the enrollment service (0x80180001, 0x80072EE7).",
			"see whether the addresses that discovery names can be reached from here; " + log, (*exam).discovery},
		{"enrollment credentials", "Who may enrol is not examined as it must be.", log, (*exam).credentials},
		{"unknown device", "Whoever makes a certificate for himself is managed, and learns what devices are told.", log, (*exam).stranger},
		{"enrollment", "Devices cannot enrol, or are not told what to do.", log, (*exam).enrollment},
	}
}

// managed skips what cannot be asked without the address of the door.
func (e *exam) managed() error {
	switch {
	case e.door != nil:
		return nil
	case e.Control != nil:
		return skip("the management door is off: mdm.listen is empty")
	}
	return skip("the address of the management door was not given: --management")
}

func (e *exam) managementPort(ctx context.Context) (string, error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	return connect(ctx, e.door)
}

func (e *exam) managementCertificate(ctx context.Context) (string, error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	cfg := e.tls()
	cfg.GetClientCertificate = func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		e.authorities = append([][]byte{}, r.AcceptableCAs...) // not nil: it asked
		return &tls.Certificate{}, nil
	}
	detail, leaf, err := e.presented(ctx, e.door, cfg)
	e.doorLeaf = leaf
	return detail, err
}

// enrollmentNames looks at the names that Windows makes of a person's e-mail
// address. They may be missing from the DNS; then people type an address.
func (e *exam) enrollmentNames(ctx context.Context) (string, error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	names := enroll.DiscoveryNames(e.Names)
	if len(names) == 0 {
		return "", skip("the appliance has no name with a domain")
	}
	var seen []string
	for _, name := range names {
		addrs, err := net.DefaultResolver.LookupHost(ctx, name)
		switch {
		case err != nil:
			seen = append(seen, name+" is not in the DNS: people type the address of the server")
		case e.doorLeaf != nil && e.doorLeaf.VerifyHostname(name) != nil:
			return "", warn("%s is %s, and the certificate does not name it", name, strings.Join(addrs, " and "))
		default:
			seen = append(seen, name+" is "+strings.Join(addrs, " and "))
		}
	}
	return strings.Join(seen, "; "), nil
}

// clientCertificates looks at what the door asked for in the handshake.
func (e *exam) clientCertificates(ctx context.Context) (string, error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	switch {
	case e.doorLeaf == nil:
		return "", skip("no connection was made")
	case e.authorities == nil:
		return "", errors.New("the door does not ask for a certificate")
	case len(e.authorities) == 0:
		return "", warn("the door asks for a certificate without naming authorities")
	case e.Control == nil:
		return fmt.Sprintf("asked for, from %d authorities", len(e.authorities)), nil
	}
	ca, err := e.Control.CA(ctx)
	if err != nil {
		return "", err
	}
	for _, a := range ca.Authorities {
		block, _ := pem.Decode([]byte(a.PEM))
		if block == nil {
			return "", fmt.Errorf("the certificate of the authority %q is no PEM", a.Name)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", err
		}
		if !contains(e.authorities, cert.RawSubject) {
			return "", fmt.Errorf("the door does not name the authority %q: its devices show no certificate", a.Name)
		}
	}
	return fmt.Sprintf("asked for, from each of the %d authorities whose device certificates count", len(ca.Authorities)), nil
}

func contains(names [][]byte, name []byte) bool {
	for _, n := range names {
		if bytes.Equal(n, name) {
			return true
		}
	}
	return false
}

// device returns a device of the doctor that would enrol with a token.
func (e *exam) device(token string, state *mdm.State, each func(mdm.Message)) (*mdm.Agent, error) {
	return mdm.New(mdm.Config{
		Server: e.door.String(), Credential: mdm.Credential{Name: "sluice-doctor@" + strings.TrimSuffix(e.Names[0], "."), Token: token},
		Machine: mdm.Windows10Pro(deviceName), State: state, OnMessage: each,
		Transport: &mdm.Transport{TLS: e.tls(), Timeout: answerTimeout},
	})
}

// deviceName is what devices of the doctor are called.
const deviceName = "sluice-doctor-device"

// discovery has a device with a wrong token try to enrol, and looks at how far
// discovery led it.
func (e *exam) discovery(ctx context.Context) (string, error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	e.exchanges = make(map[string]mdm.Message)
	d, err := e.device("sluice doctor", nil, func(m mdm.Message) { e.exchanges[m.Op+" "+m.Method] = m })
	if err != nil {
		return "", err
	}
	_, e.exchangesErr = d.Enroll(ctx)
	if m := e.exchanges["Discover GET"]; m.Status != http.StatusOK {
		return "", fmt.Errorf("GET: %w", e.exchangesErr)
	}
	policies, came := e.exchanges["GetPolicies POST"]
	switch {
	case !came:
		return "", e.exchangesErr
	case policies.Status == 0:
		return "", fmt.Errorf("it names %s: %w", policies.URL, e.exchangesErr)
	}
	return "GET and POST answered; services at " + policies.URL, nil
}

// credentials looks at how the policy service refused that device.
func (e *exam) credentials(context.Context) (string, error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	const notRecognized, tooMany = 0x80180002, http.StatusTooManyRequests
	switch m, came := e.exchanges["GetPolicies POST"]; {
	case !came || m.Status == 0:
		return "", skip("discovery did not lead this far")
	case e.exchangesErr == nil:
		return "", errors.New("a device enrolled with a token that there is not")
	case m.Status == tooMany:
		return "", skip("too many wrong credentials came from here within the hour")
	case mdm.HResult(e.exchangesErr) != notRecognized:
		return "", fmt.Errorf("a wrong token is not refused as it is to be: %w", e.exchangesErr)
	}
	return fmt.Sprintf("a wrong token is refused with the fault that devices show as 0x%08X", uint32(notRecognized)), nil
}
