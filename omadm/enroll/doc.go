// Package enroll is the enrolment of Windows devices by MS-MDE2 with on-premise
// authentication: where to enrol (section 3.1), the policy for the certificate
// (3.3, MS-XCEP), the certificate with the provisioning document (3.4, MS-WSTEP)
// and its renewal (3.5), over a SOAP 1.2 of its own.
//
// [New] returns the handler. It keeps nothing: credentials and enrollments are
// the matter of a [Desk], certificates that of sluice/omadm/ca. [Instructions]
// writes for an administrator what there is to do on devices.
//
// Requests are bounded before they are read, and read strictly where something
// depends on it: an element that decides must be there once. Tolerated is what
// Windows and the examples of the specification do: line breaks around values, a
// slash at the end of a namespace, any letter case in a path, a request at the path
// of another service (by MS-MDE2 2.2.9.2 a device renews where it once discovered,
// by other texts where it enrolled). A header block that is not known is passed
// over, also one with mustUnderstand: no device should stay unmanaged for it.
//
// Answers have a Content-Length and leave in one piece, which Windows wants.
// Faults come with HTTP status 500, the status of SOAP 1.2 for s:Receiver;
// Windows reads the fault whatever the status is, and takes ErrorType before
// Subcode.
//
// Not served: federated authentication and enrolment by certificate, which need
// a directory; certificate recovery; attestation, which a client leaves out
// where the server answers version 4.0.
package enroll
