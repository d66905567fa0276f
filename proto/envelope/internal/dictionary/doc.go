// Package dictionary holds the zstd dictionaries that payloads were compressed with: what every box would otherwise say anew, such as the
// names of keys, roles and fields. Each has a number, which stands in the compressed bytes; none is ever changed or taken away, so that old
// boxes open for ever. They were trained on made-up activity alone, see train_test.go.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package dictionary
