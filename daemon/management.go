package daemon

import (
	"crypto/x509"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sluice/daemon/metrics"
	"sluice/omadm/ca"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/enroll"
	"sluice/omadm/session"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// enrollPrefix is where the services of enrollment are.
const enrollPrefix = "/EnrollmentServer/"

// management joins the services of the management door, which devices reach by
// the address public. The engine is to be run.
func (a *Appliance) management(public string, m *metrics.Metrics) (http.Handler, *session.Engine) {
	judge := func(r *http.Request) (*x509.Certificate, error) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			return nil, nil
		}
		v, err := a.trusted.Trust().Judge(r.TLS.PeerCertificates, ca.Manage, a.now())
		return v.Leaf, err
	}
	refused := newRefusals(a.store, a.log.With("component", "mdm"), a.now)
	desk := newDesk(a.fleet, a.store, a.hasher, refused, a.log.With("component", "enroll"), a.now)
	engine := session.New(session.Config{
		Enrollments: desk,
		Dialogues: dialogue.New(dialogue.Config{
			Records: records{a}, Now: a.now, Provider: enroll.ProviderID, Classifications: a.approvedClasses(),
			Poll: func(e device.Enrollment) map[string]string { return a.schedule().For(e.ID).Nodes() },
		}, a.log.With("component", "mdm")),
		Judge: judge,
		Now:   a.now,
		Ended: func(s session.Summary) { m.Session(s.Complete, s.Commands) },
		Refused: func(r session.Refusal) {
			m.Refused(string(r.Reason))
			refused.session(r)
		},
	}, a.log.With("component", "mdm"))
	enrollment := enroll.New(enroll.Config{
		Desk: desk, Trust: a.trusted.Trust, Public: public, Names: a.deviceNames(), Name: "sluice on " + a.names()[0],
		Life: time.Duration(a.cfg.CA.DeviceLife), Poll: a.schedule(), Now: a.now, Refused: refused.request,
	}, a.log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What cannot be answered in time is not worth finishing.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
		switch {
		case strings.EqualFold(r.URL.Path, enroll.ManagementPath):
			engine.ServeHTTP(w, r)
		case hasPrefixFold(r.URL.Path, enrollPrefix):
			enrollment.ServeHTTP(w, r)
		default:
			http.Error(w, "This door is for devices that are enrolled here, or enrol.", http.StatusNotFound)
		}
	}), engine
}

// schedule is how often devices come.
func (a *Appliance) schedule() enroll.Poll {
	p := enroll.DefaultPoll()
	p.Remaining = time.Duration(a.cfg.MDM.Poll)
	return p
}

// deviceNames are all names by which devices may reach the management door:
// also those that Windows makes of the domain of a person's address.
func (a *Appliance) deviceNames() []string {
	names := a.names()
	return append(names, enroll.DiscoveryNames(names)...)
}

// httpsURL is the address of a TLS door by the public name, without the port
// where it is the usual one.
func httpsURL(host string, port int) string {
	if port == 443 {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, strconv.Itoa(port))
}

// approvedClasses are the classes of updates that devices are approved as a
// whole. The configuration was validated.
func (a *Appliance) approvedClasses() []update.ID {
	ids := []update.ID{}
	for _, text := range a.cfg.MDM.ApprovedClasses {
		if id, err := tree.FindClassification(text); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
