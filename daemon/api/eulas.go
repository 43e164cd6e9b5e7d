package api

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"unicode/utf16"

	"sluice/daemon/api/wire"
	"sluice/daemon/store"
	"sluice/wsus/update"
)

func (s *server) eulas(r *http.Request) (any, error) {
	q := queryOf(r)
	f := store.EulaFilter{After: q.id("cursor"), Limit: q.limit()}
	if err := q.done(); err != nil {
		return nil, err
	}
	rows, err := s.Store.Eulas(r.Context(), f)
	if err != nil {
		return nil, err
	}
	page := wire.EulaPage{Eulas: []wire.Eula{}}
	for i := range rows {
		page.Eulas = append(page.Eulas, eulaOf(&rows[i]))
		if len(rows) == f.Limit {
			page.Next = rows[i].ID.String()
		}
	}
	return page, nil
}

func eulaOf(e *store.Eula) wire.Eula {
	return wire.Eula{
		ID: e.ID.String(), Accepted: !e.Accepted.IsZero(), By: e.By, At: when(e.Accepted), Updates: e.Updates, Title: e.Title,
	}
}

func (s *server) eula(r *http.Request) (any, error) {
	q := queryOf(r)
	language := q.text("language")
	if err := q.done(); err != nil {
		return nil, err
	}
	id, err := update.ParseID(r.PathValue("eula"))
	if err != nil {
		return nil, err
	}
	e, files, err := s.Store.FindEula(r.Context(), id)
	if err != nil {
		return nil, err
	}
	out := wire.EulaText{Eula: eulaOf(&e), Languages: []string{}}
	for i := range files {
		out.Languages = append(out.Languages, files[i].Language)
	}
	f, err := inLanguage(files, language)
	if err != nil {
		return nil, err
	}
	out.Language = f.Language
	text, err := s.readText(f)
	out.Text = text
	return out, err
}

// inLanguage returns the words in the language that is asked for, or in English,
// or what there is.
func inLanguage(files []update.File, language string) (*update.File, error) {
	if len(files) == 0 {
		return nil, notFound("the words of these license terms did not come with the metadata; the update's article has them")
	}
	for _, want := range []string{language, "en"} {
		for i := range files {
			if want != "" && strings.EqualFold(files[i].Language, want) {
				return &files[i], nil
			}
		}
		if want == language && language != "" {
			return nil, notFound("these license terms are not held in the language %q", language)
		}
	}
	return &files[0], nil
}

// maxText bounds license terms, in bytes. The longest known have 100 KB.
const maxText = 2 << 20

// readText reads license terms as text, whatever they are encoded in.
func (s *server) readText(f *update.File) (string, error) {
	r, err := s.OpenContent(f.Digest)
	if errors.Is(err, fs.ErrNotExist) {
		return "", notFound("the file with these license terms, %s, is not held yet: import the medium that carries it", f.Name)
	}
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxText {
		return "", conflict("the file with these license terms has more than %d bytes", maxText)
	}
	return plainText(b), nil
}

// plainText decodes text that is UTF-8 or, with a byte order mark, UTF-16.
func plainText(b []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return strings.ToValidUTF8(string(bytes.TrimPrefix(b, []byte{0xEF, 0xBB, 0xBF})), "\uFFFD")
	}
	units := make([]uint16, 0, len(b)/2)
	for b = b[2:]; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return string(utf16.Decode(units))
}

func (s *server) acceptEulaID(a *act) (any, error) {
	a.by.Subject = "license terms " + a.PathValue("eula")
	id, err := update.ParseID(a.PathValue("eula"))
	if err != nil {
		return nil, err
	}
	e, _, err := s.Store.FindEula(a.Context(), id)
	if err != nil {
		return nil, err
	}
	return nil, s.Store.AcceptEulaID(a.Context(), a.by, e.ID)
}
