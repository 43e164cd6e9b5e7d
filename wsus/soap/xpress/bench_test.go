package xpress_test

import (
	"fmt"
	"testing"

	"sluice/wsus/soap/xpress"
)

// document returns n bytes that repeat themselves about as much as metadata do.
func document(n int) []byte {
	b := make([]byte, 0, n+256)
	for i := uint64(1); len(b) < n; i++ {
		x := i * 0x9E3779B97F4A7C15
		b = fmt.Appendf(b, `&lt;b.RegSz Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\Example\%016x" Value="Version" Comparison="EqualTo" Data="%d.%d" /&gt;`,
			x, x%17, i)
	}
	return b[:n]
}

func BenchmarkEncode(b *testing.B) {
	src := document(4 << 20)
	dst := xpress.AppendEncode(nil, src)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		dst = xpress.AppendEncode(dst[:0], src)
	}
	b.ReportMetric(float64(len(src))/float64(len(dst)), "ratio")
}

func BenchmarkDecode(b *testing.B) {
	plain := document(4 << 20)
	src := xpress.AppendEncode(nil, plain)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		var err error
		if plain, err = xpress.Decode(plain[:0], src, 4<<20); err != nil {
			b.Fatal(err)
		}
	}
}
