package session_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/session"
)

const (
	variantHead = `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>` +
		`<Target><LocURI>` + address + `</LocURI></Target><Source><LocURI>D1</LocURI></Source></SyncHdr><SyncBody>`
	variantTail  = `<Final/></SyncBody></SyncML>`
	variantOpens = `<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>` +
		`<Alert><CmdID>3</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">com.microsoft/MDM/LoginStatus</Type></Meta><Data>user</Data></Item></Alert>` +
		`<Replace><CmdID>4</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>D1</Data></Item></Replace>`
)

// What versions of Windows, and other clients, write differently in package 1: it
// is taken, and every command of it answered.
func TestPackage1Variants(t *testing.T) {
	t.Parallel()
	usual := variantHead + variantOpens + variantTail
	answered := []string{"1 Status 1/0 SyncHdr 200", "2 Status 1/2 Alert 200", "3 Status 1/3 Alert 200", "4 Status 1/4 Replace 200", "Final"}
	with := func(more ...string) []string {
		return append(append(answered[:4:4], more...), "Final")
	}
	in := func(place, more string) string { return strings.Replace(usual, place, more+place, 1) }
	alert := func(code, rest string) string {
		return in("<Final/>", "<Alert><CmdID>5</CmdID><Data>"+code+"</Data>"+rest+"</Alert>")
	}
	alerted := with("5 Status 1/5 Alert 200")
	typed := func(typ, data string) string {
		return alert("1224", `<Item><Meta><Type xmlns="syncml:metinf">`+typ+`</Type></Meta><Data>`+data+`</Data></Item>`)
	}
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"usual", usual, answered},
		{"byte order mark, declaration, lines", "\ufeff<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n" + strings.ReplaceAll(usual, "><", ">\r\n\t<"), answered},
		{"line breaks around", "\n" + usual + "\r\n  ", answered},
		{"prefix", strings.NewReplacer("</", "</s:", "<", "<s:", "xmlns=\"SYNCML", "xmlns:s=\"SYNCML").Replace(usual), answered},
		{"no namespace", strings.Replace(usual, ` xmlns="SYNCML:SYNCML1.2"`, "", 1), answered},
		{"namespace of Microsoft on the body", strings.Replace(usual, "<SyncBody>", `<SyncBody xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM">`, 1), answered},
		{"namespace on Data", strings.Replace(usual, "<Data>user", `<Data xmlns="SYNCML:SYNCML1.2">user`, 1), answered},
		{"value in CDATA", strings.Replace(usual, ">user<", "><![CDATA[user]]><", 1), answered},
		{"comments", "<!-- a -->" + in("<Alert>", "<!-- b -->"), answered},
		{"Final in two tags", strings.Replace(usual, "<Final/>", "<Final> </Final>", 1), answered},
		{"blanks in the header", strings.NewReplacer("<SessionID>1", "<SessionID> 1 ", "<MsgID>1", "<MsgID>\n1\n", "<LocURI>D1</LocURI></Source></SyncHdr>", "<LocURI>\n D1\n</LocURI></Source></SyncHdr>").Replace(usual), answered},
		{"device in other letters", strings.Replace(usual, "<Source><LocURI>D1</LocURI></Source></SyncHdr>", "<Source><LocURI>urn:uuid:{d1}</LocURI><LocName>user</LocName></Source></SyncHdr>", 1), answered},
		{"sizes", in("</SyncHdr>", `<Meta><MaxMsgSize xmlns="syncml:metinf">524288</MaxMsgSize><MaxObjSize xmlns="syncml:metinf">1048576</MaxObjSize></Meta>`), answered},
		{"address for answers", in("</SyncHdr>", "<RespURI>https://mdm.example/other</RespURI>"), answered},
		{"credentials beside the certificate", in("</SyncHdr>", `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta><Data>AAAA</Data></Cred>`),
			append([]string{"1 Status 1/0 SyncHdr 212"}, answered[1:]...)},
		{"no Status but that of the header", in("</SyncHdr>", "<NoResp/>"), []string{"1 Status 1/0 SyncHdr 200", "Final"}},
		{"session 0", strings.Replace(usual, "<SessionID>1", "<SessionID>0", 1), answered},
		{"session in hexadecimal", strings.Replace(usual, "<SessionID>1", "<SessionID>1F", 1), answered},
		{"long session", strings.Replace(usual, "<SessionID>1", "<SessionID>4294967295", 1), answered},
		{"server-initiated", strings.Replace(usual, "1201", "1200", 1), answered},
		{"data with the alert that opens", strings.Replace(usual, "<Data>1201</Data>", `<Data>1201</Data><Item><Data>x</Data></Item>`, 1), answered},
		{"Replace first", strings.Replace(strings.Replace(usual, variantOpens[strings.Index(variantOpens, "<Replace>"):], "", 1), "<Alert>", variantOpens[strings.Index(variantOpens, "<Replace>"):]+"<Alert>", 1),
			[]string{"1 Status 1/0 SyncHdr 200", "2 Status 1/4 Replace 200", "3 Status 1/2 Alert 200", "4 Status 1/3 Alert 200", "Final"}},
		{"a Replace for each item", in("<Final/>", `<Replace><CmdID>5</CmdID><Item><Source><LocURI>./DevInfo/Ext/Microsoft/X</LocURI></Source><Data/></Item></Replace>`+
			`<Replace><CmdID>6</CmdID><Item><Source><LocURI>./Vendor/MSFT/DMClient/HWDevID</LocURI></Source><Meta><Format xmlns="syncml:metinf">chr</Format></Meta><Data>00</Data></Item></Replace>`),
			with("5 Status 1/5 Replace 200", "6 Status 1/6 Replace 200")},
		{"first synchronization", typed("com.microsoft/MDM/BootstrapSync", "device"), alerted},
		{"while a domain is joined", typed("com.microsoft/MDM/OdjSync", "device"), alerted},
		{"device preparation", typed("com.microsoft/MDM/DevicePrepSync", "PendingProvisioning"), alerted},
		{"token of a cloud directory", typed("com.microsoft/MDM/AADUserToken", strings.Repeat("e", 5000)), alerted},
		{"action of a session", typed("com.microsoft/MDM/CustomAlert", "x"), alerted},
		{"kind of synchronization, Type beside Meta", alert("1224", `<Item><Meta></Meta><Type xmlns="syncml:metinf">com.microsoft.mdm.synctype</Type><Data>mixed</Data></Item>`), alerted},
		{"event with everything", alert("1226", `<Correlator>c</Correlator><Item><Source><LocURI>./Vendor/MSFT/A/%7bB%7d</LocURI></Source>`+
			`<Meta><Type xmlns="syncml:metinf">Reversed-Domain-Name:com.microsoft.mdm.win32csp_install</Type><Format xmlns="syncml:metinf">b64</Format>`+
			`<Mark xmlns="syncml:metinf">critical</Mark></Meta><Data>AAEC</Data></Item>`), alerted},
		{"event with empty parts", alert("1224", `<Item><Meta/><Data/></Item><Item/>`), alerted},
		{"alert that nobody knows", alert("1300", ""), alerted},
		{"end of a value that was missed", alert("1225", ""), alerted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.body == usual && tt.name != "usual" {
				t.Fatal("nothing was changed")
			}
			w := newWorld(t, session.Limits{})
			m := w.sendRaw(envelope{certificate: "D1"}, []byte(tt.body))
			if diff := cmp.Diff(tt.want, lines(m)); diff != "" {
				t.Errorf("answer: -want +got\n%s", diff)
			}
			if len(w.refused) > 0 || w.script.calls[len(w.script.calls)-1] != "close complete=true" {
				t.Errorf("refused %v, dialogue %q", w.refused, w.script.calls)
			}
		})
	}
}

// What versions of Windows, and other clients, write differently when they answer
// a Get and a Replace.
func TestAnswerVariants(t *testing.T) {
	t.Parallel()
	const (
		heads   = `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>`
		got     = `<Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>`
		set     = `<Status><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>6</CmdRef><Cmd>Replace</Cmd><Data>200</Data></Status>`
		results = `<Results><CmdID>4</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Cmd>Get</Cmd>`
		source  = `<Source><LocURI>./A</LocURI></Source>`
		value   = results + `<Item>` + source + `<Meta><Format xmlns="syncml:metinf">int</Format></Meta><Data>1</Data></Item></Results>`
	)
	answers := func(get, replace string) []string {
		return []string{"next", "  Get ./A -> " + get, "  Replace ./B -> " + replace, "close complete=true"}
	}
	usual := answers("200 [./A int \"1\"]", "200")
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"usual", heads + got + value + set, usual},
		{"Results after all Statuses", heads + got + set + value, usual},
		{"Results before the Status", heads + value + got + set, usual},
		{"no Cmd in Results", heads + got + strings.Replace(value, "<Cmd>Get</Cmd>", "", 1) + set, usual},
		{"no Status of the header", got + value + set, usual},
		{"no CmdRef of the header", strings.Replace(heads, "<CmdRef>0</CmdRef>", "", 1) + got + value + set, usual},
		{"no CmdIDs", strings.NewReplacer("<CmdID>1</CmdID>", "", "<CmdID>2</CmdID>", "", "<CmdID>3</CmdID>", "", "<CmdID>4</CmdID>", "").Replace(heads + got + value + set), usual},
		{"blanks", strings.NewReplacer("<MsgRef>1", "<MsgRef> 1", "<CmdRef>5", "<CmdRef>\n5 ", "<Data>200", "<Data> 200\n").Replace(heads + got + value + set), usual},
		{"original error of success", heads + got + value + strings.Replace(set, "<Data>", `<Data msft:originalerror="0x0" xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM">`, 1),
			answers("200 [./A int \"1\"]", "200 0x0")},
		{"original error", heads + got + value + strings.Replace(set, "<Data>200", `<Data msft:originalerror="0x86000011" xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM">500`, 1),
			answers("200 [./A int \"1\"]", "500 0x86000011")},
		{"error in an item", heads + got + value + strings.Replace(set, "<Data>200</Data>", `<Data>500</Data><Item><Source><LocURI>./B</LocURI></Source><Data>0x80070057</Data></Item>`, 1),
			answers("200 [./A int \"1\"]", "500 0x80070057")},
		{"references", heads + strings.Replace(got, "<Data>", "<TargetRef>./A</TargetRef><Data>", 1) + value +
			strings.Replace(set, "<Data>", "<TargetRef><LocURI>./B</LocURI></TargetRef><SourceRef>./C</SourceRef><Data>", 1), usual},
		{"a nonce with the Status of the header", strings.Replace(heads, "<Data>", `<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type>`+
			`<NextNonce xmlns="syncml:metinf">QUFB</NextNonce></Meta></Chal><Data>`, 1) + got + value + set, usual},
		{"no Meta, no Data", heads + got + results + `<Item>` + source + `</Item></Results>` + set, answers(`200 [./A chr ""]`, "200")},
		{"empty Data", heads + got + results + `<Item>` + source + `<Meta/><Data/></Item></Results>` + set, answers(`200 [./A chr ""]`, "200")},
		{"Meta of the Results", heads + got + results + `<Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">text/plain</Type></Meta><Item>` + source + `<Data>AA==</Data></Item></Results>` + set,
			answers(`200 [./A b64 text/plain "AA=="]`, "200")},
		{"XML escaped", heads + got + results + `<Item>` + source + `<Meta><Format xmlns="syncml:metinf">xml</Format></Meta><Data>&lt;a b=&quot;c&quot;/&gt;</Data></Item></Results>` + set,
			answers(`200 [./A xml "<a b=\"c\"/>"]`, "200")},
		{"XML in CDATA", heads + got + results + `<Item>` + source + `<Meta><Format xmlns="syncml:metinf">xml</Format></Meta><Data><![CDATA[<a/>]]></Data></Item></Results>` + set,
			answers(`200 [./A xml "<a/>"]`, "200")},
		{"XML as it is", heads + got + results + `<Item>` + source + `<Data><a xmlns="urn:a"><b/></a></Data></Item></Results>` + set,
			answers(`200 [./A chr "<a xmlns=\"urn:a\"><b/></a>"]`, "200")},
		{"node as target", heads + got + strings.NewReplacer("<Source>", "<Target>", "</Source>", "</Target>").Replace(value) + set, usual},
		{"several Results", heads + got + value + strings.Replace(strings.Replace(value, "<CmdID>4", "<CmdID>9", 1), "./A", "./A/B", 1) + set,
			answers(`200 [./A int "1"] [./A/B int "1"]`, "200")},
		{"several items", heads + got + strings.Replace(value, "</Item>", "</Item><Item><Source><LocURI>./A/B</LocURI></Source><Data>2</Data></Item>", 1) + set,
			answers(`200 [./A int "1"] [./A/B chr "2"]`, "200")},
		{"Results of nothing that was asked", heads + got + value + strings.Replace(value, "<CmdRef>5", "<CmdRef>77", 1) + set, usual},
		{"Status of a Status", heads + got + value + set + `<Status><CmdID>7</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Status</Cmd><Data>406</Data></Status>`, usual},
		{"an event between", heads + got + `<Alert><CmdID>8</CmdID><Data>1226</Data><Item><Meta><Type>x</Type></Meta><Data>1</Data></Item></Alert>` + value + set,
			[]string{`heard 1226 x [chr x "1"]`, "next", `  Get ./A -> 200 [./A int "1"]`, "  Replace ./B -> 200", "close complete=true"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, env := newWorld(t, session.Limits{}), envelope{certificate: "D1"}
			w.script.say = [][]device.Command{{{Verb: device.Get, URI: "./A"}, {Verb: device.Replace, URI: "./B", Format: device.Int, Data: "1"}}}
			w.sendRaw(env, []byte(variantHead+variantOpens+variantTail))
			w.script.calls = nil
			m := w.sendRaw(env, []byte(strings.Replace(variantHead, "<MsgID>1", "<MsgID>2", 1)+tt.body+variantTail))
			if s, _ := header(t, m); s != "200" || !m.Final {
				t.Errorf("answer %q", lines(m))
			}
			if diff := cmp.Diff(tt.want, w.script.calls); diff != "" {
				t.Errorf("dialogue: -want +got\n%s", diff)
			}
			if len(w.refused) > 0 {
				t.Errorf("refused %v", w.refused)
			}
		})
	}
}

// The Status of a SyncHdr may leave its CmdRef out, also where it asks for the
// server's credentials.
func TestHeaderStatusWithoutCmdRef(t *testing.T) {
	t.Parallel()
	w, env := newWorld(t, session.Limits{}), envelope{certificate: "D1"}
	w.script.say = [][]device.Command{{{Verb: device.Get, URI: "./A"}}}
	w.sendRaw(env, []byte(variantHead+variantOpens+variantTail))
	m := w.sendRaw(env, []byte(strings.Replace(variantHead, "<MsgID>1", "<MsgID>2", 1)+`<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><Cmd>SyncHdr</Cmd>`+
		`<Chal><Meta><Format>b64</Format><Type>syncml:auth-md5</Type><NextNonce>QUFB</NextNonce></Meta></Chal><Data>407</Data></Status>`+variantTail))
	want := []string{"Cred syncml:auth-md5 " + digest("sluice", "its secret", "AAA") + " of sluice", "1 Status 2/0 SyncHdr 200", "2 Get ./A", "Final"}
	if diff := cmp.Diff(want, lines(m)); diff != "" {
		t.Errorf("answer: -want +got\n%s", diff)
	}
}
