package tree

import (
	"fmt"
	"strings"

	"sluice/wsus/update"
)

// The bits of Status (State in later documents) of a failed update.
const (
	isNew = 1 << iota
	readyToDownload
	downloading
	downloadBlocked
	downloadFailed
	readyToInstall
	installing
	installBlocked
	installFailed
	rebootRequired
	updateCompleted
	commitFailed
	postReboot
)

var statusTexts = [...]string{
	"new", "ready to download", "downloading", "download blocked", "download failed",
	"ready to install", "installing", "install blocked", "install failed",
	"restart required", "completed", "commit failed", "after restart",
}

// StatusText says the bits of a failed update in words, with commas between;
// those without a meaning as a hexadecimal number.
func StatusText(bits int) string {
	var words []string
	for i, word := range statusTexts {
		if bits&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	if rest := bits &^ (1<<len(statusTexts) - 1); rest != 0 {
		words = append(words, fmt.Sprintf("%#x", uint32(rest)))
	}
	return strings.Join(words, ", ")
}

// Standing is how one update stands on a device.
type Standing struct {
	State   update.State
	Number  int32 // RevisionNumber; 0 where the device did not say
	HResult int32 // of a failure
}

// States says how each update of a report stands. An update that is on several
// lists stands as the one says that ends the story: one that waits for a restart
// is installed so far, whatever failed before; one that is installed does not
// count as failed or missing, unless a newer revision of it does.
func (r *Report) States() map[update.ID]Standing {
	if r == nil {
		return nil
	}
	all := make(map[update.ID]Standing, len(r.Installed)+len(r.Installable))
	for id, u := range r.Installable {
		all[id] = Standing{State: update.NotInstalled, Number: u.Number}
	}
	for id, f := range r.Failed {
		all[id] = f.standing()
	}
	for id, number := range r.Installed {
		if number != 0 && all[id].Number > number {
			continue
		}
		all[id] = Standing{State: update.Installed, Number: number}
	}
	for id, u := range r.PendingReboot {
		all[id] = Standing{State: update.InstalledPendingReboot, Number: u.Number}
	}
	return all
}

// standing reads the bits of a failure. The list also holds updates that are on
// their way again after they failed.
func (f Failure) standing() Standing {
	s := Standing{State: update.Failed, Number: f.Number, HResult: f.HResult}
	switch bits := f.Status; {
	case f.HResult < 0 || bits&(downloadFailed|installFailed|commitFailed) != 0:
		return s
	case bits&(rebootRequired|postReboot) != 0:
		s.State = update.InstalledPendingReboot
	case bits&updateCompleted != 0:
		s.State = update.Installed
	case bits&(readyToInstall|installing|installBlocked) != 0:
		s.State = update.Downloaded
	case bits&(isNew|readyToDownload|downloading|downloadBlocked) != 0:
		s.State = update.NotInstalled
	}
	s.HResult = 0
	if s.State == update.Failed {
		s.HResult = f.HResult
	}
	return s
}
