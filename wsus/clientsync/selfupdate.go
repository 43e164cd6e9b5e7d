package clientsync

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// SelfUpdatePath is where clients up to Windows 8.1 look for a newer agent
// (MS-WUSP 3.1.5.1), in any letter case. Later ones never do.
const SelfUpdatePath = "/SelfUpdate/"

// SelfUpdate serves the files that an administrator put into a folder, by HEAD
// and by GET with ranges. They are signed by Microsoft and not ours to hand out,
// so there are none by default: nil answers 404 to everything. Current clients
// never ask; old ones do not go on without.
func SelfUpdate(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET and HEAD are served here.", http.StatusMethodNotAllowed)
			return
		}
		p := r.URL.Path
		if files == nil || len(p) <= len(SelfUpdatePath) || !strings.EqualFold(p[:len(SelfUpdatePath)], SelfUpdatePath) {
			http.NotFound(w, r)
			return
		}
		name, ok := findFold(files, p[len(SelfUpdatePath):])
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeFileFS(w, r, files, name)
	})
}

// findFold finds a file by its path in any letter case.
func findFold(files fs.FS, name string) (string, bool) {
	if !fs.ValidPath(name) || strings.Count(name, "/") > 8 {
		return "", false
	}
	dir, found := ".", ""
	for part := range strings.SplitSeq(name, "/") {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			return "", false
		}
		found = ""
		for _, e := range entries {
			if strings.EqualFold(e.Name(), part) {
				found = path.Join(dir, e.Name())
			}
		}
		if found == "" {
			return "", false
		}
		dir = found
	}
	info, err := fs.Stat(files, found)
	return found, err == nil && info.Mode().IsRegular()
}
