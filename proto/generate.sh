#!/bin/sh
# Makes pb/ anew from byleave/v1/*.proto. Needs protoc; the two plugins come pinned through the Go toolchain.
set -eu
cd "$(dirname "$0")"
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
GOBIN="$tools" go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN="$tools" go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
PATH="$tools:$PATH" protoc -I . \
	--go_out=pb --go_opt=module=github.com/byleave/byleave/proto/pb \
	--go-grpc_out=pb --go-grpc_opt=module=github.com/byleave/byleave/proto/pb \
	byleave/v1/*.proto
BYLEAVE_GENERATE=1 go test -count 1 -run "^TestDictionaryIsWritten$" .
