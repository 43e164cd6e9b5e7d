package synth

import (
	"crypto/sha1"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
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
// and size. That of a text is lines of words; no two bytes of another are alike
// enough to be compressed.
func Payload(f update.File) io.Reader {
	if strings.HasSuffix(f.Name, ".txt") {
		return io.LimitReader(&words{line: []byte(f.Name + ": these words stand for license terms.\r\n")}, f.Size)
	}
	seed := sha256.Sum256([]byte(f.Name + "\x00" + strconv.FormatInt(f.Size, 10)))
	return io.LimitReader(rand.NewChaCha8(seed), f.Size)
}

// words is a line that repeats for ever.
type words struct {
	line []byte
	at   int
}

func (w *words) Read(p []byte) (n int, _ error) {
	for n < len(p) {
		c := copy(p[n:], w.line[w.at:])
		n, w.at = n+c, (w.at+c)%len(w.line)
	}
	return n, nil
}
