package cabinet

import "time"

// Attributes are the DOS attributes of a member (MS-CAB section 2.3, CFFILE).
type Attributes uint16

// The attributes that MS-CAB names.
const (
	AttrReadOnly Attributes = 0x01
	AttrHidden   Attributes = 0x02
	AttrSystem   Attributes = 0x04
	AttrArchive  Attributes = 0x20
	AttrExec     Attributes = 0x40
	// AttrUTF8 marks a name that is stored as UTF-8.
	AttrUTF8 Attributes = 0x80
)

// Member is one entry of the cabinet's directory.
type Member struct {
	// Name is the member's name as UTF-8 with '/' between its parts. It is
	// otherwise as found, see [SafeName]. Without [AttrUTF8] the code page is
	// not known and each byte is taken as the Latin-1 character.
	Name string
	// Size is the number of bytes of the member.
	Size int64
	// ModTime is the stored local time, given as if it were UTC, to two
	// seconds. It is zero where the stored one is no date.
	ModTime time.Time
	// Attributes are the DOS attributes.
	Attributes Attributes
	// Folder is the index of the folder that holds the member.
	Folder int
	// Offset is where the member starts in the decoded folder.
	Offset int64
}

func (m Member) end() int64 { return m.Offset + m.Size }

// dosTime converts a DOS date and time (MS-CAB section 2.3). A date that does
// not exist yields the zero time.
func dosTime(date, clock uint16) time.Time {
	year, month, day := int(date>>9)+1980, time.Month(date>>5&15), int(date&31)
	hour, minute, second := int(clock>>11), int(clock>>5&63), int(clock&31)*2
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	if t.Month() != month || t.Day() != day || t.Hour() != hour || t.Minute() != minute || t.Second() != second {
		return time.Time{}
	}
	return t
}
