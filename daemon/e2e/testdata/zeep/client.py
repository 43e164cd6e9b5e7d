#!/usr/bin/env python3
"""A client of the update protocol that shares nothing with sluice.

It drives every operation of the WSUS door with python3-zeep and Microsoft's own
WSDL. Answers are taken strictly: zeep parses them by the WSDL, and the schema in
it must hold for every one. What was seen goes to standard output as JSON; the
test beside this folder compares it.

    client.py SERVER CA-FILE WSDL-FOLDER PRODUCT-ID UPDATE-ID

It scans for all products, asks whether scans may be limited to the product, and
reports that it installed the update.

The computer that it plays has both products of the demonstration media and a
sonar adapter. It judges the rules of those media: True, And, Or, Not and
RegKeyExists.
"""

import base64
import datetime
import hashlib
import json
import os
import sys
import tempfile
import uuid

import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault
from zeep.transports import Transport

CLIENT_ID = "5117ce00-0000-4000-8000-0000000027ee"
DNS_NAME = "zeep-01.demo.example"
KEYS = {r"SOFTWARE\Harborworks\Server 2026", r"SOFTWARE\Harborworks\Desktop 2026"}
SONAR = r"USB\VID_5117&PID_CE00"
XSD = "{http://www.w3.org/2001/XMLSchema}"
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"


class Validator(zeep.Plugin):
    """Holds every answer against the schema in the WSDL."""

    def __init__(self, wsdl, folder):
        self.seen = {}
        self.schemas = {}
        found = etree.parse(wsdl).getroot().findall(".//" + XSD + "schema")
        paths = {}
        for i, schema in enumerate(found):
            name = os.path.basename(wsdl) + ".%d.xsd" % i
            paths[schema.get("targetNamespace")] = os.path.join(folder, name)
        for schema in found:
            for imported in schema.findall(XSD + "import"):
                if imported.get("namespace") in paths:
                    imported.set("schemaLocation", paths[imported.get("namespace")])
            etree.ElementTree(schema).write(paths[schema.get("targetNamespace")])
        for namespace, path in paths.items():
            self.schemas[namespace] = etree.XMLSchema(etree.parse(path))

    def ingress(self, envelope, http_headers, operation):
        body = envelope.find(ENVELOPE + "Body")
        assert body is not None and len(body) == 1, "the envelope has no Body with one element"
        answer = body[0]
        if answer.tag == ENVELOPE + "Fault":
            return envelope, http_headers
        namespace = etree.QName(answer).namespace
        alone = etree.fromstring(etree.tostring(answer))
        self.schemas[namespace].assertValid(alone)
        self.seen[operation.name] = self.seen.get(operation.name, 0) + 1
        assert "Content-Length" in http_headers, "%s: no Content-Length" % operation.name
        return envelope, http_headers


def load(wsdl_folder, name, address, session, folder):
    wsdl = os.path.join(wsdl_folder, name)
    validator = Validator(wsdl, folder)
    client = zeep.Client(
        wsdl,
        transport=Transport(session=session, timeout=30, operation_timeout=30),
        plugins=[validator],
        settings=zeep.Settings(strict=True),
    )
    binding = next(b for b in client.wsdl.bindings if not b.endswith("12"))
    return client, client.create_service(binding, address), validator


def fragment(xml):
    """A fragment is a row of elements without a root."""
    return etree.fromstring("<r>" + xml.strip() + "</r>")


def holds(rule):
    name = etree.QName(rule).localname.split(".")[-1]
    if name == "True":
        return True
    if name == "False":
        return False
    if name == "And":
        return all(holds(r) for r in rule)
    if name == "Or":
        return any(holds(r) for r in rule)
    if name == "Not":
        return not holds(rule[0])
    if name == "RegKeyExists":
        return (rule.get("Subkey") or rule.get("SubKey")) in KEYS
    raise ValueError("a rule that this client does not know: " + name)


def section(core, name):
    rules = core.find("ApplicabilityRules/" + name)
    return rules is not None and len(rules) > 0 and holds(rules[0])


class Computer:
    def __init__(self, server, ca, wsdl_folder, folder):
        session = requests.Session()
        session.verify = ca
        session.trust_env = False  # or the environment names other roots
        self.session = session
        part = "/ClientWebService/client.asmx"
        self.client, self.ws, self.v1 = load(wsdl_folder, "Client.fixed.wsdl", server + part, session, folder)
        part = "/SimpleAuthWebService/SimpleAuth.asmx"
        _, self.auth, self.v2 = load(wsdl_folder, "SimpleAuth.wsdl", server + part, session, folder)
        part = "/ReportingWebService/ReportingWebService.asmx"
        self.reporter, self.reports, self.v3 = load(wsdl_folder, "WUSP-Reporting.wsdl", server + part, session, folder)
        self.held = {}  # RevisionID -> (UpdateInfo, core)
        self.out = {"faults": {}}

    def login(self):
        config = self.ws.GetConfig(protocolVersion="2.90")
        properties = {p.Name: p.Value for p in config.Properties.ConfigurationProperty}
        plugin = config.AuthInfo.AuthPlugInInfo[0]
        self.out["config"] = {
            "registration": config.IsRegistrationRequired,
            "plugin": plugin.PlugInID,
            "service": plugin.ServiceUrl,
            "properties": properties,
        }
        ticket = self.auth.GetAuthorizationCookie(clientId=CLIENT_ID, targetGroupName="", dnsName=DNS_NAME)
        self.out["ticket"] = ticket.PlugInId
        now = datetime.datetime.now(datetime.timezone.utc)
        self.cookie = self.ws.GetCookie(
            authCookies={"AuthorizationCookie": [{"PlugInId": ticket.PlugInId, "CookieData": ticket.CookieData}]},
            oldCookie=None,
            lastChange=config.LastChange,
            currentTime=now,
            protocolVersion="2.90",
        )
        left = self.cookie.Expiration - now
        self.out["cookie_minutes"] = round(left.total_seconds() / 60)

    def register(self):
        self.ws.RegisterComputer(cookie=self.cookie, computerInfo={
            "DnsName": DNS_NAME, "OSMajorVersion": 10, "OSMinorVersion": 0, "OSBuildNumber": 20348,
            "OSServicePackMajorNumber": 0, "OSServicePackMinorNumber": 0, "OSLocale": "en-US",
            "ComputerManufacturer": "Zeep", "ComputerModel": "Python", "BiosVersion": "1", "BiosName": "1",
            "BiosReleaseDate": datetime.datetime(2022, 2, 2), "ProcessorArchitecture": "AMD64", "SuiteMask": 272,
            "OldProductType": 3, "NewProductType": 7, "SystemMetrics": 0, "ClientVersionMajorNumber": 1507,
            "ClientVersionMinorNumber": 2601, "ClientVersionBuildNumber": 30012, "ClientVersionQfeNumber": 0,
            "OSDescription": "Windows Server 2022 Standard",
        })

    def categories(self, product):
        scan = self.ws.StartCategoryScan(requestedCategories={"CategoryRelationship": [
            {"IndexOfAndGroup": 1, "CategoryId": product},
            {"IndexOfAndGroup": 2, "CategoryId": "5117ce00-0000-4000-8000-00000000dead"},
        ]})
        bad = scan.requestedCategoryIdsInError
        self.out["category_scan"] = {
            "preferred": list(scan.preferredCategoryIds.guid),
            "unknown": list(bad.guid) if bad else [],
        }

    def judge(self, info):
        core = fragment(info.Xml)
        return {
            "info": info,
            "core": core,
            "id": core.find("UpdateIdentity").get("UpdateID"),
            "revision": int(core.find("UpdateIdentity").get("RevisionNumber")),
            "type": core.find("Properties").get("UpdateType"),
        }

    def installed(self, held):
        if held["type"] == "Driver":
            return False
        if section(held["core"], "IsInstalled"):
            return True
        return False

    def parameters(self, drivers=None, filters=None):
        ids = sorted(self.held)
        software = [i for i in ids if self.held[i]["type"] != "Driver"]
        nonleaf = [i for i in software if not self.held[i]["info"].IsLeaf and self.installed(self.held[i])]
        p = {
            "ExpressQuery": False,
            "InstalledNonLeafUpdateIDs": {"int": nonleaf},
            "OtherCachedUpdateIDs": {"int": [i for i in software if i not in nonleaf]},
            "SkipSoftwareSync": drivers is not None,
            "NeedTwoGroupOutOfScopeUpdates": False,
        }
        if filters:
            p["FilterCategoryIds"] = {"CategoryIdentifier": [{"Id": f} for f in filters]}
        if drivers is not None:
            p["SystemSpec"] = {"Device": drivers}
            p["CachedDriverIDs"] = {"int": [i for i in ids if self.held[i]["type"] == "Driver"]}
            p["ComputerSpec"] = {"HardwareIDs": {"guid": ["458ab48b-acb9-5863-b5a8-d2c32f0d3e6f"]}}
            p["FeatureScoreMatchingKey"] = "AMD64.10.0"
        return p

    def sync(self, **kind):
        info = self.ws.SyncUpdates(cookie=self.cookie, parameters=self.parameters(**kind))
        self.cookie = info.NewCookie
        for i in (info.OutOfScopeRevisionIDs.int if info.OutOfScopeRevisionIDs else []):
            self.held.pop(i, None)
        fresh = info.NewUpdates.UpdateInfo if info.NewUpdates else []
        for u in fresh:
            assert u.ID not in self.held, "%d came twice" % u.ID
            self.held[u.ID] = self.judge(u)
        for u in (info.ChangedUpdates.UpdateInfo if info.ChangedUpdates else []):
            self.held[u.ID]["info"].Deployment = u.Deployment
            self.held[u.ID]["info"].IsLeaf = u.IsLeaf
        return info, fresh

    def scan(self):
        rounds = 0
        while True:
            rounds += 1
            assert rounds < 50, "the scan does not end"
            info, fresh = self.sync()
            if not info.Truncated and all(u.IsLeaf for u in fresh):
                break
        self.out["rounds"] = rounds
        info, fresh = self.sync(drivers=[
            {"HardwareIDs": {"string": [SONAR]}, "CompatibleIDs": {"string": []}},
            {"HardwareIDs": {"string": [r"PCI\VEN_0001&DEV_0001"]}},
        ])
        self.out["drivers"] = [{
            "id": self.held[u.ID]["id"],
            "hardware": list(u.Deployment.HardwareIds.string) if u.Deployment.HardwareIds else [],
        } for u in fresh]
        again, fresh = self.sync()
        self.out["again"] = {"new": len(fresh), "truncated": again.Truncated}
        self.out["updates"] = {}
        for h in self.held.values():
            d = h["info"].Deployment
            self.out["updates"][h["id"].lower()] = {
                "revision": h["revision"], "type": h["type"], "action": d.Action, "leaf": h["info"].IsLeaf,
                "assigned": d.IsAssigned, "changed": d.LastChangeTime,
            }

    def printers(self):
        info = self.ws.SyncPrinterCatalog(cookie=self.cookie, installedNonLeafUpdateIDs={"int": []}, printerUpdateIDs={"int": []})
        self.out["printers"] = len(info.NewUpdates.UpdateInfo) if info.NewUpdates else 0

    def refresh(self):
        wanted = {(h["id"].lower(), h["revision"]): i for i, h in self.held.items()}
        answer = self.ws.RefreshCache(cookie=self.cookie, globalIDs={"UpdateIdentity": [
            {"UpdateID": i, "RevisionNumber": n} for i, n in wanted
        ]})
        same = 0
        for r in answer:
            same += wanted[(r.GlobalID.UpdateID.lower(), r.GlobalID.RevisionNumber)] == r.RevisionID
        self.out["refresh"] = {"asked": len(wanted), "answered": len(answer), "same": same}

    def extended(self):
        ids = [i for i, h in self.held.items() if h["type"] in ("Software", "Driver")]
        e = self.ws.GetExtendedUpdateInfo(
            cookie=self.cookie,
            revisionIDs={"int": ids},
            infoTypes={"XmlUpdateFragmentType": ["Extended", "LocalizedProperties", "Eula"]},
            locales={"string": ["de-DE", "de", "en"]},
        )
        titles, eulas, files = {}, 0, {}
        for u in e.Updates.Update:
            f = fragment(u.Xml)
            for lp in f.iter("LocalizedProperties"):
                titles.setdefault(self.held[u.ID]["id"].lower(), {})[lp.findtext("Language")] = lp.findtext("Title")
            eulas += len(f.findall("EulaFile"))
            for file in f.iter("File"):
                files[file.get("Digest")] = int(file.get("Size"))
        self.locations = {base64.b64encode(l.FileDigest).decode(): l.Url for l in e.FileLocations.FileLocation}
        self.sizes = files
        self.out["extended"] = {
            "titles": titles, "eulas": eulas, "files": len(files), "locations": len(self.locations),
            "out_of_scope": len(e.OutOfScopeRevisionIDs.int) if e.OutOfScopeRevisionIDs else 0,
        }

        two = self.ws.GetExtendedUpdateInfo2(
            cookie=self.cookie,
            updateIDs={"UpdateIdentity": [
                {"UpdateID": self.held[i]["id"], "RevisionNumber": self.held[i]["revision"]} for i in ids
            ]},
            infoTypes={"XmlUpdateFragmentType": ["FileUrl"]},
            locales={"string": ["en"]},
        )
        self.out["extended2"] = {
            base64.b64encode(l.FileDigest).decode(): l.Url for l in two.FileLocations.FileLocation
        } == self.locations

        digests = [base64.b64decode(d) for d in self.locations] + [b"\x51" * 20]
        found = self.ws.GetFileLocations(cookie=self.cookie, fileDigests={"base64Binary": digests})
        self.cookie = found.NewCookie
        self.out["locations"] = {
            base64.b64encode(l.FileDigest).decode(): l.Url for l in found.FileLocations.FileLocation
        } == self.locations

    def download(self):
        """Reads every file that is held in two ranges and checks its digest."""
        got, missing = 0, 0
        for digest, url in self.locations.items():
            if self.sizes.get(digest) is None:
                continue
            half = self.sizes[digest] // 2
            body = b""
            for r in ("bytes=0-%d" % (half - 1), "bytes=%d-" % half):
                answer = self.session.get(url, headers={"Range": r}, timeout=30)
                if answer.status_code == 404:
                    break
                assert answer.status_code == 206, "%s: status %d" % (url, answer.status_code)
                body += answer.content
            if not body:
                missing += 1
                continue
            assert hashlib.sha1(body).digest() == base64.b64decode(digest), url + ": another digest"
            got += 1
        self.out["download"] = {"files": got, "missing": missing}

    def event(self, number, update=None, misc=()):
        basic = {
            "TargetID": {"Sid": CLIENT_ID}, "SequenceNumber": 0,
            "TimeAtTarget": datetime.datetime.now(datetime.timezone.utc), "EventInstanceID": str(uuid.uuid4()),
            "NamespaceID": 1, "EventID": number, "SourceID": 101, "Win32HResult": 0, "AppName": "zeep",
        }
        if update:
            basic["UpdateID"] = {"UpdateID": update["id"], "RevisionNumber": update["revision"]}
        return {
            "BasicData": basic,
            "ExtendedData": {
                "MiscData": {"string": list(misc)},
                "ComputerBrand": "Zeep", "ComputerModel": "Python", "BiosRevision": "1",
                "ProcessorArchitecture": "Amd64Compatible",
                "OSVersion": {"Major": 10, "Minor": 0, "Build": 20348, "Revision": 0, "ServicePackMajor": 0, "ServicePackMinor": 0},
                "OSLocaleID": 1033,
            },
            "PrivateData": {"ComputerDnsName": DNS_NAME},
        }

    def report(self, done):
        held = next(h for h in self.held.values() if h["id"].lower() == done)
        now = datetime.datetime.now(datetime.timezone.utc)
        # Downloaded, installed, scanned; only the status says what is there now.
        status = self.event(156, misc=["V=" + done.upper()])
        batch = {"ReportingEvent": [self.event(162, held), self.event(183, held), self.event(147), status]}
        first = self.reports.ReportEventBatch(cookie=self.report_cookie(), clientTime=now, eventBatch=batch)
        again = self.reports.ReportEventBatch(cookie=self.report_cookie(), clientTime=now, eventBatch=batch)
        self.out["report"] = [first, again]
        self.out["inventory_type"] = self.reports.GetRequiredInventoryType(
            cookie=self.report_cookie(), rulesId=str(uuid.uuid4()), rulesVersion="1.0")
        self.out["inventory"] = self.reports.ReportInventory(
            cookie=self.report_cookie(), clientTime=now, inventory={"IsCompressed": False, "RawXml": "<Inventory/>"})

    def report_cookie(self):
        return {"Expiration": self.cookie.Expiration, "EncryptedData": self.cookie.EncryptedData}

    def fault(self, name, call):
        try:
            call()
        except Fault as f:
            code = None if f.detail is None else f.detail.findtext("ErrorCode")
            self.out["faults"][name] = code
            return
        self.out["faults"][name] = "no fault"

    def faults(self):
        data = bytearray(self.cookie.EncryptedData)
        data[len(data) // 2] ^= 1
        broken = {"Expiration": self.cookie.Expiration, "EncryptedData": bytes(data)}
        self.fault("broken cookie", lambda: self.ws.SyncUpdates(cookie=broken, parameters=self.parameters()))
        self.fault("too many installed", lambda: self.ws.SyncUpdates(cookie=self.cookie, parameters={
            "ExpressQuery": False, "SkipSoftwareSync": False, "NeedTwoGroupOutOfScopeUpdates": False,
            "InstalledNonLeafUpdateIDs": {"int": list(range(1, 402))}}))
        self.fault("digest of 19 bytes", lambda: self.ws.GetFileLocations(
            cookie=self.cookie, fileDigests={"base64Binary": [b"\x51" * 19]}))
        self.fault("no ticket", lambda: self.ws.GetCookie(
            authCookies=None, oldCookie=None, lastChange=datetime.datetime.now(datetime.timezone.utc),
            currentTime=datetime.datetime.now(datetime.timezone.utc), protocolVersion="2.90"))
        self.fault("report with a broken cookie", lambda: self.reports.ReportEventBatch(
            cookie=broken, clientTime=datetime.datetime.now(datetime.timezone.utc), eventBatch=None))


def main():
    server, ca, wsdl_folder, product, done = sys.argv[1:6]
    with tempfile.TemporaryDirectory() as folder:
        c = Computer(server, ca, wsdl_folder, folder)
        c.login()
        c.register()
        c.categories(product)
        c.scan()
        c.printers()
        c.refresh()
        c.extended()
        c.download()
        c.report(done)
        c.faults()
        c.out["operations"] = {**c.v1.seen, **c.v2.seen, **c.v3.seen}
    json.dump(c.out, sys.stdout, indent=1, default=str)
    print()


if __name__ == "__main__":
    main()
