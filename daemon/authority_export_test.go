package daemon

import "context"

// CASecrets returns the own roots as the store keeps them, with their keys.
func (a *Appliance) CASecrets(ctx context.Context) ([][]byte, error) {
	keys, err := a.store.Keys(ctx, caPurpose)
	secrets := make([][]byte, len(keys))
	for i, k := range keys {
		secrets[i] = k.Secret
	}
	return secrets, err
}
