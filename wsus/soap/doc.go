// Package soap speaks SOAP 1.1, document/literal, as WSUS and its clients do
// ([MS-WUSP] 2.2, [MS-WSUSSS] 2.2): bounded requests, answers of known length, faults
// with an ErrorCode, and Xpress compression.
//
// # Requests
//
// A Handler serves one Service. It reads a POST up to a number of bytes, checks the
// whole envelope, and calls the operation that the first element in Body names; the
// SOAPAction is a hint that nothing here needs. Request.Decode fills one of the types
// generated under wsus/wsdl: elements of foreign namespaces are skipped, attributes
// such as soapenc:arrayType are ignored, and xsi:nil makes an element empty, so that
// absent, empty and nil mean the same to an operation. Request.Scanner is for
// operations whose requests are too long for that.
//
// # Answers
//
// An operation returns a value for encoding/xml or a Body, a piece of XML whose lengths
// are known before it is written. Every answer has a Content-Length. A client that
// offers "xpress" gets it; plain pieces are then compressed in memory, and pieces that
// were compressed beforehand are copied, since blocks may be concatenated.
//
// One server uses two serializers (Style): the client service that of WCF, the others
// that of ASP.NET. Answers are what those write, to the byte.
//
// # Faults
//
// An operation fails with a *Fault, which the client sees, or with any other error,
// which is logged and sent as InternalServerError. No bytes of a request go into an
// answer, but for the name of the server as the client called it.
package soap
