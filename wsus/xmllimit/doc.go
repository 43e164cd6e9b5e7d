// Package xmllimit reads XML from outside within stated bounds.
//
// Scanner is a pull tokenizer over bytes in memory. It is built for update
// documents of up to some fifty megabytes and for the long id lists of SOAP
// requests: tokens are slices of the input, nothing is allocated per token, and
// values stay raw (undecoded) until AppendUnescaped or Unescape is asked.
//
// It is strict: XML 1.0 (fifth edition) with Namespaces 1.0, UTF-8 only, tags
// matched, attributes quoted and unique, every prefix bound, only the five
// predefined entities and character references. What no protocol here needs is
// refused rather than handled: document type declarations, processing
// instructions (except one leading XML declaration) and other encodings. A byte
// order mark is tolerated and comments are skipped.
//
// Decode puts the same checks in front of encoding/xml: the input is read up to a
// number of bytes, scanned once against the limits, and only then unmarshalled.
//
// Every refusal is a *LimitError (too much of something) or a *SyntaxError (not
// XML, or XML of a kind that is not accepted). Their messages never quote the
// input, so they may be shown to whoever sent it.
package xmllimit
