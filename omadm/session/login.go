package session

import (
	"context"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// maxLogins bounds how often a device is given the server's credentials that
// refuses them.
const maxLogins = 2

// login is how the server proves itself to a device that asked it to
// (AAUTHLEVEL CLIENT of the w7 APPLICATION).
type login struct {
	asked   bool
	tries   int
	secrets Secrets
	nonce   []byte
}

// hear takes what the device says of our SyncHdr: the nonce for the next one, or
// that it needs no more credentials in this session.
func (l *login) hear(status device.Status, chal *syncml.Meta) {
	if !l.asked {
		return
	}
	if chal != nil && chal.NextNonce != "" {
		l.nonce = fromBase64(chal.NextNonce)
	}
	if status == device.Authenticated {
		l.asked = false
	}
}

// sign puts the server's credentials into a header, where the device asked.
func (l *login) sign(h *syncml.Header) {
	if !l.asked {
		return
	}
	h.Source.Name = l.secrets.ServerName
	h.Cred = ours(l.secrets, l.nonce)
}

// again says once more what the device refused to take without the server's
// credentials: it did nothing of it. What it refused for another reason ends the
// session.
func (s *session) again(ctx context.Context, r *reply, refused *syncml.Command, enc syncml.Encoding) {
	status := statusOf(refused)
	wants := status == device.InvalidCredentials || status == device.MissingCredentials
	if !wants || refused.Chal == nil || !isType(refused.Chal.Type, authMD5) || s.login.tries >= maxLogins || s.batch == nil {
		s.engine.log.Info("device refused a message", "enrollment", s.enrollment.ID, "session", s.id,
			"message", s.before, "status", int(status))
		s.end(ctx, false)
		return
	}
	secrets, err := s.engine.enrollments.Secrets(ctx, s.enrollment.ID)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.login = login{asked: true, tries: s.login.tries + 1, secrets: secrets, nonce: secrets.ServerNonce}
	s.login.hear(status, refused.Chal)
	s.batch.again()
	s.say(ctx, r, enc)
}
