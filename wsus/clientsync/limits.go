package clientsync

// Limits bounds what a request may hold and an answer may weigh. Zero fields
// take the default.
type Limits struct {
	// Installed is how many InstalledNonLeafUpdateIDs a client may name. Clients
	// know 400: WSUS never took more.
	Installed int
	Held      int // OtherCachedUpdateIDs, identities of RefreshCache, printers held
	Drivers   int // CachedDriverIDs
	Devices   int // of a driver pass
	DeviceIDs int // of all devices of a driver pass together
	Computer  int // hardware ids of the computer itself
	Category  int // categories of a limited scan

	Revisions int // of GetExtendedUpdateInfo; GetConfig tells clients
	Locales   int // of GetExtendedUpdateInfo
	Digests   int // of GetFileLocations
	Groups    int // of client-side targeting
	Text      int // bytes of a name, an id of a device, a group

	PageUpdates int   // updates in an answer
	PageBytes   int64 // of their cores, escaped; one core may be longer

	CoreCache  int64 // bytes of small cores kept
	ChunkCache int64 // bytes of chunks of large cores kept
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&l.Installed, 400},
		{&l.Held, 100_000},
		{&l.Drivers, 10_000},
		{&l.Devices, 2_000},
		{&l.DeviceIDs, 20_000},
		{&l.Computer, 64},
		{&l.Category, 199},
		{&l.Revisions, 50},
		{&l.Locales, 64},
		{&l.Digests, 1_000},
		{&l.Groups, 64},
		{&l.Text, 1 << 10},
		{&l.PageUpdates, 200},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *int64
		value int64
	}{
		{&l.PageBytes, 2 << 20},
		{&l.CoreCache, 32 << 20},
		{&l.ChunkCache, 64 << 20},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return l
}
