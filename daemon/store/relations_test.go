package store

import (
	"testing"

	"sluice/wsus/update"
)

// FuzzRelations checks that no blob makes the decoder panic or take memory out
// of proportion, and that what decodes encodes to something that decodes alike.
func FuzzRelations(f *testing.F) {
	r := relations{
		prerequisites: []update.Clause{{Any: []update.ID{{1}, {2}}, IsCategory: true}, {}},
		bundles:       [][]update.Identity{{{ID: update.ID{3}, Number: -1}}, nil},
		supersedes:    []update.ID{{4}},
		drivers:       []update.DriverMatch{{HardwareID: "a", Scores: []update.FeatureScore{{OperatingSystem: "b", Score: 3}}}},
	}
	f.Add(r.encode())
	f.Add((&relations{}).encode())
	f.Add([]byte{relationsVersion, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, blob []byte) {
		r, err := decodeRelations(blob)
		if err != nil {
			return
		}
		again, err := decodeRelations(r.encode())
		if err != nil || string(again.encode()) != string(r.encode()) {
			t.Errorf("decoded %+v, encodes to what decodes to %+v, %v", r, again, err)
		}
	})
}

func FuzzLocalized(f *testing.F) {
	c, err := newCodec(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.packLocalized([]update.LocalizedFragment{{Language: "en", XML: []byte("<a/>")}, {}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := c.unpackLocalized(b)
		if err != nil {
			return
		}
		if again, err := c.unpackLocalized(c.packLocalized(list)); err != nil || len(again) != len(list) {
			t.Errorf("%d languages come back as %d, %v", len(list), len(again), err)
		}
	})
}
