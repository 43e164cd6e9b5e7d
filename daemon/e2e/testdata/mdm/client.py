#!/usr/bin/env python3
"""A client of device management that shares nothing with sluice.

It enrols by MS-MDE2 and holds sessions of OMA DM as Windows does, written from
the specifications and recordings alone. It needs openssl; for WBXML also
xml2wbxml and wbxml2xml of libwbxml. Each run is one act of the device that lives
in a folder:

    client.py ACT FOLDER CA-FILE < options.json

What was seen goes to standard output as JSON: "remarks" is what the server did
not do as it must, "fault" a SOAP fault, "broken" why a session broke off. The
test beside this folder compares it.
"""

import json
import sys

import device as devices
import hostile
import session as sessions
import soap
import syncml


def open_session(device, options, remarks, certificate=True):
    device.state["session"] += 1
    device.keep()
    door = device.manager(remarks, certificate)
    return sessions.Session(door, device.state, remarks, options)


def poll(device, options, remarks):
    """A session; before it, nodes and updates of the device are set."""
    certificate = options.get("auth", "certificate") == "certificate"
    if "old" in options:
        certificate = device.path("certificate.old.pem"), device.path("key.old.pem")
    s = open_session(device, options, remarks, certificate)
    for path, (kind, value) in options.get("set", {}).items():
        s.tree.put(path, kind, value)
    for kind, entries in options.get("updates", {}).items():
        s.tree.updates(kind, entries, options.get("braces", False))
    try:
        return s.run()
    finally:
        s.seen["left"] = s.ended
        s.seen["nodes"] = {k: v[1] for k, v in sorted(device.state["nodes"].items()) if v[0] != "node"}
        s.seen["children"] = {k: s.tree.below("Vendor/MSFT/Update/" + k) for k in ("ApprovedUpdates",)}
        device.keep()
        s.server.close()


def enrol(device, options, remarks):
    if "name" in options:
        device.state = devices.new(options["name"], **options.get("machine", {}))
    return device.enrol(options["server"], options, remarks)


def renew(device, options, remarks):
    if "signer" in options:  # another device
        other = devices.Device(options["signer"], device.ca)
        options["signer"] = other.own()
    return device.renew(options, remarks)


def refused(device, options, remarks):
    return {"cases": hostile.all_of(device, open_session(device, options, remarks))}


def refused_enrollment(device, options, _):
    return {"cases": hostile.enrollment(device, options["server"])}


def replay(device, _options, _remarks):
    return hostile.replay(device)


def vectors(_device, options, remarks):
    """Holds this client itself against recordings: it must find nothing wrong with
    the messages of the server in them, and reckon as another client does."""
    for name, secret, nonce, want in (
        ("funambol", "funambol", b"abcd", "qc1Pn76nCPjKO4kdtlAfSg=="),
        ("devname", "s3cret", b"c2x1aWNlbm9uY2UwMDAx", "0RCQmw/mRWdaxrJXYqu9DA=="),
    ):
        if syncml.md5(name, secret, nonce) != want:
            remarks.append("md5 of %s" % name)
    for path in options.get("messages", []):
        with open(path, "rb") as f:
            syncml.Message(f.read(), remarks, path)
    for path in options.get("binary", []):
        with open(path, "rb") as f:
            syncml.Message(syncml.decode(f.read(), "wbxml"), remarks, path, True)
    return {}


ACTS = {
    "enrol": enrol, "poll": poll, "renew": renew, "refused": refused, "refused-enrollment": refused_enrollment,
    "replay": replay, "vectors": vectors,
}


def main():
    act, folder, ca = sys.argv[1:4]
    options = json.load(sys.stdin)
    remarks, out = [], {}
    device = devices.Device(folder, ca)
    try:
        out = ACTS[act](device, options, remarks)
    except soap.Fault as e:
        out = {"fault": e.seen}
    except sessions.Broken as e:
        out = {"broken": str(e)}
    out["remarks"] = remarks + out.get("remarks", [])
    json.dump(out, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
