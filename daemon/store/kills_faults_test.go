//go:build faults

package store_test

// kills is how often an import is killed before it may finish.
const kills = 50
