// Package scale measures what operations of the embedded store cost in stores of
// 1,000 to 1,000,000 dialogs. It has no code outside its tests: make bench-scale.
package scale
