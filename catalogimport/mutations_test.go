//go:build !faults

package catalogimport_test

// mutations is how many damaged copies are made of every good medium.
const mutations = 5
