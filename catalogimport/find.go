package catalogimport

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/catalogimport/documents"
	"sluice/catalogimport/wsusutil"
)

// Find returns the media that a path stands for: itself, or, where it is a
// folder of media files, those, sorted. A folder of update documents is one
// medium, and cabinets in it are its payloads. Links in a folder are left.
func Find(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() || wsusutil.IsContent(path) {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var media []string
	for _, e := range entries {
		full, name := filepath.Join(path, e.Name()), strings.ToLower(e.Name())
		switch {
		case !e.Type().IsRegular():
		case strings.HasSuffix(name, ".xml"):
			if isDocument(full) {
				return []string{path}, nil
			}
		case strings.HasSuffix(name, ".msu"), strings.HasSuffix(name, ".cab"), strings.HasSuffix(name, ".xml.gz"):
			media = append(media, full)
		}
	}
	if len(media) == 0 {
		return []string{path}, nil
	}
	slices.Sort(media)
	return media, nil
}

func isDocument(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := readHead(f)
	return err == nil && documents.LooksLike(head)
}
