package metadata_test

import (
	"testing"

	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

func BenchmarkSplit(b *testing.B) {
	for name, shape := range map[string]synth.Shape{
		"small": {Revisions: 500, Seed: 1, MaxCore: 8 << 10},
		"large": {Revisions: 500, Seed: 1, MaxCore: 1 << 20},
	} {
		b.Run(name, func(b *testing.B) {
			var docs [][]byte
			size := 0
			for item := range synth.New(shape).Items() {
				docs = append(docs, item.Document)
				size += len(item.Document)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, doc := range docs {
					if _, _, err := metadata.Split(doc); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkFromFragments(b *testing.B) {
	var list []*update.Fragments
	size := 0
	for item := range synth.New(synth.Shape{Revisions: 500, Seed: 1, MaxCore: 8 << 10}).Items() {
		_, f, err := metadata.Split(item.Document)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, f)
		size += len(f.Core) + len(f.Extended)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range list {
			if _, err := metadata.FromFragments(f); err != nil {
				b.Fatal(err)
			}
		}
	}
}
