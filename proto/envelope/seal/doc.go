// Package seal makes boxes: it compresses a payload, pads it, encrypts it under a fresh key, seals the parts of the key to
// those who may open the box together, and signs. It takes plain bytes, so only agent/internal/spool may import it.
//
// May import: proto/envelope, proto/envelope/internal/dictionary, proto/envelope/internal/lock
// Touches: nothing
// Goroutines: none
package seal
