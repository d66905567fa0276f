# Bare `make` explains itself. Everything needs only Go, make, apt and git on Debian 12 or Ubuntu.
SHELL := /bin/bash
GO ?= go
BIN := bin
# cgo is only for the scripted person of the demo; everything that ships builds without it.
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -buildid="
# The text engine is compiled by a profile of its own, which is named by its digest because the go command does not look into it (make profile).
ENGINE := agent/internal/capture/redact
PROFILE := $(wildcard $(ENGINE)/hot-*.pgo)
BYPROFILE := -gcflags=github.com/byleave/byleave/$(ENGINE)=-pgoprofile=$(PROFILE)
# Where tests keep their screenshots, named by test.
export BYLEAVE_ARTEFACTS ?= $(CURDIR)/e2e/out
SOURCES := $(shell find . -name '*.go' -not -path './demo/out/*' -not -path './bin/*') go.mod go.sum

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## explain the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what is missing (says what; asks sudo only if not root)
	@installer/deps.sh

build: $(BIN)/byleave $(BIN)/byleave-ocr $(BIN)/byleave-collector $(BIN)/byleave-installer ## build the four binaries into bin/

$(BIN)/byleave: $(SOURCES) $(PROFILE)
	$(BUILD) $(BYPROFILE) -o $@ ./agent
$(BIN)/byleave-ocr: $(SOURCES)
	$(BUILD) -o $@ ./agent/ocr
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

DEMO_BINS := $(BIN)/byleave $(BIN)/byleave-ocr $(BIN)/byleave-collector $(BIN)/byleave-installer $(BIN)/byleave-disconnected $(BIN)/byleave-person $(BIN)/byleave-demo

demo: deps $(DEMO_BINS) ## the main job, end to end, on a virtual desktop (SEED=7, or DISPLAY=:0 for your own)
	$(BIN)/byleave-demo $(if $(filter command line,$(origin DISPLAY)),--display $(DISPLAY)) $(if $(SEED),--seed $(SEED))

# A real S3 server for the tests of the scale-out store, pinned. It is no part of the product and of no module of ours.
$(BIN)/versitygw: Makefile
	GOBIN=$(CURDIR)/$(BIN) $(GO) install github.com/versity/versitygw/cmd/versitygw@v1.8.0
	@touch $@

# One package at a time: real desktops that share two cores would wait for each other. Only root can boot a machine of its own.
test: deps $(DEMO_BINS) $(BIN)/versitygw ## every test, with real X servers, windows, collectors and, as root, a real service manager
ifeq ($(shell id -u),0)
	$(GO) test -p 1 -timeout 30m ./...
else
	@echo "test: without root ./e2e/service is left out: it boots a machine; run it with: sudo make test"
	$(GO) test -p 1 -timeout 30m $$($(GO) list ./... | grep -v /e2e/service$$)
endif

check: fmt vet lint cross test demo ## what CI runs
	git diff --exit-code -- go.mod go.sum proto/pb
	@.ci/vuln || case $$? in 3 | 4) ;; *) exit 1 ;; esac # 3: not checked, 4: this Go is old; its last line says so, and no change of the code mends it

fmt:
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt-ed: $$out"; exit 1; fi

vet: deps
	$(GO) vet ./...

# Pinned, built by the Go toolchain, kept in its cache.
lint: deps ## the linters of .golangci.yml
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --allow-parallel-runners --timeout 15m ./...

CORE := ./agent/... ./collector/... ./installer/... ./policy/... ./proto/...
cross: ## the core without cgo on the three systems, and its tests as far as they compile there
	for os in linux windows darwin; do CGO_ENABLED=0 GOOS=$$os $(GO) build $(CORE) || exit 1; done
	for os in windows darwin; do CGO_ENABLED=0 GOOS=$$os $(GO) vet $(CORE) || exit 1; done

vuln: ## known vulnerabilities in the code that our programs call (VULNDB=URL: another database); fails if there are some, also in this Go, or if it cannot be checked
	@.ci/vuln

race: deps $(DEMO_BINS) $(BIN)/versitygw ## the tests under the race detector
	CGO_ENABLED=1 $(GO) test -race -p 1 -timeout 45m $(CORE)

e2e: deps $(DEMO_BINS) ## whole-system tests on a real desktop
	$(GO) test -p 1 -count 1 -timeout 30m ./e2e/...

deps-wine: deps ## install Wine and a compiler for it; large, so no part of deps
	@installer/deps.sh wine wine64 gcc-mingw-w64-x86-64

wine: deps-wine $(BIN)/byleave-collector ## the Windows programs in Wine: service, pipe, what is left behind
	CGO_ENABLED=0 GOOS=windows $(GO) vet -tags byleave_wine ./agent/internal/control ./installer/...
	$(GO) test -tags byleave_wine -count 1 -timeout 15m ./e2e/wine

FUZZTIME ?= 30s
fuzz: ## every fuzz target, FUZZTIME each
	@$(GO) list ./policy/... ./proto/... ./agent/... ./collector/... | while read -r p; do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

bench: $(filter-out $(if $(DATA),bench-pixels,bench-redaction),$(shell sed -n 's/^\(bench-[a-z]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))) ## measurements; each writes bench/out/NAME.json

bench-frames: deps ## what masking and encoding a frame costs, beside image/png
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestFramesCost$$' -v ./agent/internal/capture

bench-masks: deps $(BIN)/byleave-ocr ## what masking a picture costs at 1080p and 4K, and what showing clean lines again does
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestMasksCost$$' -v ./agent/internal/capture/redact

bench-idle: deps $(DEMO_BINS) ## 60 s of a quiet desktop with recording permitted, without and with a tray icon
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestIdle' -v ./bench/agent

bench-agent: deps $(DEMO_BINS) ## each load for a minute, beside other recorders (13 minutes)
	BYLEAVE_PEERS="$$(bench/peers/record.sh)" BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 25m -run '^TestLoads$$' -v ./bench/agent

bench-start: ## how long the agent's spool takes to start after seven days offline, every tenth box damaged
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestStartAfterCorruption$$' -v ./agent/internal/spool

bench-typing: deps $(DEMO_BINS) ## 60 s of typing, 5 keys a second
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestTyping$$' -v ./bench/agent

bench-reveal: deps $(DEMO_BINS) ## 60 s of work while clean lines of pictures are shown again, the reader included
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestReveal$$' -v ./bench/agent

bench-pause: deps $(DEMO_BINS) ## 50 pauses in the middle of typing at full speed
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestPause$$' -v ./bench/agent

bench-forget: deps $(DEMO_BINS) ## "forget the last 10 minutes", from the command to the signed record
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestForget$$' -v ./bench/agent

bench-erase: ## what an erasure costs a collector with many boxes of one person
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestEraseCost$$' -v ./collector/internal/store/embed

bench-store: deps $(BIN)/versitygw ## what a scale-out collector stores, PostgreSQL and S3 on the same machine
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestStoreCost$$' -v ./collector/internal/store/cloud

# Calls within the package alone, as text: no place of this machine, nothing of the texts.
profile: ## how the text engine is compiled, by texts of many kinds (TEXTS="a.txt b.go")
	@mkdir -p $(BIN)
	BYLEAVE_TEXTS="$(abspath $(TEXTS))" $(GO) test -run '^$$' -bench '^BenchmarkTexts$$' -benchtime 25s -cpuprofile $(BIN)/hot.prof -o $(BIN)/hot.test ./$(ENGINE)
	$(GO) tool preprofile -i $(BIN)/hot.prof | awk 'NR == 1 {print; next} NR % 3 == 2 {a = $$0} NR % 3 == 0 {b = $$0} NR % 3 == 1 && a ~ /^[^[]*\/redact\./ && b ~ /^[^[]*\/redact\./ {print a; print b; print}' > $(BIN)/hot.pgo
	rm -f $(ENGINE)/hot-*.pgo $(BIN)/hot.test $(BIN)/hot.prof
	mv $(BIN)/hot.pgo $(ENGINE)/hot-$$(sha256sum $(BIN)/hot.pgo | cut -c1-8).pgo

bench-redaction: deps $(BIN)/byleave $(BIN)/byleave-ocr ## redaction of text and pages, ours and peers (DATA=path of presidio-research's synth_dataset_v2.json)
	@test -n "$(DATA)" || { echo "bench-redaction: name the data, make bench-redaction DATA=path/to/synth_dataset_v2.json" >&2; exit 2; }
	bench/peers/run.sh $(DATA) $(PAGES)

bench-pixels: deps $(BIN)/byleave $(BIN)/byleave-ocr ## redaction of pages alone, read back by other readers; goes on where it was stopped (PAGES=150)
	bench/peers/run.sh --pixels $(PAGES)

bench-ingest: deps $(BIN)/byleave-collector ## what a collector takes in and makes durable, beside plain TCP, TLS and disk and other queues
	@mkdir -p bench/out/peers; cd bench/peers/queues && $(GO) build -o $(CURDIR)/bench/out/peers/queues . || echo "JetStream and the OpenTelemetry queue: not run" >&2
	BYLEAVE_QUEUES="$$(ls $(CURDIR)/bench/out/peers/queues 2>/dev/null)" BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 15m -run '^TestIngest$$' -v ./bench/ingest

bench-fleet: deps $(BIN)/byleave-collector ## a day of many computers, 60 times as fast: collectors stopped, killed, cut off (DEVICES=10000 COLLECTORS=3 SPEED=60 BOXES=40, or SITES=file)
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 90m -run '^TestI14I16Fleet$$' -v ./bench/fleet

bench-fleet-shared: deps $(BIN)/byleave-collector $(BIN)/versitygw ## the same with three collectors over one PostgreSQL and one S3 server, all on this machine
	bench/fleet/store.sh $(MAKE) bench-fleet

bench-typists: ## whether typists are told apart by what leaves, beside raw keys
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestTypists$$' -v ./agent/internal/capture/redact

bench-commit: ## what it costs to let 256 typed bytes go
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestCommitCost$$' -v ./agent/internal/capture/redact

bench-review: deps ## the review page with 100,000 actions, in Chromium
	BYLEAVE_BENCH=1 $(GO) test -count 1 -timeout 10m -run '^TestReviewCost$$' -v ./agent

nightly: check race ## the slow proofs
	BYLEAVE_NIGHTLY=1 $(GO) test -count 1 -timeout 120m -run 'TestNarrowerAgainstTheOracle|TestTransitions|TestI16CrashLosesNothing|TestI16KilledAtEveryFailpoint|TestI13CutSurvivesCrashes|TestKeyStreams|SecureContexts|TestBeforeIsBefore' -v \
	  ./policy ./agent/internal/flow ./agent/internal/spool ./agent/internal/capture ./agent/internal/capture/redact ./agent/internal/capture/internal/x11
	BYLEAVE_NIGHTLY=1 $(GO) test -count 1 -timeout 4h -run 'TestI14ChaosLosesNothing|TestASlowLineIsAlive|TestALineThatBreaksGetsThrough|TestI13AWeekWithoutACollector' -v ./agent/internal/upload
	BYLEAVE_NIGHTLY=1 $(GO) test -count 1 -timeout 1h -run '^TestPlantedBugsAreFound$$' -v ./e2e/mutants
	BYLEAVE_NIGHTLY=1 $(GO) test -count 1 -timeout 4h -run '^TestI14I16KilledCollectors$$' -v ./collector
	BYLEAVE_NIGHTLY=1 $(GO) test -count 1 -timeout 1h -run '^(TestLoaders|TestKilledExportsGoOn)$$' -v ./collector/internal/export
	BYLEAVE_NIGHTLY=1 $(GO) test -count 1 -timeout 2h -run '^TestSoak$$' -v ./bench/agent
	BYLEAVE_NIGHTLY=1 $(GO) test -count 1 -timeout 4h -run '^TestTransitions' -v ./e2e
	$(MAKE) wine
	$(MAKE) fuzz FUZZTIME=5m
	$(MAKE) bench

clean: ## remove what was built
	rm -rf $(BIN) demo/out bench/out e2e/out
