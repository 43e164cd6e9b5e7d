package clientsync

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"

	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/soap"
	"sluice/wsus/update"
	"sluice/wsus/wsdl/clientws"
	"sluice/wsus/wsdl/simpleauthws"
	"sluice/wsus/wsdl/xsd"
)

// The plug-in that GetConfig names and clients name in turn.
const plugIn = "SimpleTargeting"

// serverProtocol is the version of MS-WUSP that the server speaks. Clients make
// scans that are limited to categories from 3.2 up only.
const serverProtocol = "3.2"

// getConfig answers GetConfig (MS-WUSP 3.1.5.2), the first call of a client.
func (s *Server) getConfig(_ context.Context, r *soap.Request) (any, error) {
	var q clientws.GetConfig
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if _, err := parseProtocol(q.ProtocolVersion); err != nil {
		return nil, soap.InvalidParameter("protocolVersion", err)
	}
	settings := s.settings()
	property := func(name, value string) *clientws.ConfigurationProperty {
		return &clientws.ConfigurationProperty{Name: name, Value: value}
	}
	return &clientws.GetConfigResponse{GetConfigResult: &clientws.Config{
		LastChange:             xsd.NewDateTime(settings.lastChange()),
		IsRegistrationRequired: true,
		AuthInfo: &clientws.ArrayOfAuthPlugInInfo{AuthPlugInInfo: []*clientws.AuthPlugInInfo{{
			PlugInID: plugIn, ServiceUrl: strings.TrimPrefix(SimpleAuthPath, "/"),
		}}},
		Properties: &clientws.ArrayOfConfigurationProperty{ConfigurationProperty: []*clientws.ConfigurationProperty{
			property("MaxExtendedUpdatesPerRequest", strconv.Itoa(s.limits.Revisions)),
			property("PackageServerShare", `\\`+settings.Host+`\UpdateServicesPackages`),
			property("ProtocolVersion", serverProtocol),
			property("IsInventoryRequired", "0"),
			property("ClientReportingLevel", "2"),
		}},
	}}, nil
}

// parseProtocol reads a version of two parts.
func parseProtocol(text string) (cookie.Protocol, error) {
	major, minor, ok := strings.Cut(strings.TrimSpace(text), ".")
	a, err1 := strconv.ParseUint(major, 10, 16)
	b, err2 := strconv.ParseUint(minor, 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return cookie.Protocol{}, fmt.Errorf("%w: no version of two parts", errList)
	}
	return cookie.Protocol{Major: uint16(a), Minor: uint16(b)}, nil
}

// getAuthorizationCookie answers GetAuthorizationCookie (MS-WUSP 3.1.5.3): from
// here on the computer is known.
func (s *Server) getAuthorizationCookie(ctx context.Context, r *soap.Request) (any, error) {
	var q simpleauthws.GetAuthorizationCookie
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	claim := Claim{ClientID: strings.ToLower(strings.TrimSpace(q.ClientId)), DNSName: strings.TrimSpace(q.DnsName)}
	if err := checkName(claim.ClientID); err != nil {
		return nil, soap.InvalidParameter("clientId", err)
	}
	if err := checkName(claim.DNSName); err != nil {
		return nil, soap.InvalidParameter("dnsName", err)
	}
	if len(q.TargetGroupName) > maxGroups {
		return nil, soap.InvalidParameter("targetGroupName", fmt.Errorf("%w: %d bytes", errList, len(q.TargetGroupName)))
	}
	for name := range strings.SplitSeq(q.TargetGroupName, ";") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if len(claim.Groups) == s.limits.Groups || len(name) > s.limits.Text {
			return nil, soap.InvalidParameter("targetGroupName", errList)
		}
		claim.Groups = append(claim.Groups, name)
	}
	claim.Addr = r.HTTP.RemoteAddr
	if host, _, err := net.SplitHostPort(claim.Addr); err == nil {
		claim.Addr = host
	}
	device, err := s.roster.Authorize(ctx, claim)
	switch {
	case errors.Is(err, ErrRefused):
		return nil, soap.InvalidParameter("clientId", err)
	case errors.Is(err, ErrTooMany):
		return nil, &soap.Fault{Code: soap.ServerBusy, Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("authorize: %w", err)
	}
	sealed, err := s.cookies.SealAuth(cookie.Auth{Device: device, Issued: s.now()})
	if err != nil {
		return nil, err
	}
	return &simpleauthws.GetAuthorizationCookieResponse{GetAuthorizationCookieResult: &simpleauthws.AuthorizationCookie{
		PlugInId: plugIn, CookieData: sealed,
	}}, nil
}

const (
	// maxName bounds what a client calls itself: the longest DNS name is shorter.
	maxName = 255
	// maxGroups bounds the names of its groups, as they stand in one text that
	// is kept for every computer.
	maxGroups = 4 << 10
)

// checkName accepts what may be the id or the DNS name of a computer.
func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%w: %d bytes", errList, len(name))
	}
	for _, c := range name {
		if c == unicode.ReplacementChar || !unicode.IsPrint(c) || unicode.IsSpace(c) {
			return fmt.Errorf("%w: a character that no name has", errList)
		}
	}
	return nil
}

// getCookie answers GetCookie (MS-WUSP 3.1.5.4).
func (s *Server) getCookie(_ context.Context, r *soap.Request) (any, error) {
	var q clientws.GetCookie
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	protocol, err := parseProtocol(q.ProtocolVersion)
	if err != nil {
		return nil, soap.InvalidParameter("protocolVersion", err)
	}
	auth, err := s.openAuth(q.AuthCookies)
	if err != nil {
		return nil, &soap.Fault{Code: soap.InvalidAuthorizationCookie, Err: err}
	}
	told, err := s.oldCookie(q.OldCookie, auth.Device)
	if err != nil {
		return nil, err
	}
	settings := s.settings()
	if !q.LastChange.Time().Equal(settings.lastChange()) {
		return nil, &soap.Fault{Code: soap.ConfigChanged}
	}
	c := cookie.Cookie{
		Device:   auth.Device,
		Expires:  s.now().UTC().Truncate(time.Second).Add(cookie.Lifetime),
		Config:   settings.lastChange(),
		Protocol: protocol,
		Told:     told,
	}
	sealed, err := s.seal(c)
	if err != nil {
		return nil, err
	}
	return &clientws.GetCookieResponse{GetCookieResult: &clientws.Cookie{
		Expiration: xsd.NewDateTime(c.Expires), EncryptedData: sealed,
	}}, nil
}

// openAuth opens the one authorization cookie there must be.
func (s *Server) openAuth(list *clientws.ArrayOfAuthorizationCookie) (cookie.Auth, error) {
	if list == nil || len(list.AuthorizationCookie) != 1 || list.AuthorizationCookie[0] == nil {
		return cookie.Auth{}, errors.New("not one authorization cookie")
	}
	auth, err := s.cookies.OpenAuth(list.AuthorizationCookie[0].CookieData)
	if err != nil {
		return auth, err
	}
	if _, ok := s.roster.Seat(auth.Device); !ok {
		return auth, fmt.Errorf("device %d is not known", auth.Device)
	}
	return auth, nil
}

// oldCookie returns what the old cookie of a client says that it was told. An
// expired one is what clients have, and a first contact has no more than a time.
// One that this server cannot read is a fault: the RevisionIDs that such a
// client holds are another server's, and the fault makes it learn ours.
func (s *Server) oldCookie(old *clientws.Cookie, device int64) (*cookie.Told, error) {
	if old == nil || len(old.EncryptedData) == 0 {
		return nil, nil
	}
	c, err := s.cookies.Open(old.EncryptedData)
	if err != nil && !errors.Is(err, cookie.ErrExpired) {
		return nil, cookie.Fault(err)
	}
	if c.Device != device {
		return nil, nil
	}
	return c.Told, nil
}

// registerComputer answers RegisterComputer (MS-WUSP 3.1.5.5).
func (s *Server) registerComputer(ctx context.Context, r *soap.Request) (any, error) {
	var q clientws.RegisterComputer
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	_, seat, err := s.open(sealed(q.Cookie))
	if err != nil {
		return nil, err
	}
	if q.ComputerInfo == nil {
		return nil, soap.InvalidParameter("computerInfo", nil)
	}
	computer, err := s.computer(q.ComputerInfo)
	if err != nil {
		return nil, err
	}
	if err := s.roster.Register(ctx, seat.Device, computer); err != nil {
		return nil, fmt.Errorf("register device %d: %w", seat.Device, err)
	}
	return &clientws.RegisterComputerResponse{}, nil
}

// sealed returns the bytes of a cookie; none where it is absent.
func sealed(c *clientws.Cookie) []byte {
	if c == nil {
		return nil
	}
	return c.EncryptedData
}

// computer turns a ComputerInfo into the noun. The client's id is the roster's
// to know, and its groups came with the authorization.
func (s *Server) computer(in *clientws.ComputerInfo) (update.Computer, error) {
	for _, text := range []string{in.DnsName, in.OSLocale, in.ComputerManufacturer, in.ComputerModel, in.BiosVersion, in.BiosName,
		in.ProcessorArchitecture, in.OSDescription, in.OEM, in.DeviceType, in.FirmwareVersion, in.MobileOperator} {
		if len(text) > s.limits.Text {
			return update.Computer{}, soap.InvalidParameter("computerInfo", fmt.Errorf("%w: %d bytes", errList, len(text)))
		}
	}
	c := update.Computer{
		DNSName: in.DnsName,
		OSMajor: int(in.OSMajorVersion), OSMinor: int(in.OSMinorVersion), OSBuild: int(in.OSBuildNumber),
		ServicePackMajor: int(in.OSServicePackMajorNumber), ServicePackMinor: int(in.OSServicePackMinorNumber),
		OSLocale:     in.OSLocale,
		Manufacturer: in.ComputerManufacturer, Model: in.ComputerModel,
		BiosVersion: in.BiosVersion, BiosName: in.BiosName,
		Architecture: in.ProcessorArchitecture,
		SuiteMask:    int(in.SuiteMask), OldProductType: int(in.OldProductType), NewProductType: int(in.NewProductType),
		SystemMetrics: int(in.SystemMetrics),
		ClientVersion: [4]int{int(in.ClientVersionMajorNumber), int(in.ClientVersionMinorNumber),
			int(in.ClientVersionBuildNumber), int(in.ClientVersionQfeNumber)},
		OSDescription: in.OSDescription, OEM: in.OEM, DeviceType: in.DeviceType,
		FirmwareVersion: in.FirmwareVersion, MobileOperator: in.MobileOperator,
	}
	if !in.BiosReleaseDate.IsUnset() {
		c.BiosDate = in.BiosReleaseDate.Time().UTC()
	}
	return c, nil
}
