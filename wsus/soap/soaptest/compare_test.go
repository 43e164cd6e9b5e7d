package soaptest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/soap/soaptest"
)

// recorded is an answer in which everything occurs that rules are about.
const recorded = `<E:Envelope xmlns:E="e"><E:Body><R xmlns="r"><New><UpdateInfo><ID>1</ID><Deployment><ID>7</ID><Action>Install</Action></Deployment></UpdateInfo>` +
	`<UpdateInfo><ID>2</ID></UpdateInfo></New><int>4</int><int>5</int><Expiration>2026-10-04T16:03:35.99Z</Expiration><Empty/></R></E:Body></E:Envelope>`

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, old, new string
		want           []string
	}{
		{"the same", "", "", nil},
		{"own texts", `35.99Z`, `01Z`, nil},
		{"deployment id", `<ID>7<`, `<ID>12<`, nil},
		{"deployment id of another type", `<ID>7<`, `<ID>x<`, []string{"form R/New/UpdateInfo/Deployment/ID"}},
		{"time of another form", `35.99Z`, `35`, []string{"form R/Expiration"}},
		{"text", `Install`, `Bundle`, []string{"text R/New/UpdateInfo/Deployment/Action"}},
		{"text of a repeated element", `<int>5<`, `<int>6<`, []string{"text R/int"}},
		{"missing element", `<int>5</int>`, ``, []string{"missing R/int"}},
		{"extra element", `<Empty/>`, `<Empty/><More/>`, []string{"extra R/More"}},
		{"order of items", `<UpdateInfo><ID>1</ID>`, `<UpdateInfo><ID>2</ID></UpdateInfo><UpdateInfo><ID>1</ID>`, []string{"order R/New", "extra R/New/UpdateInfo"}},
		{"order of elements", `<Expiration>2026-10-04T16:03:35.99Z</Expiration><Empty/>`, `<Empty/><Expiration>2026-10-04T16:03:35.99Z</Expiration>`, []string{"order R"}},
		{"namespace", `xmlns="r"`, `xmlns="q"`, []string{
			"namespace R", "namespace R/New", "namespace R/New/UpdateInfo", "namespace R/New/UpdateInfo/ID", "namespace R/New/UpdateInfo/Deployment",
			"namespace R/New/UpdateInfo/Deployment/ID", "namespace R/New/UpdateInfo/Deployment/Action", "namespace R/int", "namespace R/Expiration", "namespace R/Empty",
		}},
		{"attribute", `<Empty/>`, `<Empty a="b"/>`, []string{"attribute R/Empty"}},
		{"only the bytes", `<Empty/>`, `<Empty />`, []string{"bytes Envelope"}},
		{"another prefix", `E:`, `s:`, []string{"bytes Envelope"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer := strings.ReplaceAll(recorded, tt.old, tt.new)
			if tt.name == "another prefix" {
				answer = strings.Replace(answer, "xmlns:E", "xmlns:s", 1)
			}
			if tt.old == "" {
				answer = recorded
			}
			found, err := soaptest.WUSP().Compare([]byte(recorded), []byte(answer))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range found {
				got = append(got, d.What+" "+d.Path)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompareBroken(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "<a>", "<a/><b/>", "<a></b>"} {
		if _, err := soaptest.WUSP().Compare([]byte(recorded), []byte(bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
	if found, err := soaptest.WUSP().Compare([]byte("<a/>"), []byte("<b/>")); err != nil || len(found) != 1 {
		t.Errorf("another root: %v, %v", found, err)
	}
}
