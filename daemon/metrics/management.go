package metrics

import "github.com/prometheus/client_golang/prometheus"

// management counts what the door of device management does.
type management struct {
	sessions *prometheus.CounterVec
	commands prometheus.Counter
	refused  *prometheus.CounterVec
}

func newManagement() management {
	return management{
		sessions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_mdm_sessions_total", Help: "Sessions with enrolled devices that ended, by outcome.",
		}, []string{"outcome"}),
		commands: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sluice_mdm_commands_total", Help: "Commands sent to enrolled devices.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_mdm_refused_total", Help: "Messages of devices that were refused, by reason.",
		}, []string{"reason"}),
	}
}

// Session counts a session that ended.
func (m *Metrics) Session(complete bool, commands int) {
	outcome := "complete"
	if !complete {
		outcome = "broken off"
	}
	m.management.sessions.WithLabelValues(outcome).Inc()
	m.management.commands.Add(float64(commands))
}

// Refused counts a message of a device that was refused.
func (m *Metrics) Refused(reason string) { m.management.refused.WithLabelValues(reason).Inc() }
