package agent

import (
	"bytes"
	"context"
	"crypto/rsa"
	"slices"
	"strconv"
)

// The values of Renew/Status.
const (
	renewNotStarted = iota
	renewInProgress
	renewSucceeded
	renewFailed
)

// Renew renews the device's certificate (MS-MDE2 3.5, ROBO): a new key, its
// request within PKCS #7 of the current certificate, over TLS with that.
func (a *Agent) Renew(ctx context.Context) (*Enrolled, error) {
	acc := a.state.Account
	if acc == nil {
		return nil, fail(renewCall.op, hrNotEnrolled, "the device is not enrolled")
	}
	acc.Renewal.Status, acc.Renewal.LastAttempt = renewInProgress, a.cfg.Now()
	out, err := a.renew(ctx, acc)
	if err != nil {
		acc.Renewal.Status, acc.Renewal.ErrorCode = renewFailed, HResult(err)
		return nil, err
	}
	acc.Renewal.Status, acc.Renewal.ErrorCode = renewSucceeded, 0
	a.cfg.Log.Info("renewed", "device", a.cfg.Machine.DeviceID, "provider", acc.Provider)
	return out, nil
}

func (a *Agent) renew(ctx context.Context, acc *Account) (*Enrolled, error) {
	var r remarks
	if acc.DMClient["EntDMID"] == "" {
		return nil, fail(renewCall.op, hrNotEligible, "the server never set EntDMID, which a renewal needs")
	}
	to := acc.Renewal.ServerURL
	if to == "" {
		to = acc.Enrolling
	}
	u, err := serviceURL(to)
	if err != nil {
		return nil, failWith(renewCall.op, hrInvalidArgument, err, "address of renewals")
	}
	key, csr, err := a.newRequest(&requestPolicy{sha256: true})
	if err != nil {
		return nil, err
	}
	old, err := acc.Leaf()
	if err != nil {
		return nil, failWith(renewCall.op, hrInvalidArgument, err, "certificate")
	}
	signer, err := acc.key()
	if err != nil {
		return nil, failWith(renewCall.op, hrInvalidArgument, err, "key")
	}
	signed, err := signData(csr, old, signer, a.cfg.Now())
	if err != nil {
		return nil, failWith(renewCall.op, hrInvalidArgument, err, "sign the request")
	}
	client := a.client(a.identify)
	defer client.CloseIdleConnections()
	body, err := a.post(ctx, client, &renewCall, u, a.renewRequest(to, signed), &r)
	if err != nil {
		return nil, err
	}
	doc, err := readToken(&renewCall, body)
	if err != nil {
		return nil, err
	}
	if err := a.acceptRenewal(acc, doc, key, &r); err != nil {
		return nil, provisioningError(renewCall.op, err)
	}
	return &Enrolled{Provider: acc.Provider, Addr: acc.Addr, Digest: "SHA-256", Remarks: r}, nil
}

// acceptRenewal puts the document of a renewal into the account. An old
// certificate stays until the new one is in place.
func (a *Agent) acceptRenewal(acc *Account, doc []byte, key *rsa.PrivateKey, r *remarks) error {
	p, err := parseProvisioning(doc, true, r)
	if err != nil {
		return err
	}
	if p.store != acc.Store {
		return refuse("the certificate is for My/%s, the account has its own in My/%s", p.store, acc.Store)
	}
	if p.app != nil && p.app.provider != acc.Provider {
		return refuse("the document is of provider %q", p.app.provider)
	}
	if p.app == nil {
		r.add("the document of the renewal has no APPLICATION with the PROVIDER-ID")
	}
	next := *acc
	next.Roots, next.CAs = merge(acc.Roots, p.roots), merge(acc.CAs, p.cas)
	if p.renew != nil {
		last := next.Renewal
		next.Renewal = *p.renew
		next.Renewal.Status, next.Renewal.LastAttempt, next.Renewal.AfterExpiry = last.Status, last.LastAttempt, last.AfterExpiry
	}
	if err := a.install(&next, p, key, r); err != nil {
		return err
	}
	*acc = next
	a.link.cache = nil // its sessions are of the old certificate
	return nil
}

// merge adds certificates that a store does not have.
func merge(store, more [][]byte) [][]byte {
	store = slices.Clone(store)
	for _, der := range more {
		if !slices.ContainsFunc(store, func(have []byte) bool { return bytes.Equal(have, der) }) {
			store = append(store, der)
		}
	}
	return store
}

// renewRequest writes RequestSecurityToken of a renewal (MS-MDE2 3.5.4.1.1.1):
// the user's name with an empty password, fewer context items.
func (a *Agent) renewRequest(to string, signed []byte) []byte {
	m := &a.cfg.Machine
	w := openToken(&renewCall, to, &Credential{Name: a.state.Account.User})
	w.leaf("wst:RequestType", nsTrust+"/Renew")
	w.leaf("wsse:BinarySecurityToken", encodeBase64(signed), "ValueType", nsPKI+"#PKCS7", "EncodingType", base64Binary)
	writeContext(w, []contextItem{
		{"DeviceType", deviceType}, {"ApplicationVersion", m.Version.String()}, {"EnrollmentType", string(a.state.Account.context())},
		{"DeviceID", m.DeviceID}, {"OSEdition", strconv.Itoa(m.Edition)}, {"OSVersion", m.Version.String()}, {"DeviceName", m.Name},
		{"Locale", m.Locale}, {"HWDevID", m.HardwareID},
	})
	return w.b.Bytes()
}
