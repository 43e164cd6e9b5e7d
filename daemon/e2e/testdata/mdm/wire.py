"""HTTPS as the clients in Windows speak it, and what they want of an answer."""

import http.client
import ssl
import urllib.parse


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.type = (headers.get("Content-Type") or "").split(";")[0].strip().lower()


class Server:
    """A connection to a server, over which all requests of a conversation go."""

    def __init__(self, url, roots, certificate=None, remarks=None):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https":
            raise ValueError("%s is not an https URL" % url)
        self.context = ssl.create_default_context(cafile=roots)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate:
            self.context.load_cert_chain(*certificate)
        self.remarks = [] if remarks is None else remarks
        self.connection = http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=60, context=self.context)

    def ask(self, method, target, headers=(), body=None):
        """Sends a request. The target is a path or a URL of this server."""
        parts = urllib.parse.urlsplit(target)
        path = parts.path + ("?" + parts.query if parts.query else "")
        try:
            self.connection.request(method, path, body=body, headers=dict(headers))
        except (ConnectionError, ssl.SSLError):
            pass  # it may have answered before it heard all
        got = self.connection.getresponse()
        content = got.read()
        self.judge(method, path, got, content)
        return Answer(got.status, got.headers, content)

    def judge(self, method, path, got, content):
        """Windows wants a length and the answer in one piece."""
        length = got.headers.get_all("Content-Length") or []
        if length != [str(len(content))]:
            self.remarks.append("%s %s: Content-Length %s of %d bytes" % (method, path, length, len(content)))
        for header in ("Transfer-Encoding", "Content-Encoding"):
            if got.headers.get(header):
                self.remarks.append("%s %s: %s: %s" % (method, path, header, got.headers[header]))
        if 300 <= got.status < 400:
            self.remarks.append("%s %s: redirected" % (method, path))

    def close(self):
        self.connection.close()
