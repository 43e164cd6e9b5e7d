"""Messages of OMA DM 1.2: written as Windows writes them, and read strictly, in
XML and, by libwbxml's tools, in WBXML."""

import base64
import hashlib
import re
import subprocess
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

NAMESPACE = "SYNCML:SYNCML1.2"
METINF = "syncml:metinf"
TYPES = {"xml": "application/vnd.syncml.dm+xml", "wbxml": "application/vnd.syncml.dm+wbxml"}

# Children by element, in order, as in the document type of SyncML 1.2: a mark
# says how often.
MODEL = {
    "SyncML": ["SyncHdr", "SyncBody"],
    "SyncHdr": ["VerDTD", "VerProto", "SessionID", "MsgID", "Target", "Source", "RespURI?", "NoResp?", "Cred?", "Meta?"],
    "Target": ["LocURI", "LocName?"],
    "Source": ["LocURI", "LocName?"],
    "Cred": ["Meta?", "Data"],
    "Chal": ["Meta"],
    "Status": ["CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef*", "SourceRef*", "Cred?", "Chal?", "Data", "Item*"],
    "Item": ["Target?", "Source?", "Meta?", "Data?", "MoreData?"],
    "Alert": ["CmdID", "NoResp?", "Cred?", "Data?", "Item*"],
    "Get": ["CmdID", "NoResp?", "Cred?", "Meta?", "Item+"],
    "Add": ["CmdID", "NoResp?", "Cred?", "Meta?", "Item+"],
    "Replace": ["CmdID", "NoResp?", "Cred?", "Meta?", "Item+"],
    "Delete": ["CmdID", "NoResp?", "Cred?", "Meta?", "Item+"],
    "Exec": ["CmdID", "NoResp?", "Cred?", "Meta?", "Item"],
    "Results": ["CmdID", "MsgRef?", "CmdRef", "Cmd?", "Meta?", "TargetRef?", "SourceRef?", "Item+"],
}
GROUPS = ("Atomic", "Sequence")
INNER = ("Add", "Replace", "Delete", "Get", "Exec", "Atomic", "Sequence")
FROM_SERVER = {"Status", "Alert", "Get", "Add", "Replace", "Delete", "Exec", "Atomic", "Sequence", "Final"}
META = {"Format", "Type", "Mark", "Size", "NextNonce", "MaxMsgSize", "MaxObjSize", "Version", "EMI"}
FORMATS = {"chr", "int", "bool", "b64", "bin", "node", "null", "xml", "float", "date", "time"}
LOCURI = re.compile(r"\./[A-Za-z0-9._~%{}()!$'*+,;=:@&/ -]*(\?list=Struct(Data)?)?")


def md5(name, secret, nonce):
    """The content of an MD5 credential."""
    account = base64.b64encode(hashlib.md5(("%s:%s" % (name, secret)).encode()).digest())
    return base64.b64encode(hashlib.md5(account + b":" + nonce).digest()).decode()


def tool(name, *args, data):
    done = subprocess.run([name, *args, "-o", "-", "-"], input=data, capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        raise ValueError("%s: %s" % (name, (done.stderr or done.stdout).decode(errors="replace").strip()))
    return done.stdout


def encode(text, encoding, *flags):
    if encoding == "xml":
        return text
    return tool("xml2wbxml", "-v", "1.2", *flags, data=text)


def decode(body, encoding):
    if encoding == "xml":
        return body
    return tool("wbxml2xml", "-m", "0", "-k", data=body)


# Writing.

def element(name, *content):
    return "<%s>%s</%s>" % (name, "".join(content), name)


def leaf(name, value):
    return element(name, escape(str(value)))


def meta(**values):
    return element("Meta", *("<%s xmlns=\"%s\">%s</%s>" % (k, METINF, escape(str(v)), k) for k, v in values.items()))


def item(target=None, source=None, data=None, more=False, **about):
    parts = []
    if target is not None:
        parts.append(element("Target", leaf("LocURI", target)))
    if source is not None:
        parts.append(element("Source", leaf("LocURI", source)))
    if about:
        parts.append(meta(**about))
    if data is not None:
        parts.append(leaf("Data", data))
    if more:
        parts.append("<MoreData/>")
    return element("Item", *parts)


def header(session, message, target, source, name=None, cred=None, sizes=None):
    parts = [
        leaf("VerDTD", "1.2"), leaf("VerProto", "DM/1.2"), leaf("SessionID", session), leaf("MsgID", message),
        element("Target", leaf("LocURI", target)),
        element("Source", leaf("LocURI", source), leaf("LocName", name) if name else ""),
    ]
    if cred:
        kind, data = cred
        parts.append(element("Cred", meta(Format="b64", Type=kind), leaf("Data", data)))
    if sizes:
        parts.append(meta(**sizes))
    return element("SyncHdr", *parts)


def document(head, *commands, final=True):
    body = '<SyncBody xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM">%s%s</SyncBody>' % (
        "".join(commands), "<Final/>" if final else "")
    return ('<SyncML xmlns="%s">%s%s</SyncML>' % (NAMESPACE, head, body)).encode()


def dressed(text, dress):
    """A message as another implementation would write it."""
    if dress == "prolog":
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text
    if dress == "doctype":
        return (b'<?xml version="1.0"?>\n<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" '
                b'"http://www.openmobilealliance.org/tech/DTD/OMA-TS-SyncML_RepPro_DTD-V1_2.dtd">\n' + text)
    if dress == "lines":
        return text.replace(b"><", b">\r\n  <")
    if dress == "prefix":
        text = re.sub(rb"<(/?)(?!/)", rb"<\1d:", text).replace(b' xmlns="', b' xmlns:d="')
        return text
    if dress == "cdata":
        return re.sub(rb"<Data>([^<&]+)</Data>", rb"<Data><![CDATA[\1]]></Data>", text)
    return text


# Reading.

def local(e):
    return e.tag.split("}")[-1]


def text_of(e, path):
    found = e.find("/".join("{%s}%s" % (NAMESPACE, p) for p in path.split("/")))
    return None if found is None else (found.text or "")


def meta_of(e, name):
    found = e.find("{%s}Meta/{%s}%s" % (NAMESPACE, METINF, name))
    return None if found is None else (found.text or "").strip()


class Item:
    def __init__(self, e, command_meta):
        self.target = text_of(e, "Target/LocURI")
        self.format = meta_of(e, "Format") or command_meta("Format")
        self.type = meta_of(e, "Type") or command_meta("Type")
        size = meta_of(e, "Size") or command_meta("Size")
        self.size = int(size) if size else None
        self.data = text_of(e, "Data")
        self.more = e.find("{%s}MoreData" % NAMESPACE) is not None


class Command:
    """A command of the server."""

    def __init__(self, e):
        self.verb = local(e)
        self.id = text_of(e, "CmdID")
        self.items = [Item(i, lambda name: meta_of(e, name)) for i in e.findall("{%s}Item" % NAMESPACE)]
        self.inner = [Command(c) for c in e if local(c) in INNER] if self.verb in GROUPS else []
        self.data = text_of(e, "Data")


class Status:
    def __init__(self, e):
        self.message, self.command = text_of(e, "MsgRef"), text_of(e, "CmdRef")
        self.verb, self.code = text_of(e, "Cmd"), text_of(e, "Data")
        chal = e.find("{%s}Chal" % NAMESPACE)
        self.chal = None
        if chal is not None:
            self.chal = {n: meta_of(chal, n) for n in ("Format", "Type", "NextNonce")}


class Message:
    """A message of the server, held against everything that can be."""

    def __init__(self, text, remarks, where, wbxml=False):
        self.remarks, self.where = remarks, where
        if not wbxml:
            self.want(b"<!DOCTYPE" not in text, "a document type")
        self.root = ET.fromstring(text)
        self.want(self.root.tag == "{%s}SyncML" % NAMESPACE, "root %s", self.root.tag)
        self.shape(self.root)
        head, body = self.root[0], self.root[1]
        self.head = head
        self.session, self.id = text_of(head, "SessionID"), text_of(head, "MsgID")
        self.want(text_of(head, "VerDTD") == "1.2", "VerDTD %r", text_of(head, "VerDTD"))
        self.want(text_of(head, "VerProto") == "DM/1.2", "VerProto %r", text_of(head, "VerProto"))
        self.target, self.source = text_of(head, "Target/LocURI"), text_of(head, "Source/LocURI")
        self.response_uri = text_of(head, "RespURI")
        for e in body:
            self.want(local(e) in FROM_SERVER, "a server sent %s", local(e))
        finals = [i for i, e in enumerate(body) if local(e) == "Final"]
        self.final = finals == [len(body) - 1]
        self.want(self.final or not finals, "Final at %s of %d", finals, len(body))
        self.statuses = [Status(e) for e in body if local(e) == "Status"]
        self.commands = [Command(e) for e in body if local(e) not in ("Status", "Alert", "Final")]
        self.alerts = [Command(e) for e in body if local(e) == "Alert"]
        self.ids(body)
        for c in self.flat():
            self.judge(c)

    def want(self, holds, text, *args):
        if not holds:
            self.remarks.append("%s: %s" % (self.where, text % args if args else text))
        return holds

    def credential(self):
        """Type, data and name of the server's own credentials."""
        cred = self.head.find("{%s}Cred" % NAMESPACE)
        if cred is None:
            return None, None, None
        return meta_of(cred, "Type"), text_of(cred, "Data"), text_of(self.head, "Source/LocName")

    def flat(self):
        out, left = [], list(self.commands)
        while left:
            c = left.pop(0)
            out.append(c)
            left = c.inner + left
        return out

    def shape(self, e):
        """Holds an element and all below it against the document type."""
        name = local(e)
        if name == "Meta":
            for c in e:
                self.want(c.tag in {"{%s}%s" % (METINF, n) for n in META}, "%s in Meta", c.tag)
            return
        self.want(e.tag == "{%s}%s" % (NAMESPACE, name), "element %s", e.tag)
        children = [local(c) for c in e]
        if name == "SyncBody":
            pass
        elif name in GROUPS:
            plain = [c for c in children if c not in INNER]
            self.want(plain in (["CmdID"], ["CmdID", "Meta"]) and len(children) > len(plain), "children of %s: %s", name, children)
        elif name in MODEL:
            pattern = "".join("(?:%s )%s" % (m.rstrip("?*+"), m[-1] if m[-1] in "?*+" else "") for m in MODEL[name])
            self.want(re.fullmatch(pattern, "".join(c + " " for c in children)), "children of %s: %s", name, children)
        else:
            self.want(not children, "children of %s: %s", name, children)
        if children:
            self.want(not (e.text or "").strip() and not any((c.tail or "").strip() for c in e), "text beside the children of %s", name)
        for c in e:
            self.shape(c)

    def ids(self, body):
        seen = [c.text or "" for c in body.iter("{%s}CmdID" % NAMESPACE)]
        self.want(len(set(seen)) == len(seen), "CmdIDs %s", seen)
        self.want(not {"", "0"} & set(seen), "CmdID 0 or empty")

    def judge(self, command):
        """Whether Windows would carry a command out."""
        for i in command.items:
            self.want(i.target and LOCURI.fullmatch(i.target) and "//" not in i.target and "/../" not in i.target and "/./" not in i.target[1:],
                      "%s of %r", command.verb, i.target)
            self.want(" " not in (i.target or ""), "a blank in %r", i.target)
            self.want(i.format is None or i.format in FORMATS, "format %r of %s", i.format, i.target)
            if command.verb in ("Add", "Replace"):
                self.want(i.format is not None, "%s of %s without a format", command.verb, i.target)
            if command.verb in ("Get", "Delete"):
                self.want(i.data is None, "%s of %s with data", command.verb, i.target)
            if i.format == "int" and not i.more:
                self.want(re.fullmatch(r"-?\d{1,10}", i.data or ""), "%r is not an int for %s", i.data, i.target)
            if i.format == "bool":
                self.want(i.data in ("true", "false"), "%r is not a bool for %s", i.data, i.target)
            if i.format == "node":
                self.want(not i.data, "data %r for the node %s", i.data, i.target)
        if command.verb == "Atomic":
            self.want(not any(c.verb in ("Get", "Atomic") for c in command.inner), "Get or Atomic in an Atomic")
        if command.verb not in GROUPS:
            self.want(command.items, "%s without an item", command.verb)
