"""One session of device management, the device's side (MS-MDM, OMA DM 1.2)."""

import base64
import os
import re

import syncml
import tree as nodes

LIMIT = 30  # messages of one session
LARGEST = 100 << 10  # bytes of an answer that a device takes for certain


class Broken(Exception):
    """The server said what ends a session before its end."""


class Session:
    def __init__(self, server, device, remarks, options):
        self.server, self.device, self.remarks, self.options = server, device, remarks, options
        self.tree = nodes.Tree(device["nodes"], device["account"]["provider"])
        self.encoding = options.get("encoding", "xml")
        self.auth = options.get("auth", "certificate")
        self.nonce = base64.b64decode(device["account"]["nonce"] or "")
        self.proved = b""  # the nonce of the last credential that was taken
        self.address = device["account"]["address"]
        self.id = str(device["session"])
        self.message = 0
        self.sent = {}  # CmdID -> verb, of the last message
        self.chunks = {}  # what came of an object that comes in pieces
        self.ended = False  # the server unenrolled the device
        self.demands = options.get("demand", 0)  # how often the server has to prove itself
        self.demanded = b""  # the nonce for that
        self.seen = {"messages": 0, "commands": [], "statuses": [], "challenged": [], "chunks": 0, "demands": 0,
                     "largest": 0, "end": ""}

    # What the device sends.

    def opening(self):
        o = self.options
        alerts = o.get("alerts", [])
        yield "Alert", [syncml.leaf("Data", o.get("begin", "1201"))]
        yield "Alert", [syncml.leaf("Data", "1224"), syncml.item(data=o.get("login", "user"), Type="com.microsoft/MDM/LoginStatus")]
        for alert in alerts:
            about = {k: v for k, v in (("Type", alert.get("type")), ("Format", alert.get("format")), ("Mark", alert.get("mark"))) if v}
            yield "Alert", [syncml.leaf("Data", alert["code"]), syncml.item(source=alert.get("source"), data=alert.get("data"), **about)]
        info = self.device["info"]
        yield "Replace", [syncml.item(source="./DevInfo/" + name, data=value) for name, value in info.items()]

    def text(self, commands, final=True):
        """A message of (verb, content) with its ids, as bytes."""
        self.message += 1
        self.sent = {}
        out = []
        # Package 1 of Windows begins with 2, all others with 1.
        number = 1 if self.message > 1 else 2
        for verb, content in commands:
            self.sent[str(number)] = verb
            out.append(syncml.element(verb, syncml.leaf("CmdID", number), *content))
            number += 1
        account = self.device["account"]
        cred, name = None, None
        if self.auth in ("md5", "basic"):
            name = account["name"]
        if self.auth == "md5" and (self.message > 1 or self.options.get("early")):
            nonce = b"not the nonce" if self.options.get("wrong_nonce") else self.nonce
            cred = ("syncml:auth-md5", syncml.md5(name, account["secret"], nonce))
        if self.auth == "basic":
            secret = self.options.get("secret", account["secret"])
            cred = ("syncml:auth-basic", base64.b64encode(("%s:%s" % (name, secret)).encode()).decode())
        head = syncml.header(self.id, self.message, self.address, self.options.get("device_id", self.device["id"]), name, cred, self.options.get("sizes"))
        return syncml.document(head, *out, final=final)

    def post(self, body):
        kind = syncml.TYPES[self.encoding]
        body = syncml.encode(syncml.dressed(body, self.options.get("dress")), self.encoding, *self.options.get("flags", []))
        answer = self.server.ask("POST", self.address + "?mode=Maintenance&Platform=WoA", {
            "Content-Type": kind, "User-Agent": "MSFT OMA DM Client/1.2.0.1", "Accept-Charset": "UTF-8",
            "Accept": "application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml, application/octet-stream",
            "MS-CV": "Xk0n5vVtl0ChwPvB.0", "client-request-id": self.device["client"]["id"],
        }, body)
        self.seen["messages"] += 1
        if answer.status != 200:
            raise Broken("HTTP status %d: %r" % (answer.status, answer.body[:200]))
        if answer.type != kind:
            self.remark("Content-Type %r", answer.headers.get("Content-Type"))
        self.seen["largest"] = max(self.seen["largest"], len(answer.body))
        most = int((self.options.get("sizes") or {}).get("MaxMsgSize", LARGEST))
        if len(answer.body) > most:
            self.remark("%d bytes, most %d", len(answer.body), most)
        if self.options.get("repeat"):
            # An answer that was lost is asked for again.
            again = self.server.ask("POST", self.address + "?mode=Maintenance&Platform=WoA", {"Content-Type": kind}, body)
            if again.body != answer.body:
                self.remark("another answer to a message that was sent again")
        return self.read(answer.body)

    def remark(self, text, *args):
        self.remarks.append("message %d: %s" % (self.message, text % args))

    def read(self, body):
        m = syncml.Message(syncml.decode(body, self.encoding), self.remarks, "message %d" % self.message, self.encoding == "wbxml")
        m.want(m.session == self.id, "SessionID %r, want %r", m.session, self.id)
        m.want(m.target == self.options.get("device_id", self.device["id"]), "Target %r", m.target)
        m.want(m.source == self.address, "Source %r, want %r", m.source, self.address)
        m.want(m.id == str(self.message), "MsgID %r, want %d", m.id, self.message)
        m.want(m.response_uri is None or m.response_uri.startswith("https://"), "RespURI %r", m.response_uri)
        self.statuses(m)
        return m

    def statuses(self, m):
        """Every command must have its Status, and nothing else one."""
        if not m.want(m.statuses, "no Status"):
            return
        first = m.statuses[0]
        m.want((first.command, first.verb) == ("0", "SyncHdr"), "the first Status is for %s %s", first.command, first.verb)
        m.want(m.root[1][0].tag.endswith("}Status"), "the first command is no Status")
        for s in m.statuses:
            m.want(s.message == str(self.message), "MsgRef %r", s.message)
            m.want(re.fullmatch(r"[2-5]\d\d", s.code or ""), "status %r", s.code)
        got = {s.command: s.verb for s in m.statuses[1:]}
        m.want(len(got) == len(m.statuses) - 1, "several Statuses for one command")
        asked = {i: v for i, v in self.sent.items() if v not in ("Status",)}
        for i, verb in got.items():
            m.want(asked.get(i) == verb, "Status for %s %s", verb, i)
        if first.code in ("200", "212"):
            for i, verb in asked.items():
                # Results have a Status where they come in pieces.
                m.want(i in got or verb == "Results", "no Status for %s %s", verb, i)
        self.seen["statuses"].append([first.code] + [s.code for s in m.statuses[1:]])

    # What the server asks for.

    def carry_out(self, m):
        """Carries the commands of a message out and returns what to answer."""
        answers = [self.status(m, "0", "SyncHdr", 200)]
        for alert in m.alerts:
            answers.append(self.status(m, alert.id, "Alert", 200))
        for c in m.commands:
            answers += self.command(m, c)
        return answers

    def status(self, m, ref, verb, code, target=None):
        parts = [syncml.leaf("MsgRef", m.id), syncml.leaf("CmdRef", ref), syncml.leaf("Cmd", verb)]
        if target is not None:
            parts.append(syncml.leaf("TargetRef", target))
        return "Status", parts + [syncml.leaf("Data", code)]

    def command(self, m, c):
        if c.verb in syncml.GROUPS:
            return self.group(m, c)
        if c.verb == "Get":
            return self.get(m, c)
        out = []
        for i in c.items:
            code = self.chunk(i) or self.write(c.verb, i)
            self.note(c.verb, i, code)
            out.append(self.status(m, c.id, c.verb, code, i.target if len(c.items) > 1 else None))
        return out

    def note(self, verb, i, code):
        self.seen["commands"].append({"verb": verb, "uri": i.target, "format": i.format, "data": i.data, "status": code})

    def chunk(self, i):
        """Keeps a piece of an object; 0 once it is whole."""
        if i.more:
            if i.target not in self.chunks:
                if i.size is None:
                    self.remark("a first piece of %s without Size", i.target)
                self.chunks[i.target] = [i.size, "", i.format]
            self.chunks[i.target][1] += i.data or ""
            self.seen["chunks"] += 1
            return 213
        if i.target in self.chunks:
            size, start, kind = self.chunks.pop(i.target)
            i.data, i.format = start + (i.data or ""), i.format or kind
            if len(i.data.encode()) != size:
                self.remark("%s has %d bytes, Size said %d", i.target, len(i.data.encode()), size)
        return 0

    def forced(self, verb, uri):
        """The status that the test wants for a command, whatever there is."""
        for pattern, code in self.options.get("force", {}).items():
            if re.search(pattern, verb + " " + uri):
                return code
        return 0

    def write(self, verb, i):
        forced = self.forced(verb, i.target)
        if forced:
            return forced
        if verb == "Replace":
            return self.tree.replace(i.target, i.format, i.data)
        if verb == "Add":
            return self.tree.add(i.target, i.format, i.data)
        if verb == "Delete":
            return self.tree.delete(i.target)
        code, ended = self.tree.execute(i.target, i.data)
        self.ended = self.ended or ended
        return code

    def get(self, m, c):
        statuses, results = [], []
        for i in c.items:
            code, found = self.tree.get(i.target)
            code = self.forced("Get", i.target) or code
            self.note("Get", i, code)
            statuses.append(self.status(m, c.id, "Get", code, i.target if len(c.items) > 1 else None))
            if code == 200:
                results += [self.result(*f) for f in found]
        if results:
            head = [syncml.leaf("MsgRef", m.id), syncml.leaf("CmdRef", c.id)]
            if len(c.items) == 1:
                head.append(syncml.leaf("Cmd", "Get"))
            statuses.append(("Results", head + results))
        return statuses

    def result(self, uri, kind, data):
        about = {} if kind == "chr" else {"Format": kind}
        return syncml.item(source=uri, data=data, **about)

    def group(self, m, c):
        """A group of commands; Atomic undoes all where one does not work."""
        before = {k: list(v) for k, v in self.tree.nodes.items()}
        answers, codes = [], []
        for inner in c.inner:
            got = self.command(m, inner)
            answers.append((inner, got))
            codes += [a[1][-1] for a in got if a[0] == "Status"]
        bad = [code for code in codes if not re.search(r">(2\d\d|304|418)<", code)]
        if c.verb == "Sequence" or not bad:
            return [self.status(m, c.id, c.verb, 200)] + [a for _, got in answers for a in got]
        self.tree.nodes.clear()
        self.tree.nodes.update(before)
        out = [self.status(m, c.id, c.verb, 507)]
        for inner, got in answers:
            failed = got[0][1][-1] in bad
            out += got if failed else [self.status(m, inner.id, inner.verb, 216)]
        return out

    # The session.

    def run(self):
        commands = list(self.opening())
        challenges = 0
        while self.message < LIMIT:
            m = self.post(self.text(commands))
            code = m.statuses[0].code if m.statuses else "500"
            self.next_nonce(m)
            if code in ("401", "407"):
                m.want(not m.commands, "commands with status %s", code)
                self.seen["challenged"].append(code)
                challenges += 1
                if self.auth == "none" or challenges > self.options.get("challenges", 1):
                    raise Broken("status %s" % code)
                commands = [self.status(m, "0", "SyncHdr", 200)] + list(self.opening())
                continue
            if code not in ("200", "212"):
                m.want(not m.commands, "commands with status %s", code)
                raise Broken("status %s" % code)
            if not m.final:
                m.want(not m.commands or any(i.more for c in m.flat() for i in c.items), "a message without Final and without a piece")
                commands = self.carry_out(m) + [("Alert", [syncml.leaf("Data", "1222")])]
                continue
            if self.demands and m.commands:
                commands = self.demand(m)
                continue
            if not m.commands and not m.alerts:
                self.seen["end"] = "complete"
                return self.seen
            commands = self.carry_out(m)
            if self.ended and self.options.get("drop"):
                self.seen["end"] = "dropped"
                return self.seen
            if self.options.get("abort"):
                self.post(self.text([commands[0], ("Alert", [syncml.leaf("Data", "1223")])]))
                self.seen["end"] = "aborted"
                return self.seen
            breaks = self.options.get("break_on")
            if self.options.get("break_after") == self.message or breaks and any(breaks in i.target for c in m.flat() for i in c.items):
                self.seen["end"] = "broken off"
                return self.seen
            if self.options.get("out_of_order"):
                self.message = self.options["out_of_order"] - 1
            commands = self.split(commands)
        raise Broken("no end after %d messages" % LIMIT)

    def next_nonce(self, m):
        """Windows keeps the nonce for the next message, and the next session."""
        if self.auth == "md5" and m.statuses and m.statuses[0].code in ("200", "212"):
            self.proved = self.nonce
        for s in m.statuses:
            if s.chal is None:
                continue
            m.want(s.verb == "SyncHdr", "a challenge with %s", s.verb)
            m.want(s.chal["Type"] in ("syncml:auth-md5", "syncml:auth-basic"), "challenge %s", s.chal)
            if s.chal["Type"] == "syncml:auth-md5":
                m.want(s.chal["Format"] == "b64" and s.chal["NextNonce"], "challenge %s", s.chal)
                nonce = base64.b64decode(s.chal["NextNonce"] or "", validate=True)
                m.want(nonce != self.proved, "a nonce that was used already")
                self.nonce = nonce
                self.device["account"]["nonce"] = s.chal["NextNonce"]
        if self.auth == "md5" and m.statuses and m.statuses[0].code == "200":
            m.want(m.statuses[0].chal is not None, "no nonce for the next message")

    def demand(self, m):
        """Has the server prove itself, and carries nothing out until it did."""
        account = self.device["account"]
        if self.demanded:
            kind, data, name = m.credential()
            want = syncml.md5(account["provider"], account["server_secret"], self.demanded)
            m.want((kind, data) == ("syncml:auth-md5", want), "credentials of the server: %s %s, named %r", kind, data, name)
            self.demands -= 1
        if not self.demands:
            answers = self.carry_out(m)
            answers[0] = self.status(m, "0", "SyncHdr", 212)
            return answers
        self.demanded = os.urandom(16)
        verb, parts = self.status(m, "0", "SyncHdr", 401 if self.seen["demands"] else 407)
        self.seen["demands"] += 1
        chal = syncml.meta(Format="b64", Type="syncml:auth-md5", NextNonce=base64.b64encode(self.demanded).decode())
        return [(verb, parts[:-1] + [syncml.element("Chal", chal), parts[-1]])]

    def split(self, commands):
        """Sends answers in several messages where the test wants that: all but the
        last without Final, which the server acknowledges and says nothing new to."""
        size = self.options.get("split")
        while size and len(commands) > size and self.message < LIMIT:
            m = self.post(self.text(commands[:size], final=False))
            codes = [a.data for a in m.alerts]
            m.want(codes == ["1222"], "alerts %s, not 1222", codes)
            m.want(not m.commands, "commands before the package ended")
            self.next_nonce(m)
            commands = [self.status(m, "0", "SyncHdr", 200)] + [self.status(m, a.id, "Alert", 200) for a in m.alerts] + commands[size:]
        return self.pieces(commands)

    def pieces(self, commands):
        """Sends the largest result in pieces where the test wants that."""
        size = self.options.get("pieces")
        if not size:
            return commands
        for n, (verb, content) in enumerate(commands):
            text = "".join(content)
            data = re.search(r"<Data>([^<&]*)</Data></Item>", text)
            if verb != "Results" or text.count("<Item>") != 1 or not data or len(data[1]) <= size:
                continue
            whole = data[1]
            uri = re.search(r"<LocURI>([^<]*)<", text)[1]
            head = content[:-1]
            first = [syncml.item(source=uri, data=whole[:size], more=True, Size=len(whole))]
            m = self.post(self.text(commands[:n] + [(verb, head + first)], final=False))
            at = size
            while at < len(whole):
                m.want([a.data for a in m.alerts] == ["1222"] and not m.commands, "a piece was not answered with 1222")
                codes = [s.code for s in m.statuses if s.verb == "Results"]
                m.want(codes == ["213"], "a piece has status %s", codes)
                self.seen["chunks"] += 1
                piece, at = whole[at:at + size], at + size
                last = at >= len(whole)
                start = [self.status(m, "0", "SyncHdr", 200)] + [self.status(m, a.id, "Alert", 200) for a in m.alerts]
                start.append((verb, head + [syncml.item(source=uri, data=piece, more=not last)]))
                if last:
                    return start + commands[n + 1:]
                m = self.post(self.text(start, final=False))
        return commands
