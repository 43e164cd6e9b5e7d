package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"sluice/wsus/update"
)

// UpdateCount is how many devices have an update in each state.
type UpdateCount struct {
	NotInstalled, Downloaded, Installed, Failed, PendingReboot int
}

// UpdateCounts returns the counts of every update that a device reported.
func (s *Store) UpdateCounts(ctx context.Context) (map[update.ID]UpdateCount, error) {
	counts := make(map[update.ID]UpdateCount)
	err := s.read(ctx, "update counts", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT update_id, not_installed, downloaded, installed, failed, pending FROM update_count`)
		return each(rows, err, func(scan func(...any) error) error {
			var id update.ID
			var c UpdateCount
			err := scan(guid{&id}, &c.NotInstalled, &c.Downloaded, &c.Installed, &c.Failed, &c.PendingReboot)
			counts[id] = c
			return err
		})
	})
	return counts, err
}

// DeviceEvent is one kept event.
type DeviceEvent struct {
	Time    time.Time
	EventID int
	Update  update.Identity // zero where it names none
	Result  int32
	App     string
	Texts   []string
	Misc    []string
}

// DeviceEvents returns the newest events of a device.
func (s *Store) DeviceEvents(ctx context.Context, device int64, limit int) (list []DeviceEvent, _ error) {
	err := s.read(ctx, "device events", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT time, event_id, update_id, number, result, app, texts, misc FROM (
				SELECT time, event_id, update_id, number, result, app, texts, misc FROM (SELECT * FROM event WHERE device_id = ?1 ORDER BY time DESC LIMIT ?2)
				UNION ALL SELECT time, event_id, NULL, 0, result, app, texts, misc FROM last_event WHERE device_id = ?1)
			ORDER BY time DESC LIMIT ?2`, device, pageLimit(limit))
		return each(rows, err, func(scan func(...any) error) error {
			var e DeviceEvent
			var at int64
			var texts, misc []byte
			if err := scan(&at, &e.EventID, guid{&e.Update.ID}, &e.Update.Number, &e.Result, &e.App, &texts, &misc); err != nil {
				return err
			}
			e.Time = fromMillis(at)
			list = append(list, e)
			last := &list[len(list)-1]
			return errors.Join(json.Unmarshal(texts, &last.Texts), json.Unmarshal(misc, &last.Misc))
		})
	})
	return list, err
}
