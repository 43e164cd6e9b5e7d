package agent

import (
	"crypto/x509"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/omadm/device"
)

// dmClient is DMClient (its DDF): the account's own leaves, unenrollment.
func (s *session) dmClient(t *branch) {
	acc := s.account
	m := &s.agent.cfg.Machine
	at := vendor + "DMClient/"
	if m.Version.Build() >= 16299 {
		t.add(at+"HWDevID", leaf(device.Chr, m.HardwareID))
	}
	unenroll := &node{format: device.Null, access: canGet | canExec,
		read: func() (string, device.Status) { return "", device.OK },
		exec: func(string) device.Status { s.leaving = true; return device.OK },
	}
	t.add(at+"Unenroll", unenroll)
	own := newBranch()
	for _, n := range dmNodes {
		if m.Version.Build() >= n.since {
			own.add(n.path, keptIn(acc.DMClient, n.path, n.format, n.access, n.standard))
		}
	}
	own.add("Unenroll", unenroll)
	own.add("ManagementServiceAddress", &node{format: device.Chr, access: rw,
		read: func() (string, device.Status) { return acc.Addr, device.OK },
		write: func(_ device.Verb, x value) device.Status {
			if _, err := serviceURL(x.data); err != nil {
				return device.Failed
			}
			acc.Addr = x.data
			return device.OK
		},
	})
	own.add("MaxSyncApplicationVersion", leaf(device.Chr, "5.0"))
	if m.Version.Build() >= 14393 {
		own.add("HWDevID", leaf(device.Chr, m.HardwareID))
		own.add("EnrollmentType", leaf(device.Chr, string(acc.context())))
	}
	provider := own.node()
	t.add(at+"Provider", list(func() []string { return []string{acc.Provider} }, func(name string) *node {
		if name != acc.Provider {
			return nil
		}
		return provider
	}))
}

// certificateStore is CertificateStore (its DDF). A provisioning document writes
// its stores Root and My, the DDF ROOT and MY: both are the same.
func (s *session) certificateStore(t *branch) {
	acc := s.account
	at := vendor + "CertificateStore/"
	roots, cas := s.store(&acc.Roots), s.store(&acc.CAs)
	t.add(at+"ROOT/System", roots)
	t.add(at+"CA/System", cas)
	own := list(func() []string { return []string{thumbprint(acc.Certificate)} }, func(name string) *node {
		if !strings.EqualFold(name, thumbprint(acc.Certificate)) {
			return nil
		}
		return certificateNode(acc.Certificate)
	})
	t.add(at+"MY/"+acc.Store, own)
	for _, name := range []string{"CertThumprint", "CertThumbprint"} { // as the DDF has it, as MS-MDE2 has it
		t.add(at+"MY/WSTEP/"+name, leaf(device.Chr, thumbprint(acc.Certificate)))
	}
	s.renewNodes(t, at+"MY/WSTEP/Renew/")
	store := t.subs["Vendor"].subs["MSFT"].subs["CertificateStore"]
	store.nodes["Root"], store.nodes["My"] = store.nodes["ROOT"], store.nodes["MY"]
}

// renewNodes are MY/WSTEP/Renew.
func (s *session) renewNodes(t *branch, at string) {
	r := &s.account.Renewal
	number := func(p *int, least, most int) *node {
		return &node{format: device.Int, access: all,
			read: func() (string, device.Status) { return strconv.Itoa(*p), device.OK },
			write: func(v device.Verb, x value) device.Status {
				n, err := strconv.Atoi(x.data)
				switch {
				case v == device.Add:
					return device.AlreadyExists
				case x.format != device.Int:
					return device.UnsupportedFormat
				case err != nil || n < least || n > most:
					return device.Failed
				}
				*p = n
				return device.OK
			},
			remove: func() device.Status { return device.OK },
		}
	}
	t.add(at+"RenewPeriod", number(&r.Period, 1, 1000))
	t.add(at+"RetryInterval", number(&r.RetryInterval, 1, 1000))
	t.add(at+"ServerURL", textNode(&r.ServerURL, all))
	t.add(at+"ROBOSupport", &node{format: device.Bool, access: all,
		read:   func() (string, device.Status) { return "true", device.OK }, // whatever was set (MS-MDE2 note 3)
		write:  func(device.Verb, value) device.Status { return device.OK },
		remove: func() device.Status { return device.OK },
	})
	t.add(at+"Status", leaf(device.Int, strconv.Itoa(r.Status)))
	t.add(at+"ErrorCode", leaf(device.Int, strconv.Itoa(int(int32(r.ErrorCode)))))
	if b := s.agent.cfg.Machine.Version.Build(); b >= 14393 {
		t.add(at+"LastRenewalAttemptTime", leaf(device.Time, timeText(r.LastAttempt)))
		t.add(at+"RenewNow", &node{format: device.Null, access: canExec,
			exec: func(string) device.Status { s.renew = true; return device.OK }})
		if b >= 15063 {
			t.add(at+"RetryAfterExpiryInterval", textNode(&r.AfterExpiry, arw))
		}
	}
}

// textNode is a leaf kept in p; empty is none.
func textNode(p *string, can access) *node {
	return &node{format: device.Chr, access: can,
		read: func() (string, device.Status) {
			if *p == "" {
				return "", device.NotFound
			}
			return *p, device.OK
		},
		write: func(v device.Verb, x value) device.Status {
			if v == device.Add && *p != "" {
				return device.AlreadyExists
			}
			*p = x.data
			return device.OK
		},
		remove: func() device.Status {
			if *p == "" {
				return device.NotFound
			}
			*p = ""
			return device.OK
		},
	}
}

// store is ROOT/System or CA/System: certificates by thumbprint.
func (s *session) store(certs *[][]byte) *node {
	index := func(name string) int {
		return slices.IndexFunc(*certs, func(der []byte) bool { return strings.EqualFold(thumbprint(der), name) })
	}
	names := func() []string {
		var list []string
		for _, der := range *certs {
			list = append(list, thumbprint(der))
		}
		return list
	}
	return list(names, func(name string) *node {
		if i := index(name); i >= 0 {
			n := certificateNode((*certs)[i])
			n.access |= canDelete
			n.remove = func() device.Status {
				*certs = slices.Delete(slices.Clone(*certs), i, i+1)
				return device.OK
			}
			return n
		}
		if !isHex(name, 40) {
			return nil
		}
		return absent(map[string]*node{"EncodedCertificate": {format: device.B64, access: canAdd | canReplace,
			write: func(v device.Verb, x value) device.Status {
				if v == device.Replace {
					return device.NotFound // CertificateStore replaces only what is there
				}
				der, err := decodeBase64(strings.TrimSpace(x.data))
				if err != nil || !strings.EqualFold(thumbprint(der), name) {
					return device.Failed
				}
				if _, err := x509.ParseCertificate(der); err != nil {
					return device.Failed
				}
				*certs = append(slices.Clone(*certs), der)
				return device.OK
			}}})
	})
}

// absent is an inner node that is not there but below which something may be
// added.
func absent(below map[string]*node) *node {
	return &node{child: func(name string) *node { return below[name] }}
}

// certificateNode is one certificate of a store.
func certificateNode(der []byte) *node {
	b := newBranch()
	b.add("EncodedCertificate", leaf(device.B64, encodeBase64(der)))
	if c, err := x509.ParseCertificate(der); err == nil {
		b.add("IssuedBy", leaf(device.Chr, c.Issuer.CommonName))
		b.add("IssuedTo", leaf(device.Chr, c.Subject.CommonName))
		b.add("ValidFrom", leaf(device.Chr, c.NotBefore.UTC().Format(time.RFC3339)))
		b.add("ValidTo", leaf(device.Chr, c.NotAfter.UTC().Format(time.RFC3339)))
	}
	return b.node()
}
