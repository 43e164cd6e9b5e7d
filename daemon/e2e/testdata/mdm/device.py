"""A device of its own folder: what it is, its key and certificate, and what it
was told at enrollment. It outlives one run of the client."""

import hashlib
import json
import os
import uuid

import pki
import provision
import soap
import wire

def new(name, **about):
    """A machine as the factory made it. Its DeviceID changes when it is imaged
    anew, its HWDevID does not."""
    seed = hashlib.sha256(("hardware of " + about.get("hardware", name)).encode()).hexdigest().upper()
    return {
        "name": name,
        "id": about.get("device_id") or uuid.uuid5(uuid.NAMESPACE_DNS, name).hex.upper(),
        "hardware": seed,
        "edition": about.get("edition", 4),
        "build": about.get("build", "10.0.19045.3803"),
        "session": 0,
        "nodes": {},
    }


class Device:
    def __init__(self, folder, ca):
        self.folder, self.ca = folder, ca
        self.state = {}
        if os.path.exists(self.path("device.json")):
            with open(self.path("device.json"), encoding="utf-8") as f:
                self.state = json.load(f)

    def path(self, name):
        return os.path.join(self.folder, name)

    def keep(self):
        with open(self.path("device.json"), "w", encoding="utf-8") as f:
            json.dump(self.state, f, indent=1)

    def context(self, kind, device_id):
        """What Windows says of itself when it asks for a certificate."""
        s = self.state
        items = [
            ("UXInitiated", "true"), ("HWDevID", s["hardware"]), ("Locale", "en-US"), ("TargetedUserLoggedIn", "true"),
            ("OSEdition", str(s["edition"])), ("DeviceName", s["name"].split(".")[0]),
        ]
        items += [("MAC", "00-0C-29-51-60-%02X" % n) for n in range(3)]
        items += [
            ("DeviceID", device_id), ("EnrollmentType", kind), ("DeviceType", "CIMClient_Windows"),
            ("OSVersion", s["build"]), ("ApplicationVersion", s["build"]), ("NotInOobe", "true"),
        ]
        return items

    def enrol(self, server, options, remarks):
        """The way of a device into management: returns what was seen."""
        seen = {}
        read = soap.Reader(remarks)
        security = soap.credentials(options.get("user"), options.get("password", ""), options.get("token"))
        kind = options.get("kind", "Full")
        s = self.state
        headers = {"Content-Type": soap.CONTENT_TYPE, "User-Agent": soap.AGENT}

        door = wire.Server(server, self.ca, remarks=remarks)
        where = server + "/EnrollmentServer/Discovery.svc"
        hello = door.ask("GET", where, {"User-Agent": soap.AGENT})
        read.want(hello.status == 200 and not hello.body, "discovery by GET: status %d, %d bytes", hello.status, len(hello.body))
        version = options.get("version", "4.0")
        found = read.discovered(door.ask("POST", where, headers, soap.discover(where, options.get("user") or "it@" + s["name"], s["build"], s["edition"], version)), version)
        seen["discovered"] = found

        policy = found["EnrollmentPolicyServiceUrl"]
        try:
            seen["policies"] = read.policies(door.ask("POST", policy, headers, soap.get_policies(policy, security)))
        except soap.Fault as e:
            seen["policies_fault"] = e.seen
            if not options.get("go_on"):
                raise

        key = self.path("key.new.pem")
        pki.new_key(key, options.get("bits", 2048))
        text = self.request(key, options)
        where = found["EnrollmentServiceUrl"]
        body = soap.request_token(where, security, "Issue", text, self.context(kind, s["id"]))
        answer = door.ask("POST", where, headers, body)
        try:
            document = read.provisioned(answer)
        finally:
            with open(self.path("request.xml"), "wb") as f:
                f.write(body)
            with open(self.path("request.url"), "w", encoding="utf-8") as f:
                f.write(where)
        door.close()
        seen["provisioned"] = self.provision(document, kind, key, remarks)
        return seen

    def request(self, key, options):
        s = self.state
        name = (s["hardware"][:8] + "-" + str(uuid.uuid4()).upper()[9:])[:30] + "!" + options.get("csr_id", s["id"])
        name = (name + "\0")[:64] if len(name) < 64 else name
        tag = pki.UTF8 if options.get("utf8") else pki.PRINTABLE
        return pki.request(key, name.encode(), options.get("csr_id", s["id"]), options.get("digest", "sha256"), tag, options.get("damage", False))

    def provision(self, text, kind, key, remarks):
        """Takes a provisioning document in."""
        s = self.state
        store = "User" if kind == "Full" else "System"
        doc = provision.Document(text, remarks)
        doc.want(doc.roots, "no root")
        mine = doc.device_certificate(store, key)
        doc.trusted(mine)
        account = doc.account(store, mine)
        client = doc.client(account["provider"])
        renewal = doc.renewal()
        self.install(mine, key, doc.roots)
        s.update(account=account, client=client, renewal=renewal, kind=kind)
        s["info"] = {"DevId": s["id"], "Man": "Python Foundation", "Mod": "Independent 1", "DmV": "1.3", "Lang": "en-US"}
        base = "Vendor/MSFT/DMClient/Provider/%s/" % account["provider"]
        # An image has nothing of an earlier enrollment.
        nodes = {base + "EntDMID": ["chr", client["id"]], base + "UPN": ["chr", client["user"] or ""]}
        nodes.update({base + "Poll/" + n: ["bool" if isinstance(v, bool) else "int", str(v).lower()] for n, v in client["poll"].items()})
        nodes.update({"DevInfo/" + n: ["chr", v] for n, v in s["info"].items()})
        nodes.update({
            "DevDetail/SwV": ["chr", s["build"]], "DevDetail/FwV": ["chr", "6.00"], "DevDetail/HwV": ["chr", "1.0"],
            "DevDetail/OEM": ["chr", "Python Foundation"], "DevDetail/DevTyp": ["chr", "Desktop"],
            "DevDetail/LrgObj": ["bool", "false"],
            "DevDetail/Ext/Microsoft/DeviceName": ["chr", s["name"].split(".")[0]],
            "DevDetail/Ext/Microsoft/DNSComputerName": ["chr", s["name"]],
            "DevDetail/Ext/Microsoft/OSPlatform": ["chr", "Windows 10 Enterprise"],
            "DevDetail/Ext/Microsoft/ProcessorArchitecture": ["int", "9"],
            "DevDetail/Ext/Microsoft/SMBIOSSerialNumber": ["chr", "SN & <1>"],
            "Vendor/MSFT/DeviceStatus/OS/Edition": ["int", str(s["edition"])],
            "Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RenewPeriod": ["int", str(renewal["period"])],
            "Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RetryInterval": ["int", str(renewal["retry"])],
            "Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/ROBOSupport": ["bool", "true"],
            "Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/Status": ["int", "0"],
            "Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/ErrorCode": ["int", "0"],
            "Vendor/MSFT/Update/LastSuccessfulScanTime": ["time", "0"],
        })
        s["nodes"] = nodes
        s["session"] = 0
        self.keep()
        return {
            "subject": mine.subject, "days": (mine.ends - mine.begins).days, "account": {k: account[k] for k in ("provider", "address")},
            "client": client, "renewal": renewal, "store": store, "roots": len(doc.roots),
        }

    def install(self, certificate, key, roots):
        os.replace(key, self.path("key.pem"))
        with open(self.path("certificate.pem"), "w", encoding="ascii") as f:
            f.write(pki.pem(certificate.der))
        if roots:
            with open(self.path("roots.pem"), "w", encoding="ascii") as f:
                f.writelines(pki.pem(r) for r in roots)

    def own(self):
        """The certificate and key for TLS."""
        return self.path("certificate.pem"), self.path("key.pem")

    def manager(self, remarks, certificate=True):
        """A connection to the server of the account, by the roots that came in
        the provisioning document."""
        pair = self.own() if certificate is True else certificate
        return wire.Server(self.state["account"]["address"], self.path("roots.pem"), pair or None, remarks)

    def renew(self, options, remarks):
        """Renews the certificate by itself, as it does some weeks before its end."""
        s = self.state
        read = soap.Reader(remarks)
        key = self.path("key.new.pem")
        pki.new_key(key)
        signer = options.get("signer") or self.own()
        text = pki.signed(self.request(key, options), *signer)
        url = s["renewal"]["url"]
        if not url:
            with open(self.path("request.url"), encoding="utf-8") as f:
                url = f.read()
        door = wire.Server(url, self.path("roots.pem"), self.own() if options.get("tls", True) else None, remarks)
        body = soap.request_token(url, soap.credentials(s["client"]["user"] or "", ""), "Renew", text, self.context(s["kind"], s["id"]))
        with open(self.path("roots.pem"), encoding="ascii") as f:
            roots = [pki.openssl("x509", "-outform", "DER", data=f.read().encode())]
        document = read.provisioned(door.ask("POST", url, {"Content-Type": soap.CONTENT_TYPE, "User-Agent": soap.AGENT}, body))
        store = "User" if s["kind"] == "Full" else "System"
        doc = provision.Document(document, remarks)
        mine = doc.device_certificate(store, key)
        doc.trusted(mine, roots)
        doc.want(doc.root.value("APPLICATION", "PROVIDER-ID") == s["account"]["provider"], "no PROVIDER-ID")
        doc.want(not doc.root.all("APPLICATION", "APPAUTH"), "credentials in a renewal")
        old = self.path("certificate.pem"), self.path("key.pem")
        for path in old:
            os.replace(path, path.replace(".pem", ".old.pem"))
        self.install(mine, key, doc.roots)
        self.keep()
        return {"subject": mine.subject, "days": (mine.ends - mine.begins).days}
