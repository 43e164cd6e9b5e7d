package synth_test

import (
	"testing"

	"sluice/wsus/metadata/synth"
)

func BenchmarkItem(b *testing.B) {
	c := synth.New(synth.Shape{Revisions: 10_000, Seed: 1, MaxCore: 500_000})
	bytes := int64(0)
	i := 0
	for b.Loop() {
		bytes += int64(len(c.Item(i % c.Len()).Document))
		i++
	}
	b.SetBytes(bytes / int64(i))
}
