"""Keys, certificate requests as Windows makes them, and certificates, by the
openssl command."""

import base64
import datetime
import hashlib
import os
import subprocess
import tempfile

COMMON_NAME = "2.5.4.3"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
EXTENDED_KEY_USAGE = "2.5.29.37"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
DEVICE_ID = "1.3.6.1.4.1.311.66.1.0"
SIGNATURES = {"sha256": "1.2.840.113549.1.1.11", "sha1": "1.3.14.3.2.29"}

PRINTABLE, UTF8, OCTETS, BITS, INTEGER, NULL, SEQUENCE, SET = 0x13, 0x0C, 0x04, 0x03, 0x02, 0x05, 0x30, 0x31


def openssl(*args, data=None):
    done = subprocess.run(["openssl", *args], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (args[0], done.stderr.decode(errors="replace").strip()))
    return done.stdout


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def oid(text):
    first, second, *rest = (int(n) for n in text.split("."))
    out = bytearray()
    for n in [first * 40 + second, *rest]:
        digits = [n & 0x7F]
        while n > 0x7F:
            n >>= 7
            digits.append(0x80 | n & 0x7F)
        out += bytes(reversed(digits))
    return tlv(0x06, bytes(out))


def new_key(path, bits=2048):
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:%d" % bits, "-out", path)


def request(key, name, device_id, digest="sha256", tag=PRINTABLE, damage=False):
    """A PKCS#10 with the name as a PrintableString, although it holds characters
    that such a string must not hold."""
    public = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    extensions = tlv(
        SEQUENCE,
        tlv(SEQUENCE, oid(EXTENDED_KEY_USAGE), tlv(OCTETS, tlv(SEQUENCE, oid(CLIENT_AUTH)))),
        tlv(SEQUENCE, oid(DEVICE_ID), tlv(OCTETS, device_id.encode() + b"\0")),
    )
    info = tlv(
        SEQUENCE,
        tlv(INTEGER, b"\0"),
        tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, oid(COMMON_NAME), tlv(tag, name)))),
        public,
        tlv(0xA0, tlv(SEQUENCE, oid(EXTENSION_REQUEST), tlv(SET, extensions))),
    )
    signature = bytearray(openssl("dgst", "-" + digest, "-sign", key, data=info))
    if damage:
        signature[len(signature) // 2] ^= 1
    algorithm = tlv(SEQUENCE, oid(SIGNATURES[digest]), tlv(NULL))
    return tlv(SEQUENCE, info, algorithm, tlv(BITS, b"\0", bytes(signature)))


def signed(content, certificate, key):
    """PKCS#7 signed data around a request, as a renewal sends it."""
    return openssl("cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-outform", "DER",
                   "-signer", certificate, "-inkey", key, data=content)


def self_signed(key, path, name):
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=" + name, "-days", "30",
            "-addext", "extendedKeyUsage=clientAuth", "-out", path)


def pem(der):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % "\n".join(lines)


def thumbprint(der):
    return hashlib.sha1(der).hexdigest().upper()


class Certificate:
    """What openssl reads in a certificate."""

    def __init__(self, der):
        self.der = der

        def show(*what):
            return openssl("x509", "-inform", "DER", "-noout", *what, data=der).decode()

        # One part of the name a line, in the order of the certificate.
        lines = show("-subject", "-nameopt", "sep_multiline,utf8").splitlines()
        self.subject = [line.strip() for line in lines[1:]]
        dates = dict(line.split("=", 1) for line in show("-startdate", "-enddate").splitlines())
        self.begins = when(dates["notBefore"])
        self.ends = when(dates["notAfter"])
        self.text = show("-text")
        self.public_key = show("-pubkey")

    def extension(self, name):
        """The lines of text of an extension, or nothing."""
        lines = self.text.splitlines()
        for i, line in enumerate(lines):
            if line.strip().startswith("X509v3 " + name):
                return lines[i + 1].strip()
        return ""


def when(text):
    parsed = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y %Z")
    return parsed.replace(tzinfo=datetime.timezone.utc)


def verifies(leaf, roots, intermediates=()):
    """Whether a certificate is good for a TLS client by these roots."""
    with tempfile.TemporaryDirectory() as folder:
        def keep(name, ders):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="ascii") as f:
                f.writelines(pem(d) for d in ders)
            return path

        args = ["verify", "-no-CApath", "-no-CAstore", "-purpose", "sslclient", "-CAfile", keep("roots.pem", roots)]
        if intermediates:
            args += ["-untrusted", keep("intermediates.pem", intermediates)]
        try:
            openssl(*args, keep("leaf.pem", [leaf]))
        except RuntimeError as e:
            return str(e)
    return ""
