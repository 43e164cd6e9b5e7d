package updatecsp

import (
	"net/url"
	"strings"
)

// server warns about UpdateServiceUrl and its companions.
func (r *review) server() {
	if r.is("FillEmptyContentUrls", "1") && !r.has("UpdateServiceUrlAlternate") {
		r.refuse("1 needs UpdateServiceUrlAlternate: there is no host to ask for the files", "FillEmptyContentUrls", "UpdateServiceUrlAlternate")
	}
	u, err := url.Parse(r.d["UpdateServiceUrl"].Value)
	if !r.has("UpdateServiceUrl") || err != nil {
		if r.has("UpdateServiceUrlAlternate") {
			r.refuse("needs UpdateServiceUrl: without a WSUS server there is no alternate one", "UpdateServiceUrlAlternate", "UpdateServiceUrl")
		}
		for _, name := range r.those("DetectionFrequency", "AllowUpdateService", "AllowNonMicrosoftSignedUpdate",
			"SetProxyBehaviorForUpdateDetection", "DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection", "DisableDualScan") {
			r.caution("has an effect only together with UpdateServiceUrl", name, "UpdateServiceUrl")
		}
		return
	}
	r.transport(u)
	if r.is("AllowNonMicrosoftSignedUpdate", "1") {
		r.caution("with 1 whoever has a certificate in Trusted Publishers of the device can sign what it installs: only where packages of your own are published", "AllowNonMicrosoftSignedUpdate")
	}
	if !r.has("AllowNonMicrosoftSignedUpdate") {
		r.caution("is 1 by default: set 0 where no packages of your own are published", "AllowNonMicrosoftSignedUpdate", "UpdateServiceUrl")
	}
	if r.is("AllowAutoUpdate", "5") && r.has("UpdateServiceUrlAlternate") {
		r.caution("has no effect while AllowAutoUpdate is 5", "UpdateServiceUrlAlternate", "AllowAutoUpdate")
	}
}

// transport warns about how the WSUS server is reached.
func (r *review) transport(u *url.URL) {
	secure := u.Scheme == "https"
	if !secure {
		r.caution("over http anyone on the way can change what devices are told to install; use https", "UpdateServiceUrl")
	}
	if secure && u.Port() == "8530" || !secure && u.Port() == "8531" {
		r.caution("a WSUS server has http on 8530 and https on 8531", "UpdateServiceUrl")
	}
	if r.is("SetProxyBehaviorForUpdateDetection", "1") {
		if secure {
			r.caution("1 has an effect only with an UpdateServiceUrl over http", "SetProxyBehaviorForUpdateDetection", "UpdateServiceUrl")
		} else {
			r.caution("with 1 a user's proxy can change what a device is told to install", "SetProxyBehaviorForUpdateDetection", "UpdateServiceUrl")
		}
	}
	if r.is("DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection", "1") {
		if secure {
			r.caution("with 1 any server certificate that the device trusts will do, also where a site pins that of its WSUS server", "DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection")
		} else {
			r.caution("has an effect only with an UpdateServiceUrl over https", "DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection", "UpdateServiceUrl")
		}
	}
}

// deferrals are the settings that send a device with a WSUS server to Windows
// Update where nothing keeps it from there.
func deferrals() []string {
	return []string{
		"DeferFeatureUpdatesPeriodInDays", "DeferQualityUpdatesPeriodInDays", "PauseFeatureUpdates", "PauseQualityUpdates",
		"PauseFeatureUpdatesStartTime", "PauseQualityUpdatesStartTime", "BranchReadinessLevel", "TargetReleaseVersion",
		"ProductVersion", "DeferUpdatePeriod", "DeferUpgradePeriod", "PauseDeferrals", "RequireDeferUpgrade",
	}
}

// scanSource warns about dual scan and the settings that prevent it.
func (r *review) scanSource() {
	four := r.those(sourceSettings()...)
	if len(four) > 0 && len(four) < len(sourceSettings()) {
		missing := pick(sourceSettings(), func(n string) bool { return !r.has(n) })
		r.caution("set all four source settings together; missing: "+strings.Join(missing, ", "), four...)
	}
	if !r.has("UpdateServiceUrl") {
		r.refuse("1 takes updates from a WSUS server, and UpdateServiceUrl names none: the device would get none at all", r.valued("1", four...)...)
		return
	}
	r.caution("0 takes these updates from Windows Update, not from the WSUS server", r.valued("0", four...)...)
	if r.is("DisableDualScan", "1") && len(four) > 0 && r.d["DisableDualScan"].From.Preset == "" {
		r.caution("is not to be combined with the four source settings: devices that know those are not sent it", append([]string{"DisableDualScan"}, four...)...)
	}
	// Older versions have DisableDualScan instead.
	kept := r.d.AllFromWSUS()
	if !r.os.IsZero() {
		s, _ := Find(sourceSettings()[0])
		kept = kept && knows(r.os, s.Builds) || r.is("DisableDualScan", "1") && r.os.Compare(w(22000)) < 0
	}
	if set := r.those(deferrals()...); len(set) > 0 && !kept {
		r.caution("with UpdateServiceUrl this makes the device scan Windows Update too (dual scan); set the four source settings to 1, or leave it out", set...)
	}
}

// internet warns about settings of Windows Update for Business.
func (r *review) internet() {
	if r.has("UpdateServiceUrl") {
		for _, s := range Settings() {
			if s.Needs == Internet && s.Name != "AllowMUUpdateService" && r.has(s.Name) && r.d[s.Name].From.Preset == "" {
				r.caution("has no effect on updates of the WSUS server: there approvals decide", s.Name, "UpdateServiceUrl")
			}
		}
		if r.is("AllowMUUpdateService", "1") {
			r.caution("with 1 the device looks for Microsoft Update, which it cannot reach behind a gap", "AllowMUUpdateService")
		}
	}
	if r.is("ManagePreviewBuilds", "1", "2") || r.is("BranchReadinessLevel", "2", "4", "8", "128") {
		r.caution("asks for Insider builds", r.those("ManagePreviewBuilds", "BranchReadinessLevel")...)
	}
	if r.has("ProductVersion") && !r.has("TargetReleaseVersion") {
		r.refuse("needs TargetReleaseVersion", "ProductVersion", "TargetReleaseVersion")
	}
	release, product := r.d["TargetReleaseVersion"].Value, r.d["ProductVersion"].Value
	if len(release) == 4 && release[2] != 'H' && product != "" && product != "Windows 10" {
		r.refuse(product+" has no release "+release, "TargetReleaseVersion", "ProductVersion")
	}
	for _, kind := range []string{"Feature", "Quality"} {
		pause, start := "Pause"+kind+"Updates", "Pause"+kind+"UpdatesStartTime"
		if r.has(start) && r.is(pause, "0") {
			r.refuse("0 contradicts "+start, pause, start)
		}
		if r.is(pause, "1") && !r.has(start) {
			r.caution("the pause begins when the device gets it and ends by itself; "+start+" gives it a date", pause, start)
		}
	}
	if r.is("DisableWUfBSafeguards", "1") {
		r.caution("with 1 a device may take a feature update that is known to harm it", "DisableWUfBSafeguards")
	}
}
