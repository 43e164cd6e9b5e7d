package reporting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/soap"
	"sluice/wsus/wsdl/reportingws"
	"sluice/wsus/wsdl/xsd"
)

// Path is where the service is, in any letter case. WSDL says otherwise, clients
// do not.
const Path = "/ReportingWebService/ReportingWebService.asmx"

const space = "http://www.microsoft.com/SoftwareDistribution"

// maxBody bounds a batch: 2,000 events of two kilobytes.
const maxBody = 4 << 20

// Config is what a [Server] is made of.
type Config struct {
	Cookies   *cookie.Box // the one of the client service
	Computers Computers
	Sink      Sink
	Now       func() time.Time
}

// Server serves the reporting service. Safe for concurrent use.
type Server struct {
	cookies   *cookie.Box
	computers Computers
	sink      Sink
	now       func() time.Time
	handler   *soap.Handler
}

// New returns a Server. Faults are logged to log with the GUID that the client
// is told.
func New(c Config, log *slog.Logger) *Server {
	s := &Server{cookies: c.Cookies, computers: c.Computers, sink: c.Sink, now: c.Now}
	s.handler = soap.NewHandler(soap.Service{
		Path: Path, Namespace: space, Style: soap.ASMX,
		Operations: map[string]soap.Operation{
			"ReportEventBatch":         {Handle: s.reportEventBatch, MaxBody: maxBody},
			"ReportEventBatch2":        {Handle: s.reportEventBatch2, MaxBody: maxBody},
			"GetRequiredInventoryType": {Handle: s.getRequiredInventoryType},
			"ReportInventory":          {Handle: s.reportInventory},
		},
	}, log, nil)
	return s
}

// ServeHTTP answers at [Path], in any letter case.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.URL.Path, Path) {
		http.NotFound(w, r)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// device opens a cookie of the client service.
func (s *Server) device(c *reportingws.Cookie) (int64, error) {
	var sealed []byte
	if c != nil {
		sealed = c.EncryptedData
	}
	opened, err := s.cookies.Open(sealed)
	if err != nil {
		return 0, cookie.Fault(err)
	}
	if !s.computers.Known(opened.Device) {
		return 0, &soap.Fault{Code: soap.CookieExpired, Err: fmt.Errorf("device %d is not known", opened.Device)}
	}
	return opened.Device, nil
}

// reportEventBatch answers ReportEventBatch (MS-WUSP 3.1.5.11).
func (s *Server) reportEventBatch(ctx context.Context, r *soap.Request) (any, error) {
	var q reportingws.ReportEventBatch
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	device, err := s.device(q.Cookie)
	if err != nil {
		return nil, err
	}
	if err := s.report(ctx, device, q.ClientTime, q.EventBatch); err != nil {
		return nil, err
	}
	return &reportingws.ReportEventBatchResponse{ReportEventBatchResult: true}, nil
}

// reportEventBatch2 answers ReportEventBatch2, whose caller has no cookie and
// names itself instead.
func (s *Server) reportEventBatch2(ctx context.Context, r *soap.Request) (any, error) {
	var q reportingws.ReportEventBatch2
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	device, ok := s.computers.ByClientID(strings.ToLower(strings.TrimSpace(q.ComputerId)))
	if !ok {
		return nil, soap.InvalidParameter("computerId", errors.New("not known"))
	}
	if err := s.report(ctx, device, q.ClientTime, q.EventBatch); err != nil {
		return nil, err
	}
	return &reportingws.ReportEventBatch2Response{ReportEventBatch2Result: true}, nil
}

func (s *Server) report(ctx context.Context, device int64, sent xsd.DateTime, batch *reportingws.ArrayOfReportingEvent) error {
	if batch == nil {
		return soap.InvalidParameter("eventBatch", nil)
	}
	rep := Report{Received: s.now().UTC()}
	if !sent.IsUnset() {
		rep.Sent = sent.Time().UTC()
	}
	if err := rep.read(batch.ReportingEvent); err != nil {
		return soap.InvalidParameter("eventBatch", err)
	}
	if err := s.sink.Report(ctx, device, rep); err != nil {
		return fmt.Errorf("report of device %d: %w", device, err)
	}
	return nil
}

// getRequiredInventoryType answers GetRequiredInventoryType: what the server
// knows of computers they say elsewhere, so no inventory is wanted.
func (s *Server) getRequiredInventoryType(_ context.Context, r *soap.Request) (any, error) {
	var q reportingws.GetRequiredInventoryType
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if _, err := s.device(q.Cookie); err != nil {
		return nil, err
	}
	return &reportingws.GetRequiredInventoryTypeResponse{}, nil
}

// reportInventory answers ReportInventory: an inventory that comes all the same
// is taken and let go.
func (s *Server) reportInventory(_ context.Context, r *soap.Request) (any, error) {
	var q reportingws.ReportInventory
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if _, err := s.device(q.Cookie); err != nil {
		return nil, err
	}
	if q.Inventory == nil {
		return nil, soap.InvalidParameter("inventory", nil)
	}
	return &reportingws.ReportInventoryResponse{ReportInventoryResult: true}, nil
}
