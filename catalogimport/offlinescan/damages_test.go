//go:build !faults

package offlinescan_test

// damages is how many damaged copies are made of every good medium.
const damages = 5
