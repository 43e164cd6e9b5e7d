// Package metrics counts what the doors do, in the form that Prometheus reads.
// It has its own registry, so that several appliances in one process do not mix.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counters of one appliance.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	scans    *prometheus.CounterVec
	sent     *prometheus.CounterVec
	served   prometheus.Counter
	missed   prometheus.Counter
	management
}

// Gauges are read when somebody asks.
type Gauges struct {
	Revisions, Updates func() float64
	Seq                func() float64
}

// New returns counters at zero.
func New(version string, g Gauges) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_http_requests_total", Help: "Requests answered, by door and status.",
		}, []string{"door", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluice_http_request_seconds", Help: "Time to answer a request, by door.",
			Buckets: []float64{.0005, .002, .01, .05, .2, 1, 5, 30, 300},
		}, []string{"door"}),
		scans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_wsus_scan_answers_total", Help: "SyncUpdates answers, by pass.",
		}, []string{"pass"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_wsus_scan_updates_total", Help: "Updates in SyncUpdates answers, by list.",
		}, []string{"list"}),
		served: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sluice_content_bytes_total", Help: "Bytes of payload files sent.",
		}),
		missed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sluice_content_missed_total", Help: "Requests for payload files that are not held.",
		}),
		management: newManagement(),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sluice_info", Help: "Always 1, labelled with the version.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, m.scans, m.sent, m.served, m.missed, info,
		m.management.sessions, m.management.commands, m.management.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("sluice_catalog_revisions", "Revisions in the catalog.", g.Revisions),
		gauge("sluice_catalog_updates", "Updates in the catalog.", g.Updates),
		gauge("sluice_store_seq", "Number of the last commit that changed an answer.", g.Seq))
	return m
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
}

// Handler serves the counters.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request counts one answered request.
func (m *Metrics) Request(door string, status int, took time.Duration) {
	m.requests.WithLabelValues(door, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(door).Observe(took.Seconds())
}

// Scan counts one SyncUpdates answer.
func (m *Metrics) Scan(pass string, fresh, changed, outOfScope int) {
	m.scans.WithLabelValues(pass).Inc()
	m.sent.WithLabelValues("new").Add(float64(fresh))
	m.sent.WithLabelValues("changed").Add(float64(changed))
	m.sent.WithLabelValues("out_of_scope").Add(float64(outOfScope))
}

// Served counts bytes of payload files.
func (m *Metrics) Served(bytes int64) { m.served.Add(float64(bytes)) }

// Missed counts a request for a file that is not held.
func (m *Metrics) Missed() { m.missed.Inc() }
