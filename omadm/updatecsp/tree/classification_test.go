package tree_test

import (
	"testing"

	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

func TestFindClassification(t *testing.T) {
	t.Parallel()
	definitions := update.MustParseID("E0789628-CE08-4437-BE74-2495B842F43B")
	for _, text := range []string{"Definition Updates", "definition updates", " Definition Updates ", "{E0789628-CE08-4437-BE74-2495B842F43B}", definitions.String()} {
		if id, err := tree.FindClassification(text); err != nil || id != definitions {
			t.Errorf("FindClassification(%q) = %v, %v", text, id, err)
		}
	}
	other := update.ID{1}
	if id, err := tree.FindClassification(other.String()); err != nil || id != other {
		t.Errorf("one that is not known by name: %v, %v", id, err)
	}
	for _, text := range []string{"", "Definitions", "e0789628"} {
		if id, err := tree.FindClassification(text); err == nil {
			t.Errorf("FindClassification(%q) = %v", text, id)
		}
	}
}
