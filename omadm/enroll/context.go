package enroll

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"sluice/omadm/device"
)

// Bounds of what a device says of itself.
const (
	maxItems    = 256
	maxItemName = 64
	maxFact     = 256 // bytes of a text that is kept
	maxDeviceID = 128
	maxMAC      = 32
)

// values are the items of an AdditionalContext. Names repeat, and newer clients
// have more of them.
type values map[string][]string

// readContext reads the AdditionalContext. The error is a *fault.
func readContext(body *element) (values, error) {
	v := values{}
	list, err := body.optional(spaceContext, "AdditionalContext")
	if err != nil {
		return nil, malformed(err)
	}
	if list == nil {
		return v, nil
	}
	items := list.all(spaceContext, "ContextItem")
	if len(items) > maxItems {
		return nil, malformed(fmt.Errorf("%d items of context, more than %d", len(items), maxItems))
	}
	for _, item := range items {
		name := item.attr("Name")
		value, err := item.optional(spaceContext, "Value")
		if err != nil || name == "" || len(name) > maxItemName {
			return nil, malformed(errors.Join(err, errors.New("a bad item of context")))
		}
		if value != nil {
			v[name] = append(v[name], value.value())
		}
	}
	return v, nil
}

// fact returns the first value of a name as it is kept: one line, and not too
// long.
func (v values) fact(name string) string {
	if len(v[name]) == 0 {
		return ""
	}
	return tidy(v[name][0])
}

func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > maxFact {
		s = strings.ToValidUTF8(s[:maxFact], "")
	}
	return strings.TrimSpace(s)
}

// deviceID returns what the device calls itself, empty where it does not say.
func (v values) deviceID() (device.ID, error) {
	ids := v["DeviceID"]
	if len(ids) == 0 {
		return "", nil
	}
	for _, id := range ids {
		if id != ids[0] {
			return "", badData(errors.New("two different DeviceIDs"))
		}
	}
	if len(ids[0]) > maxDeviceID || strings.ContainsFunc(ids[0], func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", badData(errors.New("a DeviceID that is no plain text"))
	}
	return device.ID(ids[0]), nil
}

// enrollment returns what the device says of itself as an enrollment.
func (v values) enrollment() (device.Enrollment, error) {
	e := device.Enrollment{
		State:              device.Active,
		Hardware:           v.fact("HWDevID"),
		Name:               v.fact("DeviceName"),
		OSVersion:          v.fact("OSVersion"),
		ApplicationVersion: v.fact("ApplicationVersion"),
		DeviceType:         v.fact("DeviceType"),
		Locale:             v.fact("Locale"),
		Manufacturer:       v.fact("Manufacturer"),
		Model:              v.fact("DeviceModel"),
		Serial:             v.fact("SerialNumber"),
	}
	// The examples of MS-MDE2 have stars around the number.
	e.OSEdition, _ = strconv.Atoi(strings.Trim(v.fact("OSEdition"), "* "))
	e.OSEdition = max(e.OSEdition, 0)
	for _, mac := range v["MAC"] {
		if mac = tidy(mac); mac != "" && len(e.MAC) < maxMAC {
			e.MAC = append(e.MAC, mac)
		}
	}
	switch kind := v.fact("EnrollmentType"); {
	case kind == "" || strings.EqualFold(kind, string(device.UserContext)):
		e.Context = device.UserContext
	case strings.EqualFold(kind, string(device.DeviceContext)):
		e.Context = device.DeviceContext
	default:
		return e, &fault{subcode: authorization, errorType: notSupported, cause: errors.New("an unknown EnrollmentType"),
			message: "This server manages whole devices, not parts of one."}
	}
	var err error
	e.Device, err = v.deviceID()
	return e, err
}
