package clientsync_test

import (
	"encoding/base64"
	"strconv"
	"testing"

	"sluice/wsus/soap/soaptest"
)

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func decode(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func itoa(n int) string { return strconv.Itoa(n) }

func parse(tb testing.TB, text string) *soaptest.Element {
	tb.Helper()
	e, err := soaptest.Parse([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}
