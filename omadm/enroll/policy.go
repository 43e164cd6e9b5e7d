package enroll

import (
	"context"
	"strconv"
	"time"
)

// policies answers what kind of key and request is wanted (MS-MDE2 3.3.4.1,
// MS-XCEP 3.1.4.1.1.2).
func (h *handler) policies(ctx context.Context, c *call) (*reply, error) {
	if err := h.mayAsk(ctx, c); err != nil {
		return nil, err
	}
	renew := time.Duration(h.cfg.Renewal.Before) * 24 * time.Hour
	return &reply{body: `<GetPoliciesResponse xmlns="` + spacePolicy + `"><response><policyID/>` +
		`<policyFriendlyName xsi:nil="true"/><nextUpdateHours xsi:nil="true"/><policiesNotChanged xsi:nil="true"/>` +
		`<policies><policy><policyOIDReference>0</policyOIDReference><cAs xsi:nil="true"/><attributes>` +
		`<commonName>` + ProviderID + `</commonName><policySchema>3</policySchema>` +
		`<certificateValidity><validityPeriodSeconds>` + seconds(h.cfg.Life) + `</validityPeriodSeconds>` +
		`<renewalPeriodSeconds>` + seconds(renew) + `</renewalPeriodSeconds></certificateValidity>` +
		`<permission><enroll>true</enroll><autoEnroll>false</autoEnroll></permission>` +
		`<privateKeyAttributes><minimalKeyLength>2048</minimalKeyLength><keySpec xsi:nil="true"/><keyUsageProperty xsi:nil="true"/>` +
		`<permissions xsi:nil="true"/><algorithmOIDReference xsi:nil="true"/>` +
		`<cryptoProviders><provider>Microsoft Platform Crypto Provider</provider><provider>Microsoft Software Key Storage Provider</provider></cryptoProviders>` +
		`</privateKeyAttributes><revision><majorRevision>101</majorRevision><minorRevision>0</minorRevision></revision>` +
		`<supersededPolicies xsi:nil="true"/><privateKeyFlags xsi:nil="true"/><subjectNameFlags xsi:nil="true"/>` +
		`<enrollmentFlags xsi:nil="true"/><generalFlags xsi:nil="true"/>` +
		// Without a hash a client signs its request with SHA-1.
		`<hashAlgorithmOIDReference>0</hashAlgorithmOIDReference>` +
		`<rARequirements xsi:nil="true"/><keyArchivalAttributes xsi:nil="true"/><extensions xsi:nil="true"/>` +
		`</attributes></policy></policies></response><cAs xsi:nil="true"/>` +
		`<oIDs><oID><value>2.16.840.1.101.3.4.2.1</value><group>4</group><oIDReferenceID>0</oIDReferenceID>` +
		`<defaultName>szOID_NIST_sha256</defaultName></oID></oIDs></GetPoliciesResponse>`}, nil
}

// mayAsk checks the credentials of a client. One that renews has a certificate
// instead, and comes with an empty password or without any.
func (h *handler) mayAsk(ctx context.Context, c *call) error {
	cred, err := readCredential(c.message, c.http)
	c.log = c.log.With("credential", cred)
	if err == nil && (cred.Secret != "" || cred.Token != "") {
		return h.cfg.Desk.Check(ctx, cred)
	}
	if c.http.TLS == nil || len(c.http.TLS.PeerCertificates) == 0 {
		if err == nil {
			err = ErrCredentials
		}
		return err
	}
	cert, err := c.certificate(h.cfg.Trust())
	if err != nil {
		return err
	}
	_, err = h.cfg.Desk.Renewing(ctx, cert)
	return err
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
