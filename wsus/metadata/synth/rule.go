package synth

import (
	"fmt"
	"strings"
)

// Rule is an applicability rule as documents write it, with the declarations that
// they repeat on every element.
type Rule string

const (
	declareBase    = ` xmlns:bar="` + nsRoot + `BaseApplicabilityRules"`
	declareLogical = ` xmlns:lar="` + nsRoot + `LogicalApplicabilityRules"`
)

// The rules that need no argument.
const (
	True  Rule = `<lar:True` + declareLogical + ` />`
	False Rule = `<lar:False` + declareLogical + ` />`
)

// And holds when all rules do.
func And(rules ...Rule) Rule { return logical("And", rules) }

// Or holds when any rule does.
func Or(rules ...Rule) Rule { return logical("Or", rules) }

// Not holds when the rule does not.
func Not(rule Rule) Rule { return logical("Not", []Rule{rule}) }

func logical(name string, rules []Rule) Rule {
	var b strings.Builder
	b.WriteString("<lar:" + name + declareLogical + ">")
	for _, r := range rules {
		b.WriteString(string(r))
	}
	b.WriteString("</lar:" + name + ">")
	return Rule(b.String())
}

// RegKeyExists holds when a key exists below HKEY_LOCAL_MACHINE.
func RegKeyExists(subkey string) Rule {
	return Rule(`<bar:RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="` + escape(subkey) + `"` + declareBase + ` />`)
}

// FileVersion holds when a file below the system folder has at least that version.
func FileVersion(path, version string) Rule {
	return Rule(fmt.Sprintf(`<bar:FileVersion Csidl="37" Path="%s" Comparison="GreaterThanOrEqualTo" Version="%s"%s />`,
		escape(path), escape(version), declareBase))
}

// Rules are the applicability rules of a document; empty ones are left out, and
// with all of them the section.
type Rules struct {
	Installed   Rule
	Superseded  Rule
	Installable Rule
	Metadata    Rule // applicability metadata rather than a rule
}

func escape(s string) string {
	return escaper.Replace(s)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#xA;", "\r", "&#xD;", "\t", "&#x9;")
