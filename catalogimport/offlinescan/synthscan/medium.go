package synthscan

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"sluice/catalogimport/cabinet/cabwrite"
)

// Medium is a scan file part by part. Nothing of it is checked.
type Medium struct {
	Index   string // index.xml
	Catalog string // package.xml
	Shards  []Shard
	Inner   cabwrite.Method // of package.cab and the shards
	Outer   cabwrite.Method
}

// Shard is one cabinet of fragments.
type Shard struct {
	Name    string
	Members []cabwrite.File
}

// Write writes the scan file.
func (m Medium) Write(w io.Writer) error {
	pkg, err := pack(m.Inner, cabwrite.File{Name: "package.xml", Data: []byte(m.Catalog)})
	if err != nil {
		return err
	}
	outer := []cabwrite.File{{Name: "index.xml", Data: []byte(m.Index)}, {Name: "package.cab", Data: pkg}}
	for _, sh := range m.Shards {
		b, err := pack(m.Inner, sh.Members...)
		if err != nil {
			return fmt.Errorf("%s: %w", sh.Name, err)
		}
		outer = append(outer, cabwrite.File{Name: sh.Name, Data: b})
	}
	return cabwrite.Write(w, outer, m.Outer)
}

func pack(m cabwrite.Method, files ...cabwrite.File) ([]byte, error) {
	var b bytes.Buffer
	err := cabwrite.Write(&b, files, m)
	return b.Bytes(), err
}

// Index returns the index.xml of shards that begin at the given RevisionIds:
// package2.cab, which has the texts of licenses, package3.cab and so on.
func Index(starts ...uint32) string {
	var b strings.Builder
	b.WriteString(`<INDEX VERSION="1"><CABLIST XOR="0"><CAB NAME="package.cab" />`)
	for i, start := range starts {
		fmt.Fprintf(&b, `<CAB NAME=%q RANGESTART="%d"`, ShardName(i), start)
		if i == 0 {
			b.WriteString(` FILESDIR="1"`)
		}
		b.WriteString(` />`)
	}
	b.WriteString(`</CABLIST></INDEX>`)
	return b.String()
}

// ShardName returns how the i-th shard is called.
func ShardName(i int) string { return fmt.Sprintf("package%d.cab", i+2) }
