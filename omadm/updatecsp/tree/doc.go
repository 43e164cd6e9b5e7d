// Package tree is the Update CSP, ./Vendor/MSFT/Update: what a device reports of
// its updates, and the list of those it may install.
package tree
