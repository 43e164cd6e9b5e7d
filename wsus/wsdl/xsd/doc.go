// Package xsd has the types of XML Schema that Go lacks: dateTime with and without a
// zone, and base64Binary.
package xsd
