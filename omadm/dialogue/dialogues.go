package dialogue

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// DefaultProvider is the PROVIDER-ID that devices know the appliance by.
const DefaultProvider = "sluice"

// Config is what [Dialogues] needs.
type Config struct {
	Records  Records
	Now      func() time.Time // time.Now where nil
	Provider string           // PROVIDER-ID; [DefaultProvider] where empty
	// Classifications are approved as a whole on devices that ask for approval;
	// where nil, Definition Updates.
	Classifications []update.ID
	// Poll returns the schedule that a device is to come by: nodes of the DMClient
	// CSP below Poll, such as NumberOfFirstRetries, and their values. It is left
	// alone where the function or its result is nil.
	Poll func(device.Enrollment) map[string]string
}

// Dialogues opens dialogues with devices. It satisfies [session.Dialogues].
type Dialogues struct {
	Config
	log *slog.Logger
}

// New returns dialogues about what c's records hold.
func New(c Config, log *slog.Logger) *Dialogues {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Provider == "" {
		c.Provider = DefaultProvider
	}
	if c.Classifications == nil {
		c.Classifications = []update.ID{tree.DefinitionUpdates()}
	}
	return &Dialogues{Config: c, log: log.With("component", "dialogue")}
}

// Open implements [session.Dialogues].
func (d *Dialogues) Open(ctx context.Context, e device.Enrollment, o session.Opening) (session.Dialogue, error) {
	d.Records.Seen(e.ID, o.Addr)
	rec, err := d.Records.Open(ctx, e.ID)
	if err != nil {
		return nil, fmt.Errorf("open record of %s: %w", e.ID, err)
	}
	t := &talk{
		Dialogues:  d,
		id:         e.ID,
		log:        d.log.With("enrollment", e.ID),
		now:        d.Now().UTC(),
		kept:       *rec,
		facts:      rec.Facts,
		factsAt:    rec.FactsAt,
		settings:   maps.Clone(rec.Settings),
		reading:    tree.NewReading(rec.Report),
		reportedAt: rec.ReportedAt,
		sent:       map[string]bool{},
		tried:      map[string]bool{},
	}
	if t.settings == nil {
		t.settings = map[string]Setting{}
	}
	t.introduce(o.Items)
	for _, a := range o.Alerts {
		if err := t.Heard(ctx, a); err != nil {
			return nil, err
		}
	}
	return t, nil
}
