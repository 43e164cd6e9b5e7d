package doctor

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	mdm "sluice/omadm/agent"
	"sluice/omadm/enroll"
)

// stranger has a device poll whose certificate is by an authority that the
// doctor made, under the name of the appliance's own.
func (e *exam) stranger(ctx context.Context) (string, error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	if len(e.authorities) == 0 {
		return "", skip("the door does not name its authorities")
	}
	key, leaf, err := e.forge(e.authorities[0])
	if err != nil {
		return "", err
	}
	account, err := mdm.Adopt(enroll.ProviderID, e.door.JoinPath(enroll.ManagementPath).String(), key, leaf)
	if err != nil {
		return "", err
	}
	var last mdm.Message
	d, err := e.device("", &mdm.State{Account: account}, func(m mdm.Message) { last = m })
	if err != nil {
		return "", err
	}
	s, err := d.Poll(ctx, nil)
	switch {
	case err == nil || len(s.Commands) > 0:
		return "", errors.New("a device with a certificate that nobody here issued was let in")
	case last.Status == 0:
		return "", err
	case last.Status != http.StatusOK:
		return fmt.Sprintf("a device with a certificate by a stranger of the same name is refused with status %d", last.Status), nil
	}
	return "a device with a certificate by a stranger of the same name is refused, and told nothing", nil
}

// forge returns a key and a device certificate by an authority with that name.
func (e *exam) forge(issuer []byte) (*rsa.PrivateKey, *x509.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	now := e.now()
	ca := &x509.Certificate{RawSubject: issuer}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "5117ced0-0000-4000-8000-000000000001"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	leaf, err = x509.ParseCertificate(der)
	return key, leaf, err
}

// tokenLife is how long the token of the doctor is good.
const tokenLife = 10 * time.Minute

// enrollment enrols a device, has it poll and unenrol, and deletes it.
func (e *exam) enrollment(ctx context.Context) (detail string, err error) {
	if err := e.managed(); err != nil {
		return "", err
	}
	switch {
	case !e.Enroll:
		return "", skip("with --enroll a device is enrolled, and deleted again")
	case e.Control == nil:
		return "", noControl()
	}
	now := e.now().UTC()
	expires := now.Add(tokenLife)
	token, err := e.Control.CreateEnrollToken(ctx, wire.CreateEnrollToken{
		Label: "sluice doctor " + now.Format(time.RFC3339Nano), Uses: 1, Expires: &expires,
	})
	if err != nil {
		return "", err
	}
	// Nothing of it stays, also where something went wrong, or the doctor was
	// interrupted.
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
		defer cancel()
		err = errors.Join(err, e.Control.RevokeEnrollToken(ctx, token.ID), e.forgetDevice(ctx))
	}()
	d, err := e.device(token.Secret, nil, nil)
	if err != nil {
		return "", err
	}
	if _, err := d.Enroll(ctx); err != nil {
		return "", err
	}
	s, err := d.Poll(ctx, nil)
	if err != nil {
		return "", err
	}
	policies := len(d.Policies())
	server, _ := d.UpdateServer()
	if _, err := d.Unenroll(ctx); err != nil {
		return "", err
	}
	detail = fmt.Sprintf("a device enrolled, polled with %d messages, took %d settings, and unenrolled; it is deleted", s.Messages, policies)
	if server == "" {
		return "", warn("%s; but it was told no update server", detail)
	}
	return detail, nil
}

// forgetDevice deletes the devices that the doctor played.
func (e *exam) forgetDevice(ctx context.Context) error {
	for d, err := range e.Control.Devices(ctx, client.DeviceQuery{Search: deviceName, All: true}) {
		if err != nil {
			return err
		}
		if err := e.Control.DeleteComputer(ctx, d.ID); err != nil {
			return err
		}
	}
	return nil
}
