"""The provisioning document: read as strictly as the newest Windows reads it."""

import base64
import binascii
import datetime
import re
import urllib.parse
import xml.etree.ElementTree as ET

import pki

UPPER_HEX = re.compile(r"[0-9A-F]{40}")


class Characteristic:
    """A characteristic with its values and those below it. Several of one type are
    one, save where they are counted (APPLICATION, APPAUTH)."""

    def __init__(self, element, remarks):
        self.values, self.types, self.children = {}, {}, []
        for e in element:
            if e.tag == "parm":
                name = e.get("name")
                if name in self.values:
                    remarks.append("parm %s twice" % name)
                self.values[name] = e.get("value")
                self.types[name] = e.get("datatype")
            elif e.tag == "characteristic":
                self.children.append((e.get("type"), Characteristic(e, remarks)))
            else:
                remarks.append("element %s in the provisioning document" % e.tag)

    def all(self, *path):
        """All characteristics at a path."""
        found = [self]
        for name in path:
            found = [c for f in found for t, c in f.children if t == name]
        return found

    def names(self, *path):
        return [t for f in self.all(*path) for t, _ in f.children]

    def value(self, *path):
        for f in self.all(*path[:-1]):
            if path[-1] in f.values:
                return f.values[path[-1]]
        return None


class Document:
    def __init__(self, text, remarks):
        self.remarks = remarks
        root = ET.fromstring(text)
        self.want(b"<!DOCTYPE" not in text, "a document type")
        self.want(root.tag == "wap-provisioningdoc" and root.get("version") == "1.1", "root %s %s", root.tag, root.attrib)
        self.root = Characteristic(root, remarks)
        self.want(not self.root.values, "values outside of characteristics")
        self.want(set(self.root.names()) <= {"CertificateStore", "APPLICATION", "DMClient"}, "top: %s", self.root.names())
        self.roots = self.certificates("Root", "System")
        self.intermediates = self.certificates("CA", "System")
        self.mine = {s: self.certificates("My", s) for s in ("User", "System")}

    def want(self, holds, text, *args):
        if not holds:
            self.remarks.append("provisioning document: " + (text % args if args else text))
        return holds

    def certificates(self, *store):
        out = []
        for name in self.root.names("CertificateStore", *store):
            if name == "PrivateKeyContainer":
                continue
            text = self.root.value("CertificateStore", *store, name, "EncodedCertificate")
            try:
                der = base64.b64decode(text or "", validate=True)
            except binascii.Error:
                self.want(False, "certificate %s is not base64 in one line", name)
                continue
            self.want(UPPER_HEX.fullmatch(name) and pki.thumbprint(der) == name, "thumbprint %s of %s", name, pki.thumbprint(der))
            out.append(der)
        return out

    def device_certificate(self, store, key):
        """The certificate that was issued, of which everything must hold."""
        other = "System" if store == "User" else "User"
        self.want(not self.mine[other], "a certificate for My/%s", other)
        if not self.want(len(self.mine[store]) == 1, "%d certificates for My/%s", len(self.mine[store]), store):
            raise ValueError("no device certificate")
        der = self.mine[store][0]
        self.want("PrivateKeyContainer" in self.root.names("CertificateStore", "My", store)
                  + self.root.names("CertificateStore", "My", store, pki.thumbprint(der)), "no PrivateKeyContainer")
        c = pki.Certificate(der)
        self.want(c.public_key == pki.openssl("pkey", "-in", key, "-pubout").decode(), "a certificate of another key")
        self.want("TLS Web Client Authentication" in c.extension("Extended Key Usage"), "extended key usage %r", c.extension("Extended Key Usage"))
        self.want("Digital Signature" in c.extension("Key Usage"), "key usage %r", c.extension("Key Usage"))
        self.want(c.extension("Authority Key Identifier") != "", "no authority key identifier")
        self.want("CA:TRUE" not in c.text, "an authority")
        self.want("CRL Distribution" not in c.text and "OCSP" not in c.text, "an address for revocation")
        now = datetime.datetime.now(datetime.timezone.utc)
        self.want(now - datetime.timedelta(minutes=10) < c.begins <= now, "begins %s", c.begins)
        return c

    def trusted(self, certificate, roots=()):
        problem = pki.verifies(certificate.der, self.roots or list(roots), self.intermediates)
        self.want(problem == "", "chain: %s", problem)

    def renewal(self):
        """The schedule of renewals, in days."""
        path = ("CertificateStore", "My", "WSTEP", "Renew")
        found = self.root.all(*path)
        if not self.want(len(found) == 1, "%d of My/WSTEP/Renew", len(found)):
            return {}
        values, types = found[0].values, found[0].types
        self.want(types.get("ROBOSupport") == "boolean" and values.get("ROBOSupport") == "true", "ROBOSupport")
        for name in ("RenewPeriod", "RetryInterval"):
            self.want(types.get(name) == "integer", "%s is a %s", name, types.get(name))
        out = {"period": int(values["RenewPeriod"]), "retry": int(values["RetryInterval"]), "url": values.get("ServerURL")}
        self.want(1 <= out["retry"] <= out["period"] <= 1000, "renewal %s", out)
        return out

    def account(self, store, certificate):
        """The one account: where the server is, and both credentials."""
        found = self.root.all("APPLICATION")
        if not self.want(len(found) == 1, "%d of APPLICATION", len(found)):
            raise ValueError("no account")
        app = found[0]
        v = app.values
        self.want(all(name == name.upper() for name in v), "lower case in %s", sorted(v))
        self.want(v.get("APPID") == "w7", "APPID %r", v.get("APPID"))
        self.want(re.fullmatch(r"[A-Za-z0-9._-]+", v.get("PROVIDER-ID") or ""), "PROVIDER-ID %r", v.get("PROVIDER-ID"))
        self.want(v.get("NAME"), "no NAME")
        self.want((v.get("ADDR") or "").startswith("https://") and "?" not in v["ADDR"], "ADDR %r", v.get("ADDR"))
        self.want("BACKCOMPATRETRYDISABLED" in v and v["BACKCOMPATRETRYDISABLED"] is None, "BACKCOMPATRETRYDISABLED")
        self.want(v.get("DEFAULTENCODING") in ("application/vnd.syncml.dm+xml", "application/vnd.syncml.dm+wbxml"), "DEFAULTENCODING %r", v.get("DEFAULTENCODING"))
        self.want("ROLE" not in v, "ROLE")
        for name in ("CONNRETRYFREQ", "INITIALBACKOFFTIME", "MAXBACKOFFTIME"):
            self.want((v.get(name) or "").isdigit(), "%s %r", name, v.get(name))
        self.criteria(v.get("SSLCLIENTCERTSEARCHCRITERIA") or "", store, certificate)
        levels = {}
        for auth in app.all("APPAUTH"):
            a = auth.values
            levels[a.get("AAUTHLEVEL")] = a
            self.want(a.get("AAUTHTYPE") in ("DIGEST", "BASIC"), "AAUTHTYPE %r", a.get("AAUTHTYPE"))
            self.want(a.get("AAUTHSECRET"), "no AAUTHSECRET")
            if a.get("AAUTHTYPE") == "DIGEST":
                try:
                    self.want(len(base64.b64decode(a.get("AAUTHDATA") or "", validate=True)) >= 8, "AAUTHDATA %r", a.get("AAUTHDATA"))
                except binascii.Error:
                    self.want(False, "AAUTHDATA %r", a.get("AAUTHDATA"))
        self.want(sorted(levels) == ["APPSRV", "CLIENT"], "APPAUTH %s", sorted(levels))
        self.want(levels["CLIENT"].get("AAUTHTYPE") == "DIGEST", "AAUTHTYPE of CLIENT")
        self.want(levels["APPSRV"].get("AAUTHNAME"), "no AAUTHNAME")
        return {
            "provider": v["PROVIDER-ID"], "address": v["ADDR"],
            "name": levels["APPSRV"]["AAUTHNAME"], "secret": levels["APPSRV"]["AAUTHSECRET"], "nonce": levels["APPSRV"].get("AAUTHDATA"),
            "server_secret": levels["CLIENT"]["AAUTHSECRET"], "server_nonce": levels["CLIENT"].get("AAUTHDATA"),
        }

    def criteria(self, text, store, certificate):
        parts = dict(p.split("=", 1) for p in text.split("&") if "=" in p)
        self.want(set(parts) == {"Subject", "Stores"}, "SSLCLIENTCERTSEARCHCRITERIA %r", text)
        subject = urllib.parse.unquote(parts.get("Subject", "")).split(",")
        self.want([s.strip() for s in subject] == certificate.subject, "subject %s to be found, of %s", subject, certificate.subject)
        self.want(urllib.parse.unquote(parts.get("Stores", "")) == "My\\" + store, "stores %r", parts.get("Stores"))

    def client(self, provider):
        """What it says to the DMClient: the id of the device, and when to poll."""
        names = self.root.names("DMClient", "Provider")
        self.want(names == [provider], "providers %s, not %s", names, provider)
        node = self.root.all("DMClient", "Provider", provider)[0]
        self.want(node.values.get("EntDMID"), "no EntDMID")
        poll = {}
        for c in node.all("Poll"):
            for name, value in c.values.items():
                self.want(c.types[name] in ("integer", "boolean"), "%s is a %s", name, c.types[name])
                poll[name] = int(value) if c.types[name] == "integer" else value == "true"
        counts = [poll.get("NumberOf%sRetries" % n, 0) for n in ("First", "Second", "RemainingScheduled")]
        intervals = [poll.get("IntervalFor%sRetries" % n, 0) for n in ("FirstSetOf", "SecondSetOf", "RemainingScheduled")]
        endless = [i for i, n in zip(intervals, counts) if n == 0 and i > 0]
        self.want(len(endless) == 1, "polls without end: %s", endless)
        self.want(counts[0] > 0 and intervals[0] > 0, "the first polls: %s", poll)
        return {"id": node.values.get("EntDMID"), "user": node.values.get("UPN"), "poll": poll}
