# Bare `make` explains itself. Everything needs only Go, apt and git on Debian 12 or Ubuntu.
SHELL := /bin/bash
GO ?= go
BIN := bin
# cgo is only for the scripted person of the demo; everything that ships builds without it.
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -buildid="
SOURCES := $(shell find . -name '*.go' -not -path './demo/out/*' -not -path './bin/*') go.mod go.sum

.DEFAULT_GOAL := help
.PHONY: help deps build demo test check fmt vet cross race e2e fuzz bench bench-idle bench-typing bench-redaction nightly clean

help: ## explain the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what is missing (says what; asks sudo only if not root)
	@installer/deps.sh

build: $(BIN)/byleave $(BIN)/byleave-collector $(BIN)/byleave-installer ## build the three binaries into bin/

$(BIN)/byleave: $(SOURCES)
	$(BUILD) -o $@ ./agent
$(BIN)/byleave-collector: $(SOURCES)
	$(BUILD) -o $@ ./collector
$(BIN)/byleave-installer: $(SOURCES)
	$(BUILD) -o $@ ./installer
# A test build whose redactor passes everything: the canary search must find in it whatever was typed. Never packaged.
$(BIN)/byleave-disconnected: $(SOURCES)
	$(BUILD) -tags byleave_disconnected -o $@ ./agent
$(BIN)/byleave-person: $(SOURCES)
	CGO_ENABLED=1 $(GO) build -o $@ ./demo/person
$(BIN)/byleave-demo: $(SOURCES)
	$(BUILD) -o $@ ./demo

DEMO_BINS := $(BIN)/byleave $(BIN)/byleave-collector $(BIN)/byleave-installer $(BIN)/byleave-disconnected $(BIN)/byleave-person $(BIN)/byleave-demo

demo: deps $(DEMO_BINS) ## the main job, end to end, on a virtual desktop (SEED=7, or DISPLAY=:0 for your own)
	$(BIN)/byleave-demo $(if $(filter command line,$(origin DISPLAY)),--display $(DISPLAY)) $(if $(SEED),--seed $(SEED))

# One package at a time: real desktops that share two cores would wait for each other.
test: deps $(DEMO_BINS) ## every test, with real X servers, windows and collectors
	$(GO) test -p 1 -timeout 15m ./...

check: fmt vet cross test ## what CI runs
	git diff --exit-code -- go.mod go.sum proto/pb

fmt:
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt-ed: $$out"; exit 1; fi

vet: deps
	$(GO) vet ./...

cross: ## the core without cgo on the three systems
	for os in linux windows darwin; do CGO_ENABLED=0 GOOS=$$os $(GO) build ./agent/... ./collector/... ./installer/... ./policy/... ./proto/... || exit 1; done

race: deps $(DEMO_BINS) ## the tests under the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./policy/... ./agent/... ./collector/... ./proto/...

e2e: deps $(DEMO_BINS) ## whole-system tests on a real desktop
	$(GO) test -count 1 -timeout 20m ./e2e/...

FUZZTIME ?= 30s
fuzz: ## every fuzz target, FUZZTIME each
	@$(GO) list ./policy/... ./proto/... ./agent/... ./collector/... | while read -r p; do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

bench: bench-idle bench-typing ## measurements; each writes bench/out/NAME.json

bench-idle: deps $(DEMO_BINS) ## 60 s of a quiet desktop with recording permitted
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestIdle$$' -v ./bench/agent

bench-typing: deps $(DEMO_BINS) ## 60 s of typing, 5 keys a second
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestTyping$$' -v ./bench/agent

DATA ?= ../shared/data/presidio_synth_dataset_v2.json
bench-redaction: $(BIN)/byleave ## text redaction, ours and peers (DATA=path of presidio-research's synth_dataset_v2.json)
	bench/peers/run.sh $(DATA)

nightly: check race ## the slow proofs
	$(MAKE) fuzz FUZZTIME=5m
	$(MAKE) bench

clean: ## remove what was built
	rm -rf $(BIN) demo/out bench/out
