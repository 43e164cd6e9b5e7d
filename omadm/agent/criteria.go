package agent

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/url"
	"strings"
)

// matchCriteria reports why cert, in My\store, is not what
// SSLCLIENTCERTSEARCHCRITERIA names (MS-MDE2 2.2.9.5). Windows would find no
// certificate to show.
func matchCriteria(criteria string, cert *x509.Certificate, store string) error {
	found := map[string]string{}
	for _, pair := range strings.Split(criteria, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("%q has no value", pair)
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return err
		}
		found[strings.ToLower(name)] = text
	}
	stores := strings.Split(found["stores"], "\uF000")
	in := false
	for _, s := range stores {
		in = in || strings.EqualFold(s, `My\`+store)
	}
	if !in {
		return fmt.Errorf("stores %q are not where the certificate is, My\\%s", found["stores"], store)
	}
	want, err := parseName(found["subject"])
	if err != nil {
		return err
	}
	got, err := subject(cert)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("subject %q is not that of the certificate, %v", found["subject"], got)
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("subject %q is not that of the certificate, %v", found["subject"], got)
		}
	}
	return nil
}

// part is one attribute of a name.
type part struct{ key, value string }

func (p part) String() string { return p.key + "=" + p.value }

// subject returns the attributes of a certificate's subject in encoded order,
// which is the order of Windows.
func subject(cert *x509.Certificate) ([]part, error) {
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(cert.RawSubject, &rdns); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("subject of the certificate cannot be read: %w", err)
	}
	var list []part
	for _, set := range rdns {
		for _, atv := range set {
			key, ok := nameKeys[atv.Type.String()]
			if !ok {
				key = "OID." + atv.Type.String()
			}
			list = append(list, part{key, fmt.Sprint(atv.Value)})
		}
	}
	return list, nil
}

var nameKeys = map[string]string{
	"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "S", "2.5.4.10": "O", "2.5.4.11": "OU",
	"2.5.4.5": "SERIALNUMBER", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

// parseName reads a name as CertStrToName does: attributes with commas between,
// values with special characters in quotes, a quote doubled.
func parseName(s string) ([]part, error) {
	var list []part
	for s = strings.TrimSpace(s); s != ""; {
		key, rest, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fmt.Errorf("no value in the name %q", s)
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			var err error
			if value, rest, err = quoted(rest[1:]); err != nil {
				return nil, err
			}
			rest = strings.TrimSpace(rest)
			if rest != "" && rest[0] != ',' && rest[0] != ';' {
				return nil, fmt.Errorf("text after the quoted value %q", value)
			}
		} else {
			end := strings.IndexAny(rest, ",;")
			if end < 0 {
				end = len(rest)
			}
			value, rest = strings.TrimSpace(rest[:end]), rest[end:]
			if strings.ContainsAny(value, `+="<>#`) {
				return nil, fmt.Errorf("the value %q needs quotes", value)
			}
		}
		list = append(list, part{strings.ToUpper(strings.TrimSpace(key)), value})
		s = strings.TrimSpace(strings.TrimLeft(rest, ",;"))
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no subject is named")
	}
	return list, nil
}

// quoted reads up to the closing quote.
func quoted(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '"':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		default:
			return b.String(), s[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("a quote is not closed")
}
