package enroll

import (
	"context"
	"crypto/x509"
	"errors"

	"sluice/omadm/ca"
	"sluice/omadm/device"
)

// renew gives a device its next certificate (RequestType Renew, MS-MDE2 3.5).
// Names and passwords do not count here.
func (h *handler) renew(ctx context.Context, c *call) ([]byte, error) {
	q, err := readTokenRequest(c.body, fragmentPKCS7, ca.MaxRenewal)
	if err != nil {
		return nil, err
	}
	trust := h.cfg.Trust()
	shown, err := c.certificate(trust)
	if err != nil {
		return nil, err
	}
	req, signer, err := ca.ParseRenewal(q.der)
	if err != nil {
		return nil, badRequest(err)
	}
	if err := c.judgeSigner(trust, shown, signer); err != nil {
		return nil, err
	}
	e, err := h.cfg.Desk.Renewing(ctx, signer)
	if err != nil {
		return nil, err
	}
	if err := sameDevice(q, req, e.Device); err != nil {
		return nil, err
	}
	leaf, err := trust.Current().IssueDevice(req.PublicKey, e.ID, c.now, h.cfg.Life)
	if err != nil {
		return nil, err
	}
	if err := h.cfg.Desk.Renew(ctx, e.ID, signer, Certificate{Leaf: leaf, KeyHash: req.KeyHash}); err != nil {
		return nil, err
	}
	c.log.Info("renewed", "enrollment", string(e.ID), "device", string(e.Device), "was_until", signer.NotAfter, "until", leaf.NotAfter)
	return h.renewal(provision{enrollment: e, leaf: leaf, roots: trust.Roots(), intermediates: trust.Intermediates()}).encode()
}

// sameDevice checks that a renewal is not for another device than its signer. The
// common name does not matter: it is what the last certificate had, or anything.
func sameDevice(q *tokenRequest, req *ca.Request, id device.ID) error {
	said, err := q.context.deviceID()
	if err != nil {
		return err
	}
	for _, other := range []device.ID{said, req.DeviceID} {
		if other != "" && !id.Same(other) {
			return badRequest(errors.New("a renewal for another device"))
		}
	}
	return nil
}

// judgeSigner checks that the renewal is signed with the certificate that the
// client showed by TLS.
//
// Where TLS brings none, because it ends at a proxy or because the client was
// offered authorities that it did not recognise, the signer alone is judged, in
// the same way. That is safe: the signature proves that the old key is there, and
// is over the new one, which signed the request in turn. Who sends a recorded
// message again gets a certificate for a key that the device alone has. And it
// is kind: a device that cannot renew is lost.
func (c *call) judgeSigner(trust *ca.Trust, shown, signer *x509.Certificate) error {
	if shown == nil {
		if _, err := trust.Judge([]*x509.Certificate{signer}, ca.Renew, c.now); err != nil {
			return notRenewable(err)
		}
		return nil
	}
	if !shown.Equal(signer) {
		return &fault{subcode: authentication, errorType: notEligibleToRenew, cause: errors.New("a renewal signed with another certificate than that of TLS"),
			message: "The certificate of this device cannot be renewed. Enrol the device again."}
	}
	return nil
}
