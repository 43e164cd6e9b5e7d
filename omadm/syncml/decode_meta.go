package syncml

import "strings"

func (d *decoder) meta() (*Meta, error) {
	m := &Meta{}
	var seen tagSet
	return m, d.metaInto(m, &seen)
}

func (d *decoder) metaInto(m *Meta, seen *tagSet) error {
	return d.children(func(t tag) error { return d.metaChild(m, t, seen) })
}

// metaChild reads a child of Meta, where it may also stand inside of a MetInf.
func (d *decoder) metaChild(m *Meta, t tag, seen *tagSet) (err error) {
	if seen.has(t) && !repeatedTags.has(t) {
		return d.misplaced(t, true)
	}
	seen.add(t)
	switch t {
	case tagFormat:
		m.Format, err = d.text()
	case tagType:
		m.Type, err = d.text()
	case tagMark:
		m.Mark, err = d.text()
	case tagSize:
		m.Size, err = d.number()
	case tagNextNonce:
		m.NextNonce, err = d.text()
	case tagVersion:
		m.Version, err = d.text()
	case tagMaxMsgSize:
		m.MaxMsgSize, err = d.number()
	case tagMaxObjSize:
		m.MaxObjSize, err = d.number()
	case tagEMI:
		var s string
		s, err = d.text()
		m.EMI = append(m.EMI, s)
	case tagMetInf:
		err = d.metaInto(m, seen)
	case tagAnchor, tagMem, tagFieldLevel:
		_, err = d.data() // of data synchronization: legal, and says nothing here
	default:
		err = d.misplaced(t, false)
	}
	return err
}

// chal reads a Chal, which is a Meta in an element of its own.
func (d *decoder) chal() (*Meta, error) {
	m := &Meta{}
	var seen, inMeta tagSet
	return m, d.children(func(t tag) error {
		if t != tagMeta || seen.has(t) {
			return d.misplaced(t, t == tagMeta)
		}
		seen.add(t)
		return d.metaInto(m, &inMeta)
	})
}

func (d *decoder) cred() (*Cred, error) {
	var m Meta
	c := &Cred{}
	var seen, inMeta tagSet
	err := d.children(func(t tag) (err error) {
		if seen.has(t) {
			return d.misplaced(t, true)
		}
		seen.add(t)
		switch t {
		case tagMeta:
			err = d.metaInto(&m, &inMeta)
		case tagData:
			c.Data, err = d.data()
		default:
			err = d.misplaced(t, false)
		}
		return err
	})
	c.Format, c.Type = m.Format, m.Type
	if c.Format == "b64" {
		c.Data = strings.Trim(c.Data, blanks)
	}
	return c, err
}
