package agent

import (
	"fmt"
	"slices"
	"strings"
)

const (
	nsSyncML = "SYNCML:SYNCML1.2"
	nsMetInf = "syncml:metinf"
)

// rule is what an element of a message may hold: children in this order, those
// with a "*" any number of times, the others at most once.
type rule []string

// rules are the content models of OMA-TS-SyncML-RepPro and MetInf 1.2, for what
// a server sends to Windows. Elements that are not named hold text.
var rules = map[string]rule{
	"SyncML":   {"SyncHdr", "SyncBody"},
	"SyncHdr":  {"VerDTD", "VerProto", "SessionID", "MsgID", "Target", "Source", "RespURI", "NoResp", "Cred", "Meta"},
	"Target":   {"LocURI", "LocName"},
	"Source":   {"LocURI", "LocName"},
	"Cred":     {"Meta", "Data"},
	"Chal":     {"Meta"},
	"Status":   {"CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef*", "SourceRef*", "Cred", "Chal", "Data", "Item*"},
	"Alert":    {"CmdID", "NoResp", "Cred", "Data", "Correlator", "Item*"},
	"Add":      {"CmdID", "NoResp", "Cred", "Meta", "Item*"},
	"Replace":  {"CmdID", "NoResp", "Cred", "Meta", "Item*"},
	"Delete":   {"CmdID", "NoResp", "Archive", "SftDel", "Cred", "Meta", "Item*"},
	"Get":      {"CmdID", "NoResp", "Lang", "Cred", "Meta", "Item*"},
	"Copy":     {"CmdID", "NoResp", "Cred", "Meta", "Item*"},
	"Exec":     {"CmdID", "NoResp", "Cred", "Meta", "Correlator", "Item*"},
	"Atomic":   {"CmdID", "NoResp", "Meta", "any*"},
	"Sequence": {"CmdID", "NoResp", "Meta", "any*"},
	"SyncBody": {"any*", "Final"},
	"Item":     {"Target", "Source", "SourceParent", "TargetParent", "Meta", "Data", "MoreData"},
	"Meta":     {"Format", "Type", "Mark", "Size", "Anchor", "Version", "NextNonce", "MaxMsgSize", "MaxObjSize", "EMI*", "Mem"},
}

// commands are what "any" stands for.
var commandNames = []string{"Alert", "Add", "Atomic", "Copy", "Delete", "Exec", "Get", "Replace", "Results", "Sequence", "Status"}

// checkMessage refuses a message of a server in XML that is not as it must be:
// not well-formed, in another namespace, with elements in another order.
func checkMessage(raw []byte) error {
	doc, err := parseXML(raw)
	if err != nil {
		return err
	}
	if doc.name != "SyncML" || doc.space != nsSyncML {
		return fmt.Errorf("the document is a {%s}%s, not a SyncML of %s", doc.space, doc.name, nsSyncML)
	}
	for _, n := range []string{"SyncHdr", "SyncBody"} {
		if doc.child(nsSyncML, n) == nil {
			return fmt.Errorf("no %s", n)
		}
	}
	return checkElement(doc)
}

func checkElement(e *element) error {
	model, ok := rules[e.name]
	if !ok {
		return nil // text; Data may hold anything
	}
	if strings.TrimSpace(e.text) != "" {
		return fmt.Errorf("text in %s", e.name)
	}
	space := nsSyncML
	if e.name == "Meta" {
		space = nsMetInf
	}
	at := 0
	var last string
	for _, c := range e.children {
		if c.space != space {
			return fmt.Errorf("%s in %s is of the namespace %q, not %s", c.name, e.name, c.space, space)
		}
		i := at
		for i < len(model) && !fits(model[i], c.name) {
			i++
		}
		if i == len(model) {
			return fmt.Errorf("%s in %s where it may not stand (after %q)", c.name, e.name, last)
		}
		at, last = i, c.name
		if !strings.HasSuffix(model[i], "*") {
			at++
		}
		if err := checkElement(c); err != nil {
			return err
		}
	}
	return nil
}

func fits(model, name string) bool {
	if model == "any*" {
		return slices.Contains(commandNames, name)
	}
	return strings.TrimSuffix(model, "*") == name
}
