# Two commands do everything: make run, make test.
.DEFAULT_GOAL := help
TOOL := go tool -modfile=tools/go.mod
# The race detector needs a C compiler. SQLite, translated from C to Go, keeps its data
# outside of the Go heap, where the race detector looks at nothing. Without its
# instrumentation, the tests of the embedded store take half the time.
RACE = $(shell go env CGO_ENABLED | grep -q 1 && command -v $$(go env CC) >/dev/null && echo -race \
	-gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false -gcflags=modernc.org/memory=-race=false)
# Random order only in CI: go test does not cache such results, and on other
# machines only what has changed is tested again.
SHUFFLE := $(if $(filter true,$(CI)),-shuffle=on)
# Many tests wait more than they compute, so more of them run at once than there are CPUs.
# The packages that take longest begin first, so that none of them is alone at the end.
TEST = mkdir -p bin && $(TOOL) gotestsum --format pkgname --jsonfile bin/$@.json -- -timeout 20m -p 3 -parallel 6
ALL = ./e2e ./examples/web ./store/mongo ./clients ./store/sqlite ./playground ./live ./graph ./quickblox/client ./...
NOTRUN = grep -ho 'NOT RUN: [^"\\]*' bin/$@.json | sort -u | grep . || echo "Everything ran."
# The playground's page needs npm. Without npm, or when npm fails (except in CI),
# the binary is built anyway, and its page loads GraphiQL from a CDN.
WEB := playground/web
PAGE := $(if $(shell command -v npm),playground/dist/page/index.html)
LATEST = $(shell git describe --tags --abbrev=0 2>/dev/null)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
# Tests that try more in make test-long, or that only run there, each followed by the folder
# of its package. A test compares them with the calls of dialogtest.Times and dialogtest.Long.
RANDOM = $(shell find . -name node_modules -prune -o -name '*_test.go' -print | xargs awk '/^func / {split($$2, name, /[^A-Za-z0-9_]/); folder = FILENAME; sub(/[^\/]*$$/, "", folder)} \
	/dialogtest\.Times|dialogtest\.Long/ && name[1] ~ /^Test/ {print name[1], folder}')

.PHONY: help run build page compile test test-long test-race test-random generate format lint check bench bench-cost bench-live bench-peers bench-guard bench-scale soak dashboard audit release screenshot test-mongo bench-mongo bench-webhooks test-upgrade clean

help: ## Show this help
	@grep -Eh '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: build ## Build and serve on 127.0.0.1:8080 with the embedded store in ./data
	@bin/dialogs serve --dev

build: ## Build bin/dialogs
	@$(if $(PAGE),$(MAKE) --question --no-print-directory $(PAGE) ||) $(MAKE) --no-print-directory --jobs=2 page compile
	@echo "==> Linking bin/dialogs"
	@go build -ldflags '-X dialogs/cli.release=$(VERSION)' -o bin/dialogs .

page: $(PAGE)
	@:

# Compiles what does not depend on the page, while npm builds the page.
compile:
	@echo "==> Compiling the server (about a minute the first time)"
	@go build ./cli

playground/dist/page/index.html: $(wildcard $(WEB)/*.* $(WEB)/src/*) README.md
	@echo "==> Building the playground's page (about a minute the first time)"
	@cd $(WEB) && (test node_modules/.package-lock.json -nt package-lock.json || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) && npm run --silent build \
		|| { echo "NOT BUILT: the playground's page: npm failed" >&2; [ -z "$$CI" ]; }

test: $(PAGE) ## Run the tests, except those that only make test-long runs
	$(TEST) $(SHUFFLE) $(ALL)
	go -C tools test ./...
	go -C tools/monitoring test ./...
	@$(NOTRUN)

test-long: test-race test-random ## Run the tests with the race detector, and those at length that take long

test-race: $(PAGE)
	$(if $(RACE),$(TEST) $(RACE) -shuffle=on $(ALL),@echo "NOT RUN: the race detector: needs a C compiler"; [ -z "$$CI" ])

# These tests compute, so more at once would only make each of them wait.
test-random: export TEST_LONG = 1
test-random:
	$(TEST) -p 2 -count=1 -run '^($(subst $(eval) ,|,$(sort $(filter Test%,$(RANDOM)))))$$' $(sort $(filter ./%,$(RANDOM)))

test-upgrade: ## Replace instances of the Git reference in BASE (the latest tag) under load, on MongoDB, and go back
	$(base)
	TEST_LONG=1 go test -run 'TestRollingRestart$$' -count=1 -v ./e2e -args -older $(CURDIR)/bin/dialogs-base

generate: ## Generate code from schema.graphqls
	go run ./graph/generate

format: ## Format the code
	$(TOOL) gofumpt -w .

lint: ## Lint the code
	$(TOOL) golangci-lint run

check: ## Check generated code, format, vet, lint and module files
	go run ./graph/generate
	git diff --exit-code -- graph
	test -z "$$($(TOOL) gofumpt -l . | grep -v /generated)"
	go vet ./...
	$(TOOL) golangci-lint run
	go mod tidy -diff
	go mod verify

audit: ## Look for known vulnerabilities in all dependencies
	@tools/audit

release: ## Build dist/: programs for all platforms, checksums, SBOM
	@tools/release

test-mongo: export DIALOGS_SECRET ?= unused-here-but-compose-asks-for-it
test-mongo: ## Run the tests of the stores on a real MongoDB, with Docker and compose.yaml
	docker compose up --detach --wait mongo
	MONGODB_URI='mongodb://127.0.0.1:27017/?directConnection=true' go test $(RACE) -count=1 -shuffle=on ./store/... ./transfer ./e2e; \
		status=$$?; docker compose stop mongo; exit $$status

bench: ## Measure the embedded store and the whole server, each compared with a bare loop
	go test -run '^$$' -bench . -benchtime 2s ./store/sqlite
	go test -run '^$$' -bench Handler ./graph
	go test -run '^$$' -bench 'HTTP|CPU' -benchtime 2s ./e2e

bench-cost: ## Find the most expensive requests, and write docs/cost.md and the bounds of the test
	go test -run 'TestCost$$' -timeout 30m -v ./e2e -args -cost-bounds -cost $(CURDIR)/docs/cost.md

soak: ## Keep a server busy for an hour while everything around it fails, and write docs/soak.md; needs root and 20,000 open files
	@mkdir -p bin
	go test -run 'TestSoak$$' -timeout 180m -count=1 -v ./e2e -args -soak $(or $(SOAK),1h) -soak-connections $(or $(CONNECTIONS),10000) -soak-report $(CURDIR)/docs/soak.md -soak-metrics $(CURDIR)/bin/soak-metrics.txt

dashboard: ## Draw docs/dashboard.svg from the figures of the last soak
	go test -run 'TestDashboardPicture$$' -count=1 ./docs -args -figures $(CURDIR)/bin/soak-metrics.txt

bench-scale: ## Measure the embedded store with 1,000 to 1,000,000 dialogs, and draw docs/scale.svg (several minutes)
	CHART=$(if $(SCALE),,$(CURDIR)/docs/scale.svg) go test ./bench/scale -run '^$$' -bench 'Scale|Pairs' -benchtime 1x -timeout 60m

bench-live: ## Measure live updates with 15,000 connections, and write the table in docs/live.md; needs 20,000 open files
	go test -run 'TestLive$$' -timeout 15m -count=1 -v ./bench/live -args -connections $(or $(CONNECTIONS),15000) -report $(CURDIR)/docs/live.md

# ROUNDS (7), DURING (1.5s for each measurement) and ENGINES (sqlite,postgresql,mongodb) can
# be changed.
bench-peers: bench/peers/node/node_modules/.package-lock.json ## Measure the server beside other GraphQL servers and a bare handler, and write docs/peers.md (20 minutes)
	go test -run 'TestPeers$$' -timeout 60m -count=1 -v ./bench/peers -args -rounds $(or $(ROUNDS),7) $(if $(DURING),-during $(DURING)) $(if $(ENGINES),-engines $(ENGINES)) -report $(CURDIR)/docs/peers.md

bench/peers/node/node_modules/.package-lock.json: bench/peers/node/package-lock.json
	cd bench/peers/node && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

bench-guard: ## Fail if the CPU time per request grew by more than 10% since the Git reference in BASE (the latest tag)
	$(base)
	go test -run 'TestPeers$$' -timeout 30m -count=1 -v ./bench/peers -args -rounds $(or $(ROUNDS),7) $(if $(DURING),-during $(DURING)) -base $(CURDIR)/bin/dialogs-base

# base builds the program of the Git reference in BASE (the latest tag) as bin/dialogs-base.
define base
	@mkdir -p bin
	@[ -n "$(or $(BASE),$(LATEST))" ] || { echo "no tag yet: set BASE to a Git reference" >&2; exit 1; }
	rm -rf bin/base && git worktree prune && git worktree add --detach --force bin/base $(or $(BASE),$(LATEST))
	cd bin/base && go build -o ../dialogs-base . ; status=$$?; cd $(CURDIR) && git worktree remove --force bin/base; exit $$status
endef

bench-mongo: ## Measure the MongoDB store compared with a bare driver loop, and the whole server
	go test -run '^$$' -bench Update -benchtime 2s ./store/mongo
	go test -run '^$$' -bench Mongo -benchtime 2s ./e2e

bench-webhooks: ## Measure the delay and the rate of webhooks, and a receiver that does not answer
	go test -run '^$$' -bench Webhooks/delay -benchtime 500x ./e2e
	go test -run '^$$' -bench Webhooks/rate -benchtime 20000x ./e2e
	go test -run '^$$' -bench Webhooks/dead -benchtime 100000x ./e2e

screenshot: $(PAGE) ## Take the README's screenshot of the playground
	go test -count=1 -run 'TestPage$$' ./playground -screenshot ../docs/playground.png

clean: ## Remove build results; keeps data
	rm -rf bin playground/dist/page
