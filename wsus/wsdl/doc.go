// Package wsdl describes the services of MS-WUSP in WSDL, and with it generates their
// message types.
//
// client.wsdl, simpleauth.wsdl and reporting.wsdl are this project's own, written from
// the protocol document and from what real clients and servers were seen to send. They
// say what this server reads and writes, not all that the protocol ever had: an element
// is required where it is always written, and there are a few that only current
// clients send. "go generate ./wsus/wsdl" makes of them
//
//	clientws      the client service (MS-WUSP 2.2.2.2)
//	simpleauthws  authorization (2.2.2.1)
//	reportingws   events and inventory (2.2.2.3)
//
// first with gowsdl and then with internal/typesonly, which keeps the types and corrects
// them. The types are for package soap and encoding/xml: lists are structs with one
// slice, as gowsdl makes them; an absent list is a nil pointer, an empty one may be
// either. The long requests of a scan have types too, but a server reads their id lists
// with a scanner.
package wsdl

//go:generate go tool gowsdl -d . -p clientws -o messages.go client.wsdl
//go:generate go run ./internal/typesonly client.wsdl clientws/messages.go
//go:generate go tool gowsdl -d . -p simpleauthws -o messages.go simpleauth.wsdl
//go:generate go run ./internal/typesonly simpleauth.wsdl simpleauthws/messages.go
//go:generate go tool gowsdl -d . -p reportingws -o messages.go reporting.wsdl
//go:generate go run ./internal/typesonly reporting.wsdl reportingws/messages.go
