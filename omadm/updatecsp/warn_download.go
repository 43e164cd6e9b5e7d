package updatecsp

// downloads warns about Delivery Optimization.
func (r *review) downloads() {
	sharing := r.is("DODownloadMode", "1", "2", "3")
	if sharing && r.has("UpdateServiceUrl") {
		r.caution("sharing with peers needs a cloud service to find them, which is not there behind a gap; use 99", "DODownloadMode")
	}
	peers := r.those("DOGroupId", "DOGroupIdSource", "DORestrictPeerSelectionBy", "DOAllowVPNPeerCaching",
		"DOMonthlyUploadDataCap", "DOMinBackgroundQos", "DODelayBackgroundDownloadFromHttp",
		"DODelayForegroundDownloadFromHttp", "DOMinBatteryPercentageAllowedToUpload", "DOMinDiskSizeAllowedToPeer",
		"DOMinFileSizeToCache", "DOMinRAMAllowedToPeer")
	if r.has("DODownloadMode") && !sharing && len(peers) > 0 {
		r.caution("has no effect with a DODownloadMode that does not share with peers", append(peers, "DODownloadMode")...)
	}
	if group := r.those("DOGroupId", "DOGroupIdSource"); sharing && len(group) > 0 && !r.is("DODownloadMode", "2") {
		r.caution("has an effect only with DODownloadMode 2", append(group, "DODownloadMode")...)
	}
	if cache := r.those("DOCacheHost", "DOCacheHostSource"); r.is("DODownloadMode", "100") && len(cache) > 0 {
		r.caution("DODownloadMode 100 goes around Delivery Optimization and with it around cache servers", append(cache, "DODownloadMode")...)
	}
	if r.has("DOMaxCacheSize") && r.has("DOAbsoluteMaxCacheSize") {
		r.caution("has no effect beside DOAbsoluteMaxCacheSize", "DOMaxCacheSize", "DOAbsoluteMaxCacheSize")
	}
	if r.is("DOCacheHostSource", "2") && r.has("DOCacheHost") {
		r.caution("has no effect while DOCacheHostSource is 2", "DOCacheHost", "DOCacheHostSource")
	}
	if r.is("DOCacheHostSource", "1") && r.has("DOCacheHost") {
		r.caution("1 has no effect while DOCacheHost is set", "DOCacheHostSource", "DOCacheHost")
	}
	for _, name := range r.those("DODelayCacheServerFallbackBackground", "DODelayCacheServerFallbackForeground") {
		if !r.has("DOCacheHost") && !r.has("DOCacheHostSource") {
			r.caution("has an effect only with a cache server", name, "DOCacheHost")
		}
	}
}
