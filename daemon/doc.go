// Package daemon is the appliance. [Open] joins the parts that need no network:
// the store, the content, the fleet and the catalog in memory; commands use
// them so without a running daemon. [Appliance.Run] opens the doors in front of
// them, does the work that comes by itself, and stops in reverse order.
package daemon
