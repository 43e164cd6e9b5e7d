package cookie

import (
	"errors"

	"sluice/wsus/soap"
)

// Fault returns the fault that tells a client what to do about an error of
// [Box.Open] (MS-WUSP 2.2.2.4).
func Fault(err error) *soap.Fault {
	f := &soap.Fault{Code: soap.InvalidCookie, Err: err}
	switch {
	case errors.Is(err, ErrExpired):
		f.Code = soap.CookieExpired
	case errors.Is(err, ErrLineage):
		f.Code = soap.ServerChanged
	}
	return f
}
