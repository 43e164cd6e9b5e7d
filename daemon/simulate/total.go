package simulate

import "time"

// Total is a fleet in numbers.
type Total struct {
	Computers int     `json:"computers"`
	Failed    int     `json:"failed"`
	Requests  int     `json:"requests"`
	Sent      int64   `json:"sent"`
	Received  int64   `json:"received"`
	Payload   int64   `json:"payload"`
	Applied   int     `json:"applied"`
	Events    int     `json:"events"`
	Seconds   float64 `json:"seconds"` // from the first to the last
	start     time.Time
}

// NewTotal starts to count.
func NewTotal() *Total { return &Total{start: time.Now()} }

// Add counts a computer.
func (t *Total) Add(c *Computer) {
	t.Computers++
	if c.Error != "" {
		t.Failed++
	}
	t.Requests += c.Requests
	t.Sent += c.Sent
	t.Received += c.Received
	t.Payload += c.Payload
	t.Applied += len(c.Applied)
	t.Events += c.Events
	t.Seconds = time.Since(t.start).Seconds()
}

// DeviceTotal is desktops in numbers.
type DeviceTotal struct {
	Devices  int     `json:"devices"`
	Failed   int     `json:"failed"`
	Enrolled int     `json:"enrolled"` // that are enrolled now
	Polls    int     `json:"polls"`
	Messages int     `json:"messages"`
	Sent     int64   `json:"sent"`     // of the polls
	Received int64   `json:"received"` // of the polls
	Requests int     `json:"requests"` // to the update server
	Payload  int64   `json:"payload"`
	Applied  int     `json:"applied"`
	Events   int     `json:"events"`
	Seconds  float64 `json:"seconds"` // from the first to the last
	start    time.Time
}

// NewDeviceTotal starts to count.
func NewDeviceTotal() *DeviceTotal { return &DeviceTotal{start: time.Now()} }

// Add counts a desktop.
func (t *DeviceTotal) Add(d *Device) {
	t.Devices++
	if d.Error != "" {
		t.Failed++
	}
	if d.Enrolled {
		t.Enrolled++
	}
	t.Polls += d.Polls
	t.Messages += d.Messages
	t.Sent += d.Sent
	t.Received += d.Received
	t.Requests += d.Requests
	t.Payload += d.Payload
	t.Applied += len(d.Applied)
	t.Events += d.Events
	t.Seconds = time.Since(t.start).Seconds()
}
