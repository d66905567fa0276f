// Package spool keeps what may leave the device until it has left: it gathers redacted events into batches, seals each batch and
// makes it a durable file. It takes redact.Event and nothing else, and it can open none of its own boxes.
//
// The presence of a file is the state; there is no ledger beside the files:
//
//	<sequence>-<batch>-<n>.tmp   being written; removed at start
//	<sequence>-<batch>.box       sealed and held back, or waiting for upload
//	<sequence>-<batch>.sent      acknowledged by the collector: the person's copy until retention
//	<sequence>-<batch>.span      beside a box: the time that it covers, for the person's own use; never sent
//	<sequence>-<batch>.next   under the old box's name: the box that stands in for it, until the swap is done
//	<sequence>-<batch>.gone   the tombstone of a box that the person cut: no box of that name counts any more
//	quarantine/                  damaged, refused or foreign files; never read again, never a reason not to start
//	chain                        number and digest of the newest box, so that retention cannot break the chain
//	dropped                      how many unsent boxes the person's rule for a full folder has destroyed
//	session                      there while an agent runs; found at start, it tells that the last one did not end cleanly
//
// May import: agent/internal/capture/redact, policy, proto/envelope, proto/envelope/payload, proto/envelope/seal, proto/pb
// Touches: disk
// Goroutines: none
package spool
