package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/doctor"
)

// doctorFlags are the flags of sluice doctor.
type doctorFlags struct {
	url        string
	ca         string
	management string
	enroll     bool
}

func newDoctor(a *app) *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine the running appliance as a Windows client meets it",
		Long: "Acts as a Windows client against the running appliance and says which door fails\n" +
			"and why: names, ports, certificate, clock, every operation of the update protocol,\n" +
			"a payload file with its digest, how devices find the enrollment service and who is\n" +
			"refused there, and on the machine of the appliance its store, disk and approvals.\n" +
			"Exits with 1 if a check fails. The computer that it plays is called sluice-doctor;\n" +
			"without --url it is deleted again. One enrollment with a wrong token is tried, which\n" +
			"the audit log shows.",
		Example: "  sluice doctor\n" +
			"  sluice doctor --enroll\n" +
			"  sluice doctor --url https://updates.example:8531 --management https://updates.example --ca sluice-root.pem",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.url, "url", "", "`URL` of the WSUS door over TLS, of an appliance elsewhere")
	cmd.Flags().StringVar(&f.ca, "ca", "", "`FILE` with the root that computers trust, PEM (default those of this machine)")
	cmd.Flags().StringVar(&f.management, "management", "", "`URL` of the management door, with --url")
	cmd.Flags().BoolVar(&f.enroll, "enroll", false, "also enrol a device, with a token made for it, and delete it again; without --url")
	return cmd
}

// check refuses flags that make no sense.
func (f *doctorFlags) check() error {
	switch {
	case f.management != "" && f.url == "":
		return usageError(errors.New("--management goes with --url: without, it is the running appliance"), "")
	case f.enroll && f.url != "":
		return usageError(errors.New("--enroll does not go with --url: the token is made on the machine of the appliance"), "")
	}
	return nil
}

// doctorReport is what sluice doctor --json prints.
type doctorReport struct {
	OK     bool           `json:"ok"`
	Checks []doctor.Check `json:"checks"`
}

func (a *app) doctor(ctx context.Context, f doctorFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	patient, done, err := a.patient(ctx, f)
	if err != nil {
		return err
	}
	defer done()
	checks, err := doctor.Examine(ctx, patient, time.Now, func(c doctor.Check) {
		if !a.json {
			a.tellCheck(&c)
		}
	})
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case err != nil:
		return usageError(err, "")
	}
	r := doctorReport{doctor.OK(checks), checks}
	if a.json {
		if err := writeJSON(a.stdout, r); err != nil {
			return err
		}
	}
	if r.OK {
		return nil
	}
	failed := 0
	for _, c := range checks {
		if !c.OK {
			failed++
		}
	}
	return fmt.Errorf("%d of %d checks failed", failed, len(checks))
}

// patient finds the appliance to examine: the one of the data folder, or the one
// that --url names.
func (a *app) patient(ctx context.Context, f doctorFlags) (doctor.Patient, func(), error) {
	p := doctor.Patient{URL: f.url, Management: f.management, Enroll: f.enroll}
	var err error
	if p.Roots, err = rootsOf(f.ca); err != nil {
		return p, nil, err
	}
	if f.url != "" {
		return p, func() {}, nil
	}
	cfg, err := a.config()
	if err != nil {
		return p, nil, err
	}
	c, err := client.Dial(ctx, wire.SocketPath(cfg.DataDir), "sluice/"+a.version)
	if err != nil {
		if errors.Is(err, client.ErrNotRunning) {
			err = &ExitError{ExitFailed, fmt.Errorf("no daemon is running on %s", cfg.DataDir),
				`start it with "sluice run", or examine one elsewhere with --url`}
		}
		return p, nil, err
	}
	st, err := c.Status(ctx)
	if err != nil {
		c.Close()
		return p, nil, err
	}
	p.Control, p.Names = c, st.Names
	p.Folders, p.MinFree = []string{cfg.DataDir, cfg.ContentDir}, int64(cfg.MinFree)
	for _, d := range st.Doors {
		switch d.Name {
		case "wsus":
			p.Plain = d.URL
		case "wsus-tls":
			p.URL = d.URL
		case "mdm":
			p.Management = d.URL
		case "admin":
			p.Admin = d.URL
		}
	}
	if p.Roots == nil && st.CA != "" {
		p.Roots = x509.NewCertPool()
		p.Roots.AppendCertsFromPEM([]byte(st.CA))
	}
	return p, c.Close, nil
}

// rootsOf reads the root certificates of a PEM file; nil, those of this machine,
// for none.
func rootsOf(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, usageError(fmt.Errorf("--ca: %w", err), "")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, usageError(fmt.Errorf("--ca %s: there is no certificate in PEM in it", file), "")
	}
	return pool, nil
}

// tellCheck writes a check for people as it is done.
func (a *app) tellCheck(c *doctor.Check) {
	fmt.Fprintf(a.stdout, "%-8s %-24s %s\n", c.State, c.Name, printable(c.Detail))
	for _, line := range []string{c.Means, c.Do} {
		if line != "" {
			fmt.Fprintf(a.stdout, "%34s%s\n", "", line)
		}
	}
}
