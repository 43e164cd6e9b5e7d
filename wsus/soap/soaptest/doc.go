// Package soaptest compares the answers of a SOAP service with recorded ones of
// another server: the elements, their order, and their texts. Texts that every
// server makes of its own, as cookies and times are, must have the same form.
//
// It is for tests, of packages that serve parts of MS-WUSP.
package soaptest
