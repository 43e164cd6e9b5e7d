package enroll

import (
	"context"
	"errors"

	"sluice/omadm/ca"
	"sluice/omadm/device"
)

// issue enrols a device (RequestType Issue).
func (h *handler) issue(ctx context.Context, c *call) ([]byte, error) {
	cred, err := readCredential(c.message, c.http)
	if err != nil {
		return nil, err
	}
	c.log = c.log.With("credential", cred)
	q, err := readTokenRequest(c.body, fragmentPKCS10, ca.MaxRequest)
	if err != nil {
		return nil, err
	}
	e, err := q.context.enrollment()
	if err != nil {
		return nil, err
	}
	// Before the request is looked at closely: checking signatures is dear.
	if cred.Secret == "" && cred.Token == "" {
		return nil, ErrCredentials
	}
	req, err := ca.ParseRequest(q.der)
	if err != nil {
		return nil, badRequest(err)
	}
	if e.Device, err = requestedDevice(req, e.Device); err != nil {
		return nil, err
	}
	if e.Device == "" {
		return nil, badData(errors.New("no DeviceID"))
	}
	id, err := h.guid()
	if err != nil {
		return nil, err
	}
	e.ID, e.User, e.Created = device.EnrollmentID(id), cred.Name, c.now
	account, err := h.drawAccount()
	if err != nil {
		return nil, err
	}
	trust := h.cfg.Trust()
	leaf, err := trust.Current().IssueDevice(req.PublicKey, e.ID, c.now, h.cfg.Life)
	if err != nil {
		return nil, err
	}
	if err := h.cfg.Desk.Enroll(ctx, cred, e, Certificate{Leaf: leaf, KeyHash: req.KeyHash}, account.secrets()); err != nil {
		return nil, err
	}
	c.log.Info("enrolled", "enrollment", string(e.ID), "device", string(e.Device), "name", e.Name, "context", string(e.Context),
		"os", e.OSVersion, "edition", e.OSEdition, "sha1", req.SHA1, "until", leaf.NotAfter)
	return h.provision(provision{
		enrollment: e, leaf: leaf, account: account, base: h.base(c.http),
		roots: trust.Roots(), intermediates: trust.Intermediates(),
	}).encode()
}

// requestedDevice says which device a certificate request is of: the one that
// the device says it is. The certificate has a subject of our own, so that a
// request with another name could not take one over; but what it is for then,
// nobody knows.
func requestedDevice(req *ca.Request, said device.ID) (device.ID, error) {
	switch {
	case said == "":
		return req.DeviceID, nil
	case req.DeviceID != "" && said.Same(req.DeviceID):
		return said, nil
	case req.DeviceID == "" && (req.CommonName == "" || said.Same(device.ID(req.CommonName))):
		return said, nil
	}
	return "", badRequest(errors.New("a certificate request of another device"))
}
