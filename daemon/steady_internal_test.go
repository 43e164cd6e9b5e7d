package daemon

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSteadyServesWholeFiles(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789abcdef"), 3<<16+5)
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(&steady{w, time.Minute}, r, name)
	}))
	defer srv.Close()
	for _, rng := range [][2]int{{0, len(data)}, {7, 8}, {steadyPiece - 1, 2*steadyPiece + 1}, {steadyPiece, 2 * steadyPiece}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", rng[0], rng[1]-1))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !bytes.Equal(got, data[rng[0]:rng[1]]) {
			t.Errorf("range %v: %d bytes, %v", rng, len(got), err)
		}
	}
}

// A client that takes nothing is let go, though the file is not through.
func TestSteadyEndsStalledAnswers(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.Copy(&steady{w, 50 * time.Millisecond}, &io.LimitedReader{R: endless{}, N: 1 << 40})
		ended <- err
	}))
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("an endless file came to its end")
		}
	case <-time.After(30 * time.Second):
		t.Error("an answer that nobody takes does not end")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
