package metadata

import (
	"strconv"
	"strings"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// rules reads ApplicabilityRules, which is open. Only what drivers say of hardware
// is taken from it, the rules themselves are for clients.
func (p *reader) rules() error {
	return p.each(func(t *xmllimit.Token) error {
		if !p.is(t, "Metadata") {
			return nil
		}
		return p.each(func(t *xmllimit.Token) error {
			if !p.is(t, "d.WindowsDriverMetaData") {
				return nil
			}
			return p.driver(t)
		})
	})
}

// driver reads one WindowsDriverMetaData, which is open. In the fragment it keeps
// its attributes only.
func (p *reader) driver(t *xmllimit.Token) error {
	p.w.mute(p.s.Depth())
	if len(p.rev.Drivers) >= MaxDrivers {
		return &Error{Element: "d.WindowsDriverMetaData", Err: ErrTooMany}
	}
	f := fields{t: t}
	d := update.DriverMatch{
		HardwareID:   f.required("HardwareID"),
		VerDate:      f.time("DriverVerDate"),
		Class:        f.text("Class"),
		Manufacturer: f.text("Manufacturer"),
		Provider:     f.text("Provider"),
		Model:        f.text("Model"),
	}
	if s := f.text("DriverVerVersion"); s != "" {
		v, err := parseVersion(s)
		if err != nil {
			f.fail("DriverVerVersion", err)
		}
		d.VerVersion = v
	}
	if f.err != nil {
		return f.err
	}
	err := p.each(func(t *xmllimit.Token) error {
		switch {
		case p.is(t, "d.FeatureScore"):
			return featureScore(&d, t)
		case p.is(t, "d.DistributionComputerHardwareId"):
			return p.computer(&d.Distribution, "DistributionComputerHardwareId")
		case p.is(t, "d.TargetComputerHardwareId"):
			return p.computer(&d.Target, "TargetComputerHardwareId")
		}
		return nil
	})
	if err == nil {
		p.rev.Drivers = append(p.rev.Drivers, d)
	}
	return err
}

// featureScore reads a score, which is one byte in hexadecimal digits.
func featureScore(d *update.DriverMatch, t *xmllimit.Token) error {
	f := fields{t: t}
	s := f.required("FeatureScore")
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(s), "0x"), 16, 8)
	if err != nil {
		f.fail("FeatureScore", ErrRange)
	}
	if len(d.Scores) >= MaxScores {
		f.fail("FeatureScore", ErrTooMany)
	}
	d.Scores = append(d.Scores, update.FeatureScore{OperatingSystem: f.text("OperatingSystem"), Score: uint8(n)})
	return f.err
}

// computer appends the computer hardware id in the open element to list.
func (p *reader) computer(list *[]update.ID, name string) error {
	const element = "d.WindowsDriverMetaData"
	s, err := p.text(element, name)
	if err != nil {
		return err
	}
	id, err := update.ParseID(strings.TrimSpace(s))
	if err == nil && len(*list) >= MaxScores {
		err = ErrTooMany
	}
	if err != nil {
		return &Error{Element: element, Field: name, Err: err}
	}
	*list = append(*list, id)
	return nil
}
