package clientsync

import (
	"errors"
	"fmt"

	"sluice/wsus/catalog"
	"sluice/wsus/soap"
	"sluice/wsus/update"
	"sluice/wsus/wsdl/xsd"
)

// syncRequest is a SyncUpdates call (MS-WUSP 2.2.2.2.4).
type syncRequest struct {
	sealed     []byte
	parameters bool // the element was there

	installed, other, drivers []update.RevisionID

	skipSoftware bool
	twoGroups    bool // NeedTwoGroupOutOfScopeUpdates
	filter       []update.ID

	devices     []catalog.Device
	computerIDs []update.ID
	scoreKey    string
}

// reset empties a request and keeps the memory of its lists of ids.
func (q *syncRequest) reset() {
	*q = syncRequest{installed: q.installed[:0], other: q.other[:0], drivers: q.drivers[:0]}
}

// read reads the request that r stands in.
func (q *syncRequest) read(r *reader, lim *Limits) error {
	return reject(r.children(func(name []byte) (err error) {
		switch string(name) {
		case "cookie":
			q.sealed, err = r.cookie()
		case "parameters":
			q.parameters = true
			err = r.children(func(name []byte) error { return q.readParameter(r, lim, name) })
		}
		return err
	}))
}

func (q *syncRequest) readParameter(r *reader, lim *Limits, name []byte) (err error) {
	switch string(name) {
	case "InstalledNonLeafUpdateIDs":
		q.installed, err = r.revisions(q.installed, "parameters.InstalledNonLeafUpdateIDs", lim.Installed)
	case "OtherCachedUpdateIDs":
		q.other, err = r.revisions(q.other, "parameters.OtherCachedUpdateIDs", lim.Held)
	case "CachedDriverIDs":
		q.drivers, err = r.revisions(q.drivers, "parameters.CachedDriverIDs", lim.Drivers)
	case "SkipSoftwareSync":
		q.skipSoftware, err = r.bool("parameters.SkipSoftwareSync")
	case "NeedTwoGroupOutOfScopeUpdates":
		q.twoGroups, err = r.bool("parameters.NeedTwoGroupOutOfScopeUpdates")
	case "FilterCategoryIds":
		err = q.readFilter(r, lim)
	case "SystemSpec":
		d := deviceReader{r: r, lim: lim}
		q.devices, err = d.devices()
	case "ComputerSpec":
		err = q.readComputer(r, lim)
	case "FeatureScoreMatchingKey":
		q.scoreKey, err = r.string("parameters.FeatureScoreMatchingKey", lim.Text)
	}
	return err
}

// readFilter reads FilterCategoryIds/CategoryIdentifier/Id.
func (q *syncRequest) readFilter(r *reader, lim *Limits) error {
	const name = "parameters.FilterCategoryIds"
	return r.each("CategoryIdentifier", func() error {
		return r.each("Id", func() error {
			if len(q.filter) == lim.Category {
				return soap.InvalidParameter(name, fmt.Errorf("%w: more than %d", errList, lim.Category))
			}
			id, err := r.id(name)
			q.filter = append(q.filter, id)
			return err
		})
	})
}

// readComputer reads ComputerSpec/HardwareIDs/guid.
func (q *syncRequest) readComputer(r *reader, lim *Limits) error {
	const name = "parameters.ComputerSpec"
	return r.each("HardwareIDs", func() error {
		return r.each("guid", func() error {
			if len(q.computerIDs) == lim.Computer {
				return soap.InvalidParameter(name, fmt.Errorf("%w: more than %d ids", errList, lim.Computer))
			}
			id, err := r.id(name)
			q.computerIDs = append(q.computerIDs, id)
			return err
		})
	})
}

// deviceReader reads the devices of a driver pass.
type deviceReader struct {
	r   *reader
	lim *Limits
	ids int // of all devices so far
}

const systemSpec = "parameters.SystemSpec"

func (d *deviceReader) devices() (list []catalog.Device, err error) {
	err = d.r.each("Device", func() error {
		if len(list) == d.lim.Devices {
			return soap.InvalidParameter(systemSpec, fmt.Errorf("%w: more than %d devices", errList, d.lim.Devices))
		}
		device, err := d.device()
		list = append(list, device)
		return err
	})
	return list, err
}

func (d *deviceReader) device() (dev catalog.Device, err error) {
	err = d.r.children(func(name []byte) (err error) {
		switch string(name) {
		case "HardwareIDs":
			dev.HardwareIDs, err = d.strings()
		case "CompatibleIDs":
			dev.CompatibleIDs, err = d.strings()
		case "installedDriver":
			dev.Installed, err = d.installed()
		}
		return err
	})
	return dev, err
}

func (d *deviceReader) strings() (list []string, err error) {
	err = d.r.each("string", func() error {
		if d.ids == d.lim.DeviceIDs {
			return soap.InvalidParameter(systemSpec, fmt.Errorf("%w: more than %d ids", errList, d.lim.DeviceIDs))
		}
		d.ids++
		s, err := d.r.string(systemSpec, d.lim.Text)
		list = append(list, s)
		return err
	})
	return list, err
}

// installed reads the driver that a device runs. One that matches no id is how
// clients say that there is none.
func (d *deviceReader) installed() (*catalog.InstalledDriver, error) {
	in := &catalog.InstalledDriver{Rank: -1}
	err := d.r.children(func(name []byte) (err error) {
		var n int64
		switch string(name) {
		case "MatchingID":
			in.MatchingID, err = d.r.string(systemSpec, d.lim.Text)
		case "Class":
			in.Class, err = d.r.string(systemSpec, d.lim.Text)
		case "Manufacturer":
			in.Manufacturer, err = d.r.string(systemSpec, d.lim.Text)
		case "Provider":
			in.Provider, err = d.r.string(systemSpec, d.lim.Text)
		case "DriverVerDate":
			in.VerDate, err = d.date()
		case "DriverVerVersion":
			n, err = d.r.integer(systemSpec)
			in.VerVersion = uint64(n)
		case "DriverRank":
			in.Rank, err = d.r.int32(systemSpec)
		case "MatchingComputerHWID":
			in.ComputerID, err = d.computerID()
		}
		return err
	})
	if err != nil || in.MatchingID == "" {
		return nil, err
	}
	return in, nil
}

func (d *deviceReader) date() (int64, error) {
	text, err := d.r.value()
	if err != nil {
		return 0, err
	}
	t, err := xsd.ParseDateTime(string(text))
	if err != nil {
		return 0, soap.InvalidParameter(systemSpec, err)
	}
	return t.Time().Unix(), nil
}

// computerID reads a GUID that may be nil.
func (d *deviceReader) computerID() (update.ID, error) {
	text, err := d.r.value()
	if err != nil || len(text) == 0 {
		return update.ID{}, err
	}
	id, err := update.ParseIDBytes(text)
	if err != nil {
		return update.ID{}, soap.InvalidParameter(systemSpec, errors.Join(errList, err))
	}
	return id, nil
}
