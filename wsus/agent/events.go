package agent

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
)

// The events that the agent queues (MS-WUSP 2.2.2.3.1, named as in the event
// table of a real server).
const (
	eventScanned           = 147
	eventScanFailed        = 148
	eventStatus            = 156
	eventDownloadFailed    = 161
	eventDownloaded        = 162
	eventDownloadStarted   = 167
	eventInstallStarted    = 181
	eventInstallFailed     = 182
	eventInstalled         = 183
	eventInstallPending    = 201
	eventRebooted          = 202
	eventInstalledByReboot = 203
	eventUninstalled       = 222
	eventUninstallStarted  = 226
)

// maxQueued bounds the events that wait for a server that does not take them;
// the oldest go first.
const maxQueued = 2000

// processCaller is how the native agent names a caller that is only known by its
// process; such a caller is not the event's AppName.
const processCaller = "<<PROCESS>>: "

// detail is what varies in an event's MiscData. What B, C and f count in event
// 147 is not documented: here it is the scan's seconds, its attempt and the
// revisions held.
type detail struct {
	b         int64    // -1: not sent
	attempt   int      // C; 0: not sent
	done      bool     // D=1: a finished installation
	failed    bool     // O=1: a failed scan
	filtered  bool     // P=1: a scan limited to categories
	update    bool     // Q=2: about a bundle
	needed    []string // U
	installed []string // V
	scan      bool     // k=true
	evaluated int      // f; -1: not sent
	install   bool     // nothing is paused while installing
}

// misc writes MiscData in the order of the native agent. Keys are case-sensitive.
func (a *Agent) misc(d detail) []string {
	m := &a.cfg.Machine
	c := &m.Computer
	var out []string
	add := func(key, value string) { out = append(out, key+"="+value) }
	when := func(cond bool, key, value string) {
		if cond {
			add(key, value)
		}
	}
	paused := "1"
	if d.install {
		paused = "0"
	}
	when(d.b >= 0, "B", strconv.FormatInt(d.b, 10))
	when(d.attempt > 0, "C", strconv.Itoa(d.attempt))
	when(d.done, "D", "1")
	v := c.ClientVersion
	add("G", fmt.Sprintf("%d.%d.%d.%d", v[0], v[1], v[2], v[3]))
	add("J", strconv.Itoa(m.Sample))
	add("K", c.BiosVersion)
	add("L", c.BiosDate.UTC().Format("2006-01-02T15:04:05"))
	when(d.failed, "O", "1")
	when(d.filtered, "P", "1")
	if d.update {
		add("Q", "2")
	} else {
		add("Q", "1")
	}
	add("T", m.Firmware)
	when(len(d.needed) > 0, "U", strings.Join(d.needed, ";"))
	when(len(d.installed) > 0, "V", strings.Join(d.installed, ";"))
	add("AppName", a.cfg.Caller)
	add("CsiErrorType", "0")
	add("c", strconv.Itoa(c.NewProductType))
	when(d.evaluated >= 0, "f", strconv.Itoa(d.evaluated))
	when(d.scan, "k", "true")
	out = append(out, "m=0", "n=1", "o=0", "p=0", "q=0", "r=0", "w=0", "x=1")
	process, named := strings.CutPrefix(a.cfg.Caller, processCaller)
	when(named, "cc", process)
	out = append(out, "dd=0", "ff=0", "WUfBOn=0", "WUfBDS=0", "DisableDS=1")
	add("PauseQU", paused)
	add("PauseFU", paused)
	return out
}

// queue adds an event for the next report, unless the server's configuration
// says that it does not want it.
func (a *Agent) queue(id int, about update.Identity, hr uint32, replacement []string, d detail) {
	if c := a.state.Config; c != nil && len(c.AllowedEvents) > 0 && !slices.Contains(c.AllowedEvents, id) {
		return
	}
	e := update.Event{
		InstanceID:  a.newID(),
		ClientID:    a.cfg.Machine.Computer.ClientID,
		Time:        a.cfg.Now().UTC().Truncate(time.Millisecond),
		Namespace:   1,
		EventID:     id,
		Source:      101,
		Update:      about,
		Win32Result: int32(hr),
		Replacement: replacement,
		Misc:        a.misc(d),
	}
	if !strings.HasPrefix(a.cfg.Caller, processCaller) {
		e.AppName = a.cfg.Caller
	}
	if n := len(a.state.Events) - maxQueued + 1; n > 0 {
		a.state.Events = slices.Delete(a.state.Events, 0, n)
	}
	a.state.Events = append(a.state.Events, e)
}

// queueScan queues how a scan went: the number of updates to install and the full
// status of all reported updates, or its error.
func (a *Agent) queueScan(r *ScanResult, err error) {
	d := detail{
		b: int64(r.Took / time.Second), attempt: 1, scan: true, evaluated: len(a.state.Held),
		filtered: len(a.cfg.Categories) > 0,
	}
	if err != nil {
		hr := hresult(err)
		d.failed, d.evaluated = true, -1
		a.queue(eventScanFailed, update.Identity{}, hr, []string{fmt.Sprintf("0x%08x", hr)}, d)
		return
	}
	offered := 0
	for i := range r.Needed {
		if r.Needed[i].Action != update.PreDeploymentCheck {
			offered++
		}
	}
	a.queue(eventScanned, update.Identity{}, 0, []string{strconv.Itoa(offered)}, d)
	a.QueueStatus()
}

// QueueStatus queues event 156, which sets the server's picture of this
// computer: the updates that it needs and those it has. Every scan does so.
func (a *Agent) QueueStatus() {
	d := detail{b: -1, evaluated: -1}
	for i := range a.state.Held {
		h := &a.state.Held[i]
		if !h.reported() || h.Core.Type != update.Software {
			continue
		}
		id := strings.ToUpper(h.Core.ID.String())
		switch h.Verdict {
		case Needed:
			d.needed = append(d.needed, id)
		case IsInstalled:
			d.installed = append(d.installed, id)
		}
	}
	slices.Sort(d.needed)
	slices.Sort(d.installed)
	d.needed, d.installed = slices.Compact(d.needed), slices.Compact(d.installed)
	a.queue(eventStatus, update.Identity{}, 0, nil, d)
}

// queueUpdate queues an event about an update, with its title.
func (a *Agent) queueUpdate(id int, u *Update, hr uint32, d detail) {
	d.update, d.evaluated = len(u.Parts) > 1, -1
	replacement := []string{u.Title}
	if id == eventInstallFailed {
		replacement = []string{fmt.Sprintf("0x%08x", hr), u.Title}
	}
	a.queue(id, u.Identity, hr, replacement, d)
}
