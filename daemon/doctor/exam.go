package doctor

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/demo"
	mdm "sluice/omadm/agent"
	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// Patient is the appliance to examine.
type Patient struct {
	URL   string // of the WSUS door over TLS
	Plain string // of the plain one; empty: where the scan says that files are
	Admin string // empty: not examined
	// Management is the address of the management door; empty: not examined.
	Management string
	// Enroll has the examination enrol a device with a token made for it, and end
	// and delete that again; with Control only.
	Enroll bool
	// Names are those by which devices reach it, the first one checked against the
	// certificate whatever the URL says; none: the host of the URL.
	Names []string
	Roots *x509.CertPool // that devices trust; nil: those of this machine
	// Control is its control API; nil: it is examined from the outside alone.
	Control *client.Client
	// Folders must have at least MinFree bytes free; with Control only.
	Folders []string
	MinFree int64
}

// exam is an examination under way.
type exam struct {
	Patient
	base   *url.URL
	now    func() time.Time
	http   *http.Client
	status *wire.Status // nil without control API

	door         *url.URL               // of management; nil: not known
	doorLeaf     *x509.Certificate      // that it shows; nil: not seen
	authorities  [][]byte               // whose device certificates it says that it takes, as names in DER
	exchanges    map[string]mdm.Message // of a device with a wrong token, by operation and method
	exchangesErr error

	agent   *agent.Agent
	scan    *agent.ScanResult
	scanErr error
}

// Examine makes all checks and calls each with every one as it is done. The
// error is about the patient's URL.
func Examine(ctx context.Context, p Patient, now func() time.Time, each func(Check)) ([]Check, error) {
	e, err := newExam(p, now)
	if err != nil {
		return nil, err
	}
	defer e.http.CloseIdleConnections()
	var checks []Check
	for _, q := range questions() {
		c := q.answer(ctx, e)
		if ctx.Err() != nil {
			return checks, ctx.Err()
		}
		each(c)
		checks = append(checks, c)
	}
	return checks, nil
}

// answerTimeout bounds one plain request.
const answerTimeout = 30 * time.Second

func newExam(p Patient, now func() time.Time) (*exam, error) {
	base, err := url.Parse(strings.TrimRight(p.URL, "/"))
	if err != nil {
		return nil, err
	}
	if base.Scheme != "https" || base.Hostname() == "" {
		return nil, errors.New("the address of the WSUS door over TLS is needed, such as https://updates.example:8531")
	}
	if len(p.Names) == 0 {
		p.Names = []string{base.Hostname()}
	}
	e := &exam{Patient: p, base: base, now: now}
	if p.Management != "" {
		e.door, err = url.Parse(strings.TrimRight(p.Management, "/"))
		if err != nil {
			return nil, err
		}
		if e.door.Scheme != "https" || e.door.Hostname() == "" {
			return nil, errors.New("the address of the management door is an https address, such as https://updates.example")
		}
	}
	e.http = &http.Client{
		Timeout:       answerTimeout,
		Transport:     &http.Transport{TLSClientConfig: e.tls(), DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	e.agent, err = agent.New(agent.Config{
		Server: p.URL, Machine: machine(), Caller: "sluice doctor",
		Transport: &agent.Transport{TLS: e.tls(), DialTimeout: answerTimeout},
	})
	return e, err
}

// tls asks for the certificate of the name that devices use: the URL may be one
// by which this machine alone gets there.
func (e *exam) tls() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: e.Roots, ServerName: e.Names[0]}
}

// machine is the simulated computer of the doctor on this host: always the same,
// and told by its name and the beginning of its client id. It is a Windows Server
// that has the product of the demonstration media too.
func machine() agent.Machine {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	host, _, _ = strings.Cut(strings.ToLower(host), ".")
	id := update.MustParseID("5117ced0-0000-4000-8000-000000000000")
	sum := sha256.Sum256([]byte(host))
	copy(id[10:], sum[:])
	return demo.Computer(id, "sluice-doctor."+host)
}

// questions lists all checks, in an order in which the cause of others comes
// before them.
func questions() []question {
	return slices.Concat(localQuestions(), doorQuestions(), protocolQuestions(), managementQuestions())
}
