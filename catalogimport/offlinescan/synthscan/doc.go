// Package synthscan makes offline scan files (wsusscn2.cab) for tests and
// benchmarks: [Write] a whole one in the shape of a real one, [Medium] one whose
// every part is given, right or wrong.
package synthscan
