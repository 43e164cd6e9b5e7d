package config

import (
	"os"
	"testing"
)

// FuzzParse reads any bytes as a configuration file: it never panics, and a
// document that cannot be used says why and where.
func FuzzParse(f *testing.F) {
	shipped, err := os.ReadFile("../../configs/sluice.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shipped)
	for _, s := range []string{
		"role = 'connected'\n[wsus]\nlisten = ':1'\n",
		"wsus = { listen = ':1', a = { b = 1 } }\n",
		"[[wsus]]\n[[wsus]]\na.b.c.d = 1979-05-27\n",
		"'wsus.listen' = 1\n\"\\u0000\" = nan\n",
		"import.languages = ['en', ['de']]\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, problems := parse("f", data)
		for _, a := range found {
			if a.origin.Line == 0 {
				t.Errorf("%s has no line", a.key)
			}
		}
		c, err := resolve(found, problems)
		if (c == nil) == (err == nil) {
			t.Errorf("resolve = %v, %v", c, err)
		}
		if err != nil && len(Problems(err)) == 0 {
			t.Errorf("error without a problem: %v", err)
		}
	})
}
