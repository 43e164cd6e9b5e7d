package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// refusal is why a message is not taken, and what its SyncHdr is answered.
type refusal struct {
	status device.Status
	chal   *syncml.Meta
	reason Reason // empty for what nobody need hear of: a first challenge, our own faults
	err    error
}

// identify finds whose a message is: of whom its certificate is, else of whom
// its credentials say they are, which are not checked yet.
func (e *Engine) identify(ctx context.Context, r *http.Request, h *syncml.Header) (*caller, *refusal) {
	cert, err := e.judge(r)
	if err != nil {
		return nil, &refusal{status: device.InvalidCredentials, reason: BadCertificate, err: err}
	}
	var c caller
	switch {
	case cert != nil:
		c.enrollment, err = e.enrollments.ByCertificate(ctx, cert)
	case h.Cred == nil:
		nonce := e.nonces.next(strings.TrimSpace(h.Source.URI), e.now())
		return nil, &refusal{status: device.MissingCredentials, chal: challenge(nonce)}
	default:
		c.secrets = new(Secrets)
		c.enrollment, *c.secrets, err = e.enrollments.ByName(ctx, loginName(h))
	}
	if err != nil {
		return nil, e.unidentified(h, cert != nil, err)
	}
	if id := device.ID(h.Source.URI); !c.enrollment.Device.Same(id) {
		return &c, &refusal{status: device.InvalidCredentials, reason: ForeignDevice,
			err: fmt.Errorf("device %.80q came as %.80q", c.enrollment.Device, id)}
	}
	return &c, nil
}

// unidentified returns how a message is refused of which no enrollment was found.
// Who shows a certificate is not asked for anything else.
func (e *Engine) unidentified(h *syncml.Header, certificate bool, err error) *refusal {
	f := &refusal{status: device.InvalidCredentials, err: err}
	switch {
	case errors.Is(err, ErrRevoked):
		f.reason = RevokedIdentity
	case errors.Is(err, ErrEnded):
		f.reason = EnrollmentOver
	case errors.Is(err, ErrUnknown) && certificate:
		f.reason = NotEnrolled
	case errors.Is(err, ErrUnknown):
		// As if the credentials were wrong: which names exist is not told.
		f.reason = BadCredentials
		f.chal = challenge(e.nonces.next(strings.TrimSpace(h.Source.URI), e.now()))
	default:
		f.status = device.Failed
	}
	return f
}
