# `make` lists the targets. CI runs them by the same names: see .ci/run.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

NODES ?= 3
BINARY := bin/otelcol-stackstate
SCRATCH := .run

# One set of flags for everything, so that a package is compiled once: what `make build` compiled
# is not compiled again by the linters and the tests. The tags are those of the bill of materials.
TAGS := $(shell sed -n 's/^  build_tags: *//p' builder-config.yaml)
export CGO_ENABLED := 0
export GOFLAGS := $(GOFLAGS) -buildvcs=false -trimpath $(if $(TAGS),-tags=$(TAGS))

# The tools are pinned in internal/tools and built once per version.
TOOLS_MOD := internal/tools/go.mod
TOOLS := .tools/$(shell sha256sum internal/tools/go.sum | cut -c1-16)
GOFUMPT := $(TOOLS)/gofumpt
GOLANGCI_LINT := $(TOOLS)/golangci-lint
OCB := go tool -modfile=$(TOOLS_MOD) builder --config=builder-config.yaml

UNIT := ./internal/... ./receiver/... ./processor/... ./exporter/...
# What people wrote: everything but the output of generators.
WRITTEN := git ls-files -co --exclude-standard '*.go' ':!:*generated_*' ':!:components.go' ':!:main*.go'
# Every file that is or could be committed, to see what a generator changes.
SUMS := git ls-files -coz --exclude-standard | { xargs -0 sha256sum 2>/dev/null || true; }

# The modules in a binary, with their versions; our own has none when it is built from its folder.
modules = go version -m $(1) | awk '$$1 == "dep" && $$2 !~ "^github.com/otelcol-stackstate/" { print $$2, $$3 }'

##@ Use

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## run everything here; a cluster of your own: KUBECONFIG, a server of your own: STACKSTATE_URL
	@go build -o bin/local ./test/local
	@exec bin/local # not under `go run`, which dies of a SIGTERM that its program would answer

.PHONY: build
build: ## build bin/otelcol-stackstate
	@mkdir -p bin
	go build -ldflags='-s -w' -o $(BINARY) .

.PHONY: cluster-up
cluster-up: ## start the local cluster (NODES=3), or do nothing if it runs; kubeconfig at .cluster/kubeconfig
	@go -C test/cluster run . up --dir $(CURDIR)/.cluster --nodes $(NODES)

.PHONY: cluster-down
cluster-down: ## stop the local cluster
	@go -C test/cluster run . down --dir $(CURDIR)/.cluster

##@ Prove

.PHONY: test
test: build ## all tests; they start a local cluster of their own
	@mkdir -p $(SCRATCH)
	@# vet is the linters' business: here it would go through all dependencies once more
	CGO_ENABLED=1 go test -race -vet=off -coverprofile=$(SCRATCH)/coverage.out $(UNIT)
	@$(MAKE) --no-print-directory coverage
	go -C test/cluster test -vet=off . ./internal/...
	OTELCOL_BINARY=$(CURDIR)/$(BINARY) go test -vet=off -count=1 -timeout=20m . ./test/...

.PHONY: coverage
coverage: ## print how much of internal/ the last `make test` ran, and fail below 90 %
	@awk '$$1 ~ "/otelcol-stackstate/internal/" { all += $$2; if ($$3 > 0) run += $$2 } END { \
	  percent = all ? 100 * run / all : 0; printf "coverage of internal/: %.1f %%\n", percent; exit percent < 90 }' \
	  $(SCRATCH)/coverage.out

.PHONY: e2e
e2e: build ## only the end-to-end tests, with outages as long as in real life
	OTELCOL_BINARY=$(CURDIR)/$(BINARY) go test -vet=off -count=1 -timeout=30m -v ./test/e2e -long

.PHONY: bench
bench: ## run the benchmarks and print their figures
	go test -run='^$$' -bench=. -benchmem $(UNIT)

##@ Change

.PHONY: generate
generate: generate-dist ## write everything that is generated
	go generate ./...

.PHONY: generate-dist
generate-dist: ## write components.go and main*.go from builder-config.yaml
	@mkdir -p $(SCRATCH)
	$(OCB) --skip-get-modules --skip-compilation >$(SCRATCH)/ocb.log 2>&1 || { cat $(SCRATCH)/ocb.log; exit 1; }
	@cp .ocb/components.go .ocb/main*.go .

.PHONY: fmt
fmt: $(GOFUMPT) ## format the code
	$(WRITTEN) | xargs $(GOFUMPT) -w

.PHONY: lint
lint: $(GOLANGCI_LINT) ## run the linters, among them the one for who may import whom
	$(GOLANGCI_LINT) run ./...

.PHONY: check
check: check-format check-length check-tidy lint check-generated check-docs check-config check-ocb ## everything but the tests

.PHONY: check-format
check-format: $(GOFUMPT) ## fail if code is not formatted
	@unformatted=$$($(WRITTEN) | xargs $(GOFUMPT) -l); \
	  [[ -z $$unformatted ]] || { echo "not formatted, run 'make fmt':"; echo "$$unformatted"; exit 1; }

.PHONY: check-length
check-length: ## fail if a file that people wrote has more than 400 lines
	@$(WRITTEN) | xargs wc -l | awk '$$2 != "total" && $$1 > 400 { print $$2 " has " $$1 " lines, more than 400"; bad = 1 } END { exit bad }'

.PHONY: check-tidy
check-tidy: ## fail if go.mod or go.sum is not what `go mod tidy` would write
	go mod tidy -diff
	go -C internal/tools mod tidy -diff
	go -C test/cluster mod tidy -diff
	go -C test/cluster/kwok mod tidy -diff

.PHONY: check-generated
check-generated: ## fail if `make generate` changes anything
	@mkdir -p $(SCRATCH)
	@$(SUMS) >$(SCRATCH)/before
	$(MAKE) --no-print-directory generate
	@$(SUMS) | diff $(SCRATCH)/before - || { echo "generated files were stale; they are fresh now: commit them"; exit 1; }

.PHONY: check-docs
check-docs: ## fail if a README lacks a setting or a link leads nowhere
	go test -run='^TestDocs' .

.PHONY: check-config
check-config: build ## load the shipped configurations
	@mkdir -p $(SCRATCH)
	for config in deploy/config/*.yaml; do \
	  CLUSTER_NAME=check STACKSTATE_URL=http://127.0.0.1:7077 STACKSTATE_API_KEY=check STORAGE_DIR=$(SCRATCH)/storage INTAKE_DIR=$(SCRATCH) \
	  $(BINARY) validate --config="$$config"; done

.PHONY: check-ocb
check-ocb: build ## build with plain ocb and compare what is in both binaries
	$(OCB) >$(SCRATCH)/ocb.log 2>&1 || { cat $(SCRATCH)/ocb.log; exit 1; }
	@diff <($(BINARY) components) <(.ocb/otelcol-stackstate components)
	@diff <($(call modules,$(BINARY))) <($(call modules,.ocb/otelcol-stackstate))

.PHONY: clean
clean: ## remove what was built here; the local cluster keeps running
	rm -rf bin .ocb .run .tools

$(GOFUMPT): PACKAGE := mvdan.cc/gofumpt
$(GOLANGCI_LINT): PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(TOOLS)/%:
	@echo "building $* (once)"
	@go build -modfile=$(TOOLS_MOD) -ldflags='-s -w' -o $@ $(PACKAGE)
