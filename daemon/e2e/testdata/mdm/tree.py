"""The management tree of the device that this client plays: the parts of it that
a server for updates reads and writes."""

import re
import urllib.parse

POLICY = "Vendor/MSFT/Policy/Config/"
RESULT = "Vendor/MSFT/Policy/Result/"
UPDATE = "Vendor/MSFT/Update/"
# Nodes that a server may make or set, where it may not set every one there is.
WRITABLE = re.compile(
    r"Vendor/MSFT/Policy/Config/(Update|DeliveryOptimization)/\w+"
    r"|Vendor/MSFT/DMClient/Provider/[^/]+(/.+)?"
    r"|Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/\w+"
    r"|Vendor/MSFT/Update/ApprovedUpdates/[^/]+",
    re.IGNORECASE,
)
LISTS = ("InstallableUpdates", "InstalledUpdates", "FailedUpdates", "PendingRebootUpdates", "ApprovedUpdates")


def normal(uri):
    """A LocURI as a key: ./Device/Vendor and ./Vendor are one, as are the two ways
    of writing braces."""
    path = uri.split("?")[0].removeprefix("./").removeprefix("Device/")
    return "/".join(urllib.parse.unquote(p) for p in path.split("/")).rstrip("/")


class Tree:
    def __init__(self, nodes, provider):
        self.nodes = nodes  # path -> [format, value]
        self.provider = provider

    def put(self, path, kind, value):
        self.nodes[normal(path)] = [kind, value]

    def drop(self, path):
        """Takes a node and everything below it away."""
        path = normal(path)
        gone = [p for p in self.nodes if p == path or p.startswith(path + "/")]
        for p in gone:
            del self.nodes[p]
        return len(gone)

    def below(self, path):
        """The names of the children of a node, or None where there is no such node."""
        path = normal(path)
        start = path + "/"
        names = []
        for p in self.nodes:
            if p.startswith(start):
                name = p[len(start):].split("/")[0]
                if name not in names:
                    names.append(name)
        if names or self.nodes.get(path, ["", ""])[0] == "node":
            return names
        return None

    def updates(self, kind, entries, braces):
        """Sets one of the lists of updates: id -> leaf -> [format, value]."""
        path = UPDATE + kind
        self.drop(path)
        self.put(path, "node", "")
        for update, leaves in entries.items():
            name = "{%s}" % update if braces else update
            self.put("%s/%s" % (path, name), "node", "")
            for leaf, (form, value) in leaves.items():
                self.put("%s/%s/%s" % (path, name, leaf), form, value)

    def get(self, uri):
        """A status, and what there is: items of (LocURI, format, data)."""
        path, _, query = uri.partition("?")
        key = normal(path)
        if key.startswith(RESULT):
            key = POLICY + key[len(RESULT):]
        children = self.below(key)
        if query.startswith("list="):
            if children is None and key not in self.nodes:
                return 404, []
            return 200, self.everything(path, key)
        if children is not None:
            return 200, [(path, "node", "/".join(urllib.parse.quote(c, safe="-") for c in children))]
        if key in self.nodes:
            return 200, [(path, *self.nodes[key])]
        return 404, []

    def everything(self, path, key):
        """A node and all below it, with interior ones."""
        out = [(path, "node", None)]
        for name in self.below(key) or []:
            at = "%s/%s" % (path, urllib.parse.quote(name, safe="-"))
            inner = key + "/" + name
            if self.below(inner) is None:
                out.append((at, *self.nodes[inner]))
            else:
                out += self.everything(at, inner)
        return out

    def replace(self, uri, kind, value):
        key = normal(uri)
        if key not in self.nodes and not WRITABLE.fullmatch(key):
            return 404
        if self.nodes.get(key, ["", ""])[0] == "node":
            return 405
        self.nodes[key] = [kind or "chr", value or ""]
        return 200

    def add(self, uri, kind, value):
        key = normal(uri)
        if key in self.nodes:
            return 418
        if not WRITABLE.fullmatch(key):
            return 405
        self.nodes[key] = [kind or "chr", value or ""]
        return 200

    def delete(self, uri):
        key = normal(uri)
        if not WRITABLE.fullmatch(key):
            return 405
        return 200 if self.drop(key) else 404

    def execute(self, uri, data):
        """A status, and whether this ends the management of the device."""
        key = normal(uri)
        if key == "Vendor/MSFT/DMClient/Provider/%s/Unenroll" % self.provider:
            return (200 if data == self.provider else 500), data == self.provider
        if key in (UPDATE + "Rollback/QualityUpdate", UPDATE + "Rollback/FeatureUpdate"):
            self.put(key + "Status", "chr", "200")
            return 200, False
        if key == "Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RenewNow":
            return 200, False
        return 405, False
