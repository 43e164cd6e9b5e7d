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
