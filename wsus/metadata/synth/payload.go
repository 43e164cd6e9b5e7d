package synth

import (
	"crypto/sha1"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"sluice/wsus/update"
)

// File returns a payload file of that name and size in bytes, with the digests of
// its [Payload].
func File(name string, size int64, modified time.Time) update.File {
	f := update.File{Name: name, Size: size, Modified: modified, PatchingType: "SelfContained"}
	h1, h256 := sha1.New(), sha256.New()
	// Neither the reader nor the hashes can fail.
	_, _ = io.Copy(io.MultiWriter(h1, h256), Payload(f))
	h1.Sum(f.Digest[:0])
	h256.Sum(f.SHA256[:0])
	return f
}

// Payload returns the bytes of a file that [File] made; they follow from its name
// and size. No two bytes of a payload are alike enough to be compressed.
func Payload(f update.File) io.Reader {
	seed := sha256.Sum256([]byte(f.Name + "\x00" + strconv.FormatInt(f.Size, 10)))
	return io.LimitReader(rand.NewChaCha8(seed), f.Size)
}
