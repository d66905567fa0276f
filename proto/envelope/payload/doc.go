// Package payload is the form in which a payload lies in a box. What can be worked out from the rest is left out of it: the hash of a
// picture from the picture, a place from 0 to 1 from its pixels, a window from the action before. What is left stands in columns,
// one for each field, which compress better than messages do. Unpack gives it all back, bit by bit.
//
// May import: proto/pb
// Touches: nothing
// Goroutines: none
package payload
