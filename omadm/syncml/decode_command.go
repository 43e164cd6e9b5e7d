package syncml

// command reads one element of a SyncBody, an Atomic or a Sequence and appends it
// to dst. It may be several commands: administrators' tools and Microsoft's own
// examples write one element with a CmdID before each of its Items.
func (d *decoder) command(dst []Command, t tag, nesting int) ([]Command, error) {
	if nesting > MaxNesting {
		return dst, &LimitError{What: "levels of Atomic and Sequence", Limit: MaxNesting}
	}
	if err := d.count(); err != nil {
		return dst, err
	}
	if foreignTags.has(t) {
		return d.foreign(dst, t)
	}
	may := childTags(t)
	c := Command{Kind: Kind(t.String())}
	var seen tagSet
	parts := 1
	c.OriginalError = d.r.cause()
	err := d.children(func(child tag) error {
		switch {
		case !may.has(child):
			return d.misplaced(child, false)
		case child == tagCmdID && seen.has(tagCmdID) && len(c.Items) > 0:
			dst = append(dst, c)
			c = Command{Kind: c.Kind, NoResp: c.NoResp, Cred: c.Cred, Meta: c.Meta}
			seen = tagSet{}
			parts++
			if err := d.count(); err != nil {
				return err
			}
		case seen.has(child) && !repeatedTags.has(child):
			return d.misplaced(child, true)
		}
		seen.add(child)
		return d.commandChild(&c, child, nesting)
	})
	if err != nil {
		return dst, err
	}
	if parts > 1 && len(c.Items) == 0 {
		return dst, d.syntax("%s: CmdID twice", t)
	}
	return append(dst, c), nil
}

// count counts a command.
func (d *decoder) count() error {
	if d.commands++; d.commands > MaxCommands {
		return &LimitError{What: "commands", Limit: MaxCommands}
	}
	return nil
}

// foreign reads a command of data synchronization, as far as it has to be
// answered.
func (d *decoder) foreign(dst []Command, t tag) ([]Command, error) {
	c := Command{Kind: Kind(t.String())}
	var seen tagSet
	err := d.children(func(child tag) error {
		switch {
		case child == unknown:
			return d.misplaced(child, false)
		case !answerTags.has(child):
			_, err := d.data()
			return err
		case seen.has(child):
			return d.misplaced(child, true)
		}
		seen.add(child)
		return d.commandChild(&c, child, 0)
	})
	return append(dst, c), err
}

// commandChild reads a child that the command c may have.
func (d *decoder) commandChild(c *Command, t tag, nesting int) (err error) {
	switch t {
	case tagCmdID:
		c.CmdID, err = d.text()
	case tagNoResp:
		c.NoResp, err = d.flag()
	case tagCred:
		c.Cred, err = d.cred()
	case tagLang:
		c.Lang, err = d.text()
	case tagCorrelator:
		c.Correlator, err = d.text()
	case tagMeta:
		c.Meta, err = d.meta()
	case tagItem:
		var item Item
		item, err = d.item()
		c.Items = append(c.Items, item)
	case tagData:
		if c.Kind == Status && c.OriginalError == "" {
			c.OriginalError = d.r.cause()
		}
		c.Data, err = d.text()
	case tagMsgRef:
		c.MsgRef, err = d.text()
	case tagCmdRef:
		c.CmdRef, err = d.text()
	case tagCmd:
		c.Cmd, err = d.text()
	case tagTargetRef:
		c.TargetRefs, err = d.ref(c.TargetRefs)
	case tagSourceRef:
		c.SourceRefs, err = d.ref(c.SourceRefs)
	case tagChal:
		c.Chal, err = d.chal()
	default:
		c.Commands, err = d.command(c.Commands, t, nesting+1)
	}
	return err
}

// ref reads a TargetRef or SourceRef: text, or a LocURI (MS-MDM 2.2.3.10).
func (d *decoder) ref(dst []string) ([]string, error) {
	s, err := d.textOr(tagLocURI)
	return append(dst, s), err
}

func (d *decoder) item() (item Item, err error) {
	var seen, inMeta tagSet
	return item, d.children(func(t tag) error {
		if t.inMetInf() {
			// An example of MS-MDM (3.2.5.1.5) has Type beside an empty Meta.
			if item.Meta == nil {
				item.Meta = &Meta{}
			}
			return d.metaChild(item.Meta, t, &inMeta)
		}
		if seen.has(t) {
			return d.misplaced(t, true)
		}
		seen.add(t)
		return d.itemChild(&item, t, &inMeta)
	})
}

func (d *decoder) itemChild(item *Item, t tag, inMeta *tagSet) (err error) {
	switch t {
	case tagTarget:
		var l Location
		l, err = d.location()
		item.Target = &l
	case tagSource:
		var l Location
		l, err = d.location()
		item.Source = &l
	case tagMeta:
		if item.Meta == nil {
			item.Meta = &Meta{}
		}
		err = d.metaInto(item.Meta, inMeta)
	case tagData:
		item.HasData = true
		item.Data, err = d.data()
	case tagMoreData:
		item.MoreData, err = d.flag()
	default:
		err = d.misplaced(t, false)
	}
	return err
}
