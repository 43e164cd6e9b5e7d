"""Messages that no device sends: each must be refused."""

import http.client
import re
import shutil
import ssl

import pki
import soap
import syncml
import wire

HUGE = 32 << 20


def package(session, commands=None, head=None, final=True):
    """Package 1 of a device, or something like it."""
    if commands is None:
        commands = [
            syncml.element(verb, syncml.leaf("CmdID", n + 2), *content) for n, (verb, content) in enumerate(session.opening())
        ]
    if head is None:
        head = syncml.header(session.id, 1, session.address, session.device["id"])
    return syncml.document(head, *commands, final=final)


def management(session):
    """Messages to the management service: name -> (content type, body)."""
    good = package(session)
    alert = syncml.element("Alert", syncml.leaf("CmdID", 2), syncml.leaf("Data", 1201))

    def xml(body):
        return syncml.TYPES["xml"], body

    def wbxml(body):
        return syncml.TYPES["wbxml"], body

    def edited(old, new, count=1):
        assert old in good, old
        return xml(good.replace(old, new, count))

    entity = b'<!DOCTYPE SyncML [<!ENTITY a "' + b"a" * 50 + b'"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    yield "nothing", xml(b"")
    yield "no XML", xml(b"hello\n")
    yield "broken off", xml(good[:len(good) // 2])
    yield "another root", xml(good.replace(b"SyncML>", b"SyncMl>").replace(b"<SyncML ", b"<SyncMl "))
    yield "another namespace", edited(b"SYNCML:SYNCML1.2", b"urn:example")
    yield "no header", xml(re.sub(rb"<SyncHdr>.*</SyncHdr>", b"", good))
    yield "no body", xml(re.sub(rb"<SyncBody.*</SyncBody>", b"", good))
    yield "two headers", edited(b"<SyncBody", syncml.header("1", 1, session.address, session.device["id"]).encode() + b"<SyncBody")
    yield "an entity", xml(entity + good.replace(b"Python Foundation", b"&b;"))
    yield "an external entity", xml(b'<!DOCTYPE SyncML [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + good.replace(b"Python Foundation", b"&b;"))
    yield "another version", edited(b"DM/1.2", b"DM/9.9")
    yield "no MsgID", xml(re.sub(rb"<MsgID>.*?</MsgID>", b"", good))
    yield "MsgID 0", edited(b"<MsgID>1<", b"<MsgID>0<")
    yield "MsgID is no number", edited(b"<MsgID>1<", b"<MsgID>one<")
    yield "a long SessionID", edited(b"<SessionID>", b"<SessionID>" + b"9" * 5000)
    yield "deep", xml(package(session, ["<Atomic><CmdID>9</CmdID>" * 5000 + "</Atomic>" * 5000]))
    yield "another device", edited(session.device["id"].encode(), b"00000000000000000000000000000000")
    yield "no device", xml(re.sub(rb"<Source><LocURI>%s</LocURI></Source>" % session.device["id"].encode(), b"", good, count=1))
    yield "not UTF-8", xml(good.replace(b"Python Foundation", b"\xff\xfe\x00"))
    yield "too large", xml(good.replace(b"Python Foundation", b"x" * HUGE))
    yield "many commands", xml(package(session, [alert] + [
        syncml.element("Alert", syncml.leaf("CmdID", n + 3), syncml.leaf("Data", 1224)) for n in range(15000)]))

    yield "another type", ("text/html", good)
    yield "XML as WBXML", wbxml(good)
    if not shutil.which("xml2wbxml"):
        return
    start = b"\x02\xa4\x01\x6a"
    binary = syncml.encode(good, "wbxml", "-n")
    table = syncml.encode(good, "wbxml")
    yield "WBXML: header alone", wbxml(start + b"\0")
    yield "WBXML: broken off", wbxml(binary[:len(binary) // 2])
    yield "WBXML: not SyncML", wbxml(b"\x03\x04\x6a\0" + binary[5:])
    yield "WBXML: string table beyond the end", wbxml(start + b"\xff\xff\xff\x7f" + binary[5:])
    yield "WBXML: offset beyond the table", wbxml(re.sub(rb"\x83\x00", b"\x83\x8f\xff\x7f", table))
    yield "WBXML: largest offset", wbxml(re.sub(rb"\x83\x00", b"\x83\x8f\xff\xff\xff\x7f", table))
    yield "WBXML: offset without a table", wbxml(binary.replace(b"\x03DM/1.2\0", b"\x83\x05"))
    yield "WBXML: public id beyond the table", wbxml(b"\x02\x00\x7f\x6a\x00" + binary[5:])
    yield "WBXML: opaque beyond the end", wbxml(binary.replace(b"\x03DM/1.2\0", b"\xc3\x8f\xff\xff\xff\x7f"))
    yield "WBXML: number without an end", wbxml(binary.replace(b"\x03DM/1.2\0", b"\x83" + b"\xff" * 40))
    yield "WBXML: string without an end", wbxml(binary[:-30] + b"\x03" + b"x" * 30)
    yield "WBXML: a page that is not", wbxml(start + b"\0\x00\x09" + binary[5:])
    yield "WBXML: a tag that is not", wbxml(start + b"\0\x7f" + binary[5:])
    yield "WBXML: deep", wbxml(start + b"\0\x6d\x6c" + b"\x48" * 100000)
    yield "WBXML as XML", xml(binary)


def judge(answer):
    """What became of a message: refused or not, and how."""
    out = {"http": answer.status, "status": "", "commands": 0}
    if answer.status == 200:
        kind = "wbxml" if answer.type == syncml.TYPES["wbxml"] else "xml"
        remarks = []
        m = syncml.Message(syncml.decode(answer.body, kind), remarks, "answer", kind == "wbxml")
        out["status"] = m.statuses[0].code if m.statuses else ""
        out["statuses"] = [s.code for s in m.statuses[:20]]
        out["commands"] = len(m.commands)
        out["remarks"] = remarks
    return out


def attempt(connect, method, url, headers, body):
    """Sends a message on a connection of its own."""
    remarks = []
    try:
        door = connect(remarks)
        try:
            return judge(door.ask(method, url, headers, body))
        finally:
            door.close()
    except (ConnectionError, ssl.SSLError, http.client.HTTPException) as e:
        return {"http": 0, "status": type(e).__name__, "commands": 0}


def all_of(device, session):
    """Sends every one, and returns what became of each."""
    out = {}
    url = session.address
    for name, (kind, body) in management(session):
        out[name] = attempt(device.manager, "POST", url, {"Content-Type": kind}, body)
    out["GET"] = attempt(device.manager, "GET", url, {}, None)
    good = {"Content-Type": syncml.TYPES["xml"]}

    def without(remarks):
        return device.manager(remarks, certificate=None)

    out["no certificate"] = attempt(without, "POST", url, good, package(session))

    key, path = device.path("stranger.key.pem"), device.path("stranger.pem")
    pki.new_key(key)
    pki.self_signed(key, path, "stranger")

    def stranger(remarks):
        return device.manager(remarks, certificate=(path, key))

    out["unknown certificate"] = attempt(stranger, "POST", url, good, package(session))
    name = pki.openssl("x509", "-in", device.path("certificate.pem"), "-noout", "-subject", "-nameopt", "sep_multiline,utf8").decode().split("CN=")[1].strip()
    pki.self_signed(key, path, name)
    out["certificate of the same name"] = attempt(stranger, "POST", url, good, package(session))
    return out


def enrollment(device, server):
    """Requests to the services of enrollment: name -> fault or HTTP status."""
    out = {}
    host = "%s/EnrollmentServer/" % server
    security = soap.credentials("nobody", "nothing")
    for service in ("Policy.svc", "Enrollment.svc"):
        def request(credentials):
            if service == "Policy.svc":
                return soap.get_policies(host + service, credentials)
            return soap.request_token(host + service, credentials, "Issue", b"no request", device.context("Full", "0" * 32))

        good = request(security)
        cases = {
            "nothing": b"",
            "no XML": b"hello",
            "broken off": good[:len(good) // 2],
            "SOAP 1.1": good.replace(soap.SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope/"),
            "an entity": b'<!DOCTYPE s:Envelope [<!ENTITY a "aaaa">]>' + good.replace(b"nothing", b"&a;"),
            "no credentials": request(""),
            "two credentials": request(security + security),
            "wrong credentials": good,
            "deep": good.replace(b"</s:Body>", b"<x>" * 5000 + b"</x>" * 5000 + b"</s:Body>"),
            "another action": re.sub(rb"(<a:Action[^>]*>)[^<]*", rb"\1urn:example", good),
            "too large": good.replace(b"nothing", b"x" * HUGE),
        }
        for name, body in cases.items():
            remarks = []
            try:
                door = wire.Server(server, device.ca, remarks=remarks)
                answer = door.ask("POST", host + service, {"Content-Type": soap.CONTENT_TYPE}, body)
                door.close()
                seen = {"http": answer.status, "subcode": ""}
                if answer.type == "application/soap+xml":
                    seen.update(fault_of(answer))
            except (ConnectionError, ssl.SSLError, http.client.HTTPException) as e:
                seen = {"http": 0, "subcode": type(e).__name__}
            out["%s: %s" % (service, name)] = seen
    return out


def fault_of(answer):
    try:
        soap.Reader([]).body(answer, "policies", "")
    except soap.Fault as e:
        return {"subcode": e.seen["subcode"], "reason": e.seen["reason"]}
    return {"subcode": "no fault"}


def replay(device):
    """Sends the last RequestSecurityToken again, byte for byte."""
    with open(device.path("request.xml"), "rb") as f:
        body = f.read()
    with open(device.path("request.url"), encoding="utf-8") as f:
        url = f.read()
    door = wire.Server(url, device.ca)
    answer = door.ask("POST", url, {"Content-Type": soap.CONTENT_TYPE, "User-Agent": soap.AGENT}, body)
    remarks = []
    soap.Reader(remarks).provisioned(answer)
    return {"remarks": remarks}


