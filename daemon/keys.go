package daemon

import (
	"context"
	"sync/atomic"

	"sluice/daemon/store"
	"sluice/wsus/clientsync/cookie"
)

// cookiePurpose names the keys in the store that seal cookies.
const cookiePurpose = "cookie"

// keyRing holds the cookie keys in memory.
type keyRing struct {
	store *store.Store
	keys  atomic.Pointer[[]store.Key] // newest first
}

var _ cookie.Keys = (*keyRing)(nil)

func openKeys(ctx context.Context, s *store.Store) (*keyRing, error) {
	if _, err := s.EnsureKey(ctx, cookiePurpose, drawSecret); err != nil {
		return nil, err
	}
	k := &keyRing{store: s}
	return k, k.reload(ctx)
}

func (k *keyRing) reload(ctx context.Context) error {
	keys, err := k.store.Keys(ctx, cookiePurpose)
	if err == nil {
		k.keys.Store(&keys)
	}
	return err
}

// Current returns the key that new cookies are sealed with.
func (k *keyRing) Current() cookie.Key { return cookieKey((*k.keys.Load())[0]) }

// ByID returns a key that is or was in use.
func (k *keyRing) ByID(id uint32) (cookie.Key, bool) {
	for _, key := range *k.keys.Load() {
		if uint32(key.ID) == id {
			return cookieKey(key), true
		}
	}
	return cookie.Key{}, false
}

func cookieKey(k store.Key) cookie.Key {
	return cookie.Key{ID: uint32(k.ID), Secret: k.Secret, Retired: k.Retired}
}
