package store

// How many events of one device are kept, besides for how long: anybody may
// report as many as he likes. A server that installs every day and keeps its
// events for 90 days has about a third of it.
const (
	maxDeviceEvents = 10_000
	maxLastEvents   = 256 // kinds of events that name no update
)

// boundEvents deletes the oldest events of a device beyond what is kept.
func (tx *Tx) boundEvents(device int64) error {
	_, err := tx.exec(`DELETE FROM event WHERE device_id = ?1 AND (time, instance) <= (
		SELECT time, instance FROM event WHERE device_id = ?1 ORDER BY time DESC, instance DESC LIMIT 1 OFFSET ?2)`, device, maxDeviceEvents)
	if err != nil {
		return err
	}
	_, err = tx.exec(`DELETE FROM last_event WHERE device_id = ?1 AND event_id IN (
		SELECT event_id FROM last_event WHERE device_id = ?1 ORDER BY time DESC, event_id LIMIT -1 OFFSET ?2)`, device, maxLastEvents)
	return err
}
