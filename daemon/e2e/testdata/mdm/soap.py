"""The three services of enrollment (MS-MDE2): requests as Windows sends them, and
strict reading of the answers."""

import base64
import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
SECEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PASSWORD_TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
AUTHORIZATION = "http://schemas.xmlsoap.org/ws/2006/12/authorization"
DISCOVERY = "http://schemas.microsoft.com/windows/management/2012/01/enrollment"
POLICY = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
ENROLLMENT = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
TOKENS = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

CONTENT_TYPE = "application/soap+xml; charset=utf-8"
AGENT = "ENROLLClient"
# Windows sends the same on every device, every time.
MESSAGE_IDS = {
    "discover": "urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478",
    "policies": "urn:uuid:72048B64-0F19-448F-8C2E-B4C661860AA0",
    "token": "urn:uuid:0d5a1441-5891-453b-becf-a2e5f6ea3749",
}
SUBCODES = {
    "s:MessageFormat", "s:Authentication", "s:Authorization", "s:CertificateRequest", "s:EnrollmentServer",
    "a:InternalServiceFault", "a:InvalidSecurity",
}


def credentials(user=None, password=None, token=None):
    if token is not None:
        return (
            '<wsse:Security s:mustUnderstand="1"><wsse:BinarySecurityToken ValueType="%sDeviceEnrollmentUserToken" '
            'EncodingType="%s#base64binary">%s</wsse:BinarySecurityToken></wsse:Security>'
            % (TOKENS, SECEXT, base64.b64encode(token.encode()).decode())
        )
    if user is None:
        return ""
    return (
        '<wsse:Security s:mustUnderstand="1"><wsse:UsernameToken u:Id="uuid-cc1ccc1f-2fba-4bcf-b063-ffc0cac77917-4">'
        '<wsse:Username>%s</wsse:Username><wsse:Password wsse:Type="%s">%s</wsse:Password>'
        "</wsse:UsernameToken></wsse:Security>" % (escape(user), PASSWORD_TEXT, escape(password))
    )


def envelope(message_id, action, to, security, body):
    return (
        '<s:Envelope xmlns:s="%s" xmlns:a="%s" xmlns:u="%s" xmlns:wsse="%s" xmlns:wst="%s" xmlns:ac="%s"><s:Header>'
        '<a:Action s:mustUnderstand="1">%s</a:Action><a:MessageID>%s</a:MessageID>'
        "<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>"
        '<a:To s:mustUnderstand="1">%s</a:To>%s</s:Header><s:Body>%s</s:Body></s:Envelope>'
        % (SOAP, ADDRESSING, UTILITY, SECEXT, TRUST, AUTHORIZATION, action, message_id, escape(to), security, body)
    ).encode()


def discover(to, email, build, edition, version="4.0"):
    body = (
        '<Discover xmlns="%s"><request xmlns:i="%s"><EmailAddress>%s</EmailAddress><RequestVersion>%s</RequestVersion>'
        "<DeviceType>CIMClient_Windows</DeviceType><ApplicationVersion>%s</ApplicationVersion><OSEdition>%d</OSEdition>"
        "<AuthPolicies><AuthPolicy>OnPremise</AuthPolicy><AuthPolicy>Federated</AuthPolicy></AuthPolicies>"
        "</request></Discover>" % (DISCOVERY, XSI, escape(email), version, build, edition)
    )
    return envelope(MESSAGE_IDS["discover"], DISCOVERY + "/IDiscoveryService/Discover", to, "", body)


def get_policies(to, security):
    body = (
        '<GetPolicies xmlns="%s" xmlns:xsi="%s"><client><lastUpdate xsi:nil="true"/><preferredLanguage xsi:nil="true"/>'
        '</client><requestFilter xsi:nil="true"/></GetPolicies>' % (POLICY, XSI)
    )
    return envelope(MESSAGE_IDS["policies"], POLICY + "/IPolicy/GetPolicies", to, security, body)


def request_token(to, security, kind, token, context):
    """A RequestSecurityToken: kind is Issue with a PKCS#10, or Renew with PKCS#7."""
    text = base64.b64encode(token).decode()
    if kind == "Issue":
        value_type = ENROLLMENT + "#PKCS10"
    else:
        value_type = SECEXT + "#PKCS7"
        text = "\r\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    items = "".join(
        "<ac:ContextItem Name=%s><ac:Value>%s</ac:Value></ac:ContextItem>" % (quoteattr(name), escape(value))
        for name, value in context
    )
    body = (
        "<wst:RequestSecurityToken><wst:TokenType>%sDeviceEnrollmentToken</wst:TokenType>"
        "<wst:RequestType>%s/%s</wst:RequestType>"
        '<wsse:BinarySecurityToken ValueType="%s" EncodingType="%s#base64binary">%s</wsse:BinarySecurityToken>'
        '<ac:AdditionalContext xmlns="%s">%s</ac:AdditionalContext></wst:RequestSecurityToken>'
        % (TOKENS, TRUST, kind, value_type, SECEXT, text, AUTHORIZATION, items)
    )
    return envelope(MESSAGE_IDS["token"], ENROLLMENT + "/RST/wstep", to, security, body)


class Fault(Exception):
    """A SOAP fault, taken apart."""

    def __init__(self, http, subcode, kind, message, reason):
        super().__init__("%s %s: %s" % (subcode, kind, reason))
        self.seen = {"http": http, "subcode": subcode, "type": kind, "message": message, "reason": reason}


def q(namespace, name):
    return "{%s}%s" % (namespace, name)


class Reader:
    """Reads answers; what is not as it must be goes to the remarks."""

    def __init__(self, remarks):
        self.remarks = remarks

    def want(self, holds, text, *args):
        if not holds:
            self.remarks.append(text % args if args else text)
        return holds

    def body(self, answer, request, action):
        """The one element in the body of an answer; raises [Fault]."""
        self.want(answer.type == "application/soap+xml", "Content-Type %r", answer.headers.get("Content-Type"))
        self.want("charset=utf-8" in (answer.headers.get("Content-Type") or "").lower(), "no charset=utf-8")
        self.want(b"<!DOCTYPE" not in answer.body, "a document type in an answer")
        root = ET.fromstring(answer.body)
        self.want(root.tag == q(SOAP, "Envelope"), "the root is %s", root.tag)
        self.want([e.tag for e in root] == [q(SOAP, "Header"), q(SOAP, "Body")], "children of the envelope: %s", [e.tag for e in root])
        header, body = root.find(q(SOAP, "Header")), root.find(q(SOAP, "Body"))
        related = header.findtext(q(ADDRESSING, "RelatesTo"))
        self.want(related == MESSAGE_IDS[request], "RelatesTo %r of %s", related, request)
        name = header.find(q(ADDRESSING, "Action"))
        if self.want(name is not None, "no Action"):
            self.want(name.get(q(SOAP, "mustUnderstand")) == "1", "Action without mustUnderstand")
        self.want(len(body) == 1, "%d elements in the body", len(body))
        if body[0].tag == q(SOAP, "Fault"):
            raise self.fault(answer, body[0])
        self.want(answer.status == 200, "HTTP status %d of a good answer", answer.status)
        self.want(name is not None and name.text == action, "Action %r, want %r", name is not None and name.text, action)
        return header, body[0]

    def fault(self, answer, fault):
        self.want(answer.status in (200, 500), "HTTP status %d of a fault", answer.status)
        code = fault.findtext("./" + q(SOAP, "Code") + "/" + q(SOAP, "Value"))
        subcode = fault.findtext("./%s/%s/%s" % (q(SOAP, "Code"), q(SOAP, "Subcode"), q(SOAP, "Value")))
        self.want(code == "s:Receiver", "fault code %r", code)
        self.want(subcode in SUBCODES, "fault subcode %r", subcode)
        for value in (code, subcode):
            prefix = (value or "").split(":")[0]
            self.want(re.search(rb"xmlns:%s=" % prefix.encode(), answer.body), "prefix of %r is not bound", value)
        reason = fault.find("./%s/%s" % (q(SOAP, "Reason"), q(SOAP, "Text")))
        if self.want(reason is not None, "a fault without a reason"):
            self.want(reason.get("{http://www.w3.org/XML/1998/namespace}lang"), "a reason without a language")
        detail = fault.find("./%s/*" % q(SOAP, "Detail"))
        kind = message = ""
        if detail is not None:
            self.want(detail.tag.lower() == q(ENROLLMENT, "deviceenrollmentserviceerror").lower(), "detail %s", detail.tag)
            parts = {e.tag.split("}")[1].lower(): e.text or "" for e in detail}
            kind, message = parts.get("errortype", ""), parts.get("message", "")
        return Fault(answer.status, subcode, kind, message, "" if reason is None else reason.text)

    def discovered(self, answer, version):
        _, body = self.body(answer, "discover", DISCOVERY + "/IDiscoveryService/DiscoverResponse")
        self.want(body.tag == q(DISCOVERY, "DiscoverResponse"), "body %s", body.tag)
        result = {e.tag.split("}")[1]: (e.text or "").strip() for e in body.find(q(DISCOVERY, "DiscoverResult"))}
        self.want(result.get("AuthPolicy") == "OnPremise", "AuthPolicy %r", result.get("AuthPolicy"))
        self.want("AuthenticationServiceUrl" not in result, "AuthenticationServiceUrl with OnPremise")
        self.want(float(result["EnrollmentVersion"]) <= float(version), "EnrollmentVersion %s for %s", result["EnrollmentVersion"], version)
        hosts = {result[k].split("/")[2] for k in ("EnrollmentPolicyServiceUrl", "EnrollmentServiceUrl")}
        self.want(len(hosts) == 1, "services on several hosts: %s", hosts)
        return result

    def policies(self, answer):
        _, body = self.body(answer, "policies", POLICY + "/IPolicy/GetPoliciesResponse")
        self.want(body.tag == q(POLICY, "GetPoliciesResponse"), "body %s", body.tag)
        self.want([e.tag for e in body] == [q(POLICY, n) for n in ("response", "cAs", "oIDs")], "children of the response: %s", [e.tag for e in body])

        def text(path):
            found = body.find("/".join(q(POLICY, p) for p in path.split("/")))
            if not self.want(found is not None, "no %s", path):
                return ""
            return (found.text or "").strip()

        for path in NIL:
            found = body.find("/".join(q(POLICY, p) for p in path.split("/")))
            if self.want(found is not None, "no %s", path):
                self.want(found.get(q(XSI, "nil")) == "true" and not found.text, "%s is not nil", path)
        policy = "response/policies/policy/"
        attributes = policy + "attributes/"
        out = {
            "validity": int(text(attributes + "certificateValidity/validityPeriodSeconds")),
            "renewal": int(text(attributes + "certificateValidity/renewalPeriodSeconds")),
            "key_length": int(text(attributes + "privateKeyAttributes/minimalKeyLength")),
            "hash": text("oIDs/oID/value"),
        }
        self.want(text("response/policyID") == "", "policyID is not empty")
        self.want(text(policy + "policyOIDReference") == "0", "policyOIDReference")
        self.want(text(attributes + "commonName") != "", "no commonName")
        self.want(text(attributes + "policySchema") == "3", "policySchema")
        self.want(text(attributes + "permission/enroll") == "true", "enroll")
        self.want(text(attributes + "permission/autoEnroll") == "false", "autoEnroll")
        self.want(text(attributes + "revision/majorRevision").isdigit(), "majorRevision")
        self.want(text(attributes + "hashAlgorithmOIDReference") == text("oIDs/oID/oIDReferenceID"), "hashAlgorithmOIDReference")
        self.want(text("oIDs/oID/group") in ("1", "4"), "group of the hash")
        providers = body.findall(".//" + q(POLICY, "provider"))
        self.want("Microsoft Software Key Storage Provider" in [(p.text or "").strip() for p in providers], "no software key provider")
        self.want(0 < out["renewal"] < out["validity"], "renewal %(renewal)d of %(validity)d s" % out)
        return out

    def provisioned(self, answer):
        """The provisioning document in an answer to a RequestSecurityToken."""
        header, body = self.body(answer, "token", ENROLLMENT + "/RSTRC/wstep")
        self.want(body.tag == q(TRUST, "RequestSecurityTokenResponseCollection"), "body %s", body.tag)
        stamp = header.find(".//" + q(UTILITY, "Timestamp"))
        if self.want(stamp is not None, "no Timestamp"):
            self.want([e.tag for e in stamp] == [q(UTILITY, "Created"), q(UTILITY, "Expires")], "timestamp: %s", [e.tag for e in stamp])
        response = body.find(q(TRUST, "RequestSecurityTokenResponse"))
        kind = (response.findtext(q(TRUST, "TokenType")) or "").strip()
        self.want(kind == TOKENS + "DeviceEnrollmentToken", "TokenType %r", kind)
        self.want(response.find(q(ENROLLMENT, "DispositionMessage")) is not None, "no DispositionMessage")
        self.want((response.findtext(q(ENROLLMENT, "RequestID")) or "").strip() == "0", "RequestID")
        token = response.find("%s/%s" % (q(TRUST, "RequestedSecurityToken"), q(SECEXT, "BinarySecurityToken")))
        self.want(token.get("ValueType") == TOKENS + "DeviceEnrollmentProvisionDoc", "ValueType %r", token.get("ValueType"))
        self.want(token.get("EncodingType") == SECEXT + "#base64binary", "EncodingType %r", token.get("EncodingType"))
        return base64.b64decode((token.text or "").strip(), validate=True)


ATTRIBUTES = "response/policies/policy/attributes/"
NIL = (
    ["response/policyFriendlyName", "response/nextUpdateHours", "response/policiesNotChanged", "response/policies/policy/cAs", "cAs"]
    + [ATTRIBUTES + "privateKeyAttributes/" + n for n in ("keySpec", "keyUsageProperty", "permissions", "algorithmOIDReference")]
    + [ATTRIBUTES + n for n in (
        "supersededPolicies", "privateKeyFlags", "subjectNameFlags", "enrollmentFlags", "generalFlags", "rARequirements",
        "keyArchivalAttributes", "extensions",
    )]
)
