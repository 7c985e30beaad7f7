# Two commands do everything: make run, make test.
.DEFAULT_GOAL := help
TOOL := go tool -modfile=tools/go.mod
# The race detector needs a C compiler; without one the tests run without it.
RACE := $(shell go env CGO_ENABLED | grep -q 1 && command -v $$(go env CC) >/dev/null && echo -race)
RESULTS := bin/test.json

.PHONY: help run build test generate format lint check bench clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: build ## Build and serve on 127.0.0.1:8080 with the embedded store in ./data
	bin/dialogs serve --dev

build: ## Build bin/dialogs
	go build -o bin/dialogs .

test: ## Run every test
	@mkdir -p bin
	$(TOOL) gotestsum --format pkgname --jsonfile $(RESULTS) -- $(RACE) -shuffle=on ./...
	@[ -n "$(RACE)" ] || echo "NOT RUN: the race detector: needs a C compiler"
	@grep -ho 'NOT RUN: [^"\\]*' $(RESULTS) | sort -u | grep . || echo "Everything ran."

generate: ## Generate code from schema.graphqls
	go tool gqlgen generate

format: ## Format the code
	$(TOOL) gofumpt -w .

lint: ## Lint the code
	$(TOOL) golangci-lint run

check: ## Generated code up to date, format, vet, lint, module files
	go tool gqlgen generate
	git diff --exit-code -- graph
	test -z "$$($(TOOL) gofumpt -l . | grep -v /generated)"
	go vet ./...
	$(TOOL) golangci-lint run
	go mod tidy -diff
	go mod verify

bench: ## Measure: the store and the whole server, each beside a bare loop
	go test -run '^$$' -bench . -benchtime 2s ./store/sqlite .

clean: ## Remove what was built; never data
	rm -rf bin
