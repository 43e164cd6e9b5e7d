# make test is all that a machine with Go needs.

GO       ?= go
FUZZTIME ?= 60s
VERSION ?=
LDFLAGS  = -s -w $(if $(VERSION),-X main.version=$(VERSION))
RELEASE  = CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)"

.PHONY: run test bench fuzz faults lint build clean \
	fmt-check vet staticcheck tidy-check generate-check

# The whole appliance in a throwaway folder, with simulated computers and devices.
run:
	$(GO) run ./cmd/sluice demo

test:
	$(GO) vet ./...
	$(GO) test ./...

# Speed and memory beside what was promised, in about a quarter of an hour on a machine
# that does nothing else. BENCH_REVISIONS="1000 10000" leaves out large catalogs.
bench:
	GO=$(GO) .ci/bench

# Every fuzz target for FUZZTIME.
fuzz:
	FUZZTIME=$(FUZZTIME) GO=$(GO) .ci/fuzz

# Killed processes and damaged media: what is too slow for make test.
faults:
	$(GO) test -tags faults -count=1 -timeout 2h ./...

lint: fmt-check vet staticcheck tidy-check generate-check

fmt-check:
	@files=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .) || exit 1; \
	if [ -n "$$files" ]; then echo "not formatted:"; echo "$$files"; exit 1; fi

vet:
	GOOS=linux $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	GOOS=linux $(GO) vet -tags faults ./...

staticcheck:
	$(GO) tool staticcheck ./...

tidy-check:
	$(GO) mod tidy -diff

generate-check:
	GO=$(GO) .ci/generated

build:
	GOOS=linux GOARCH=amd64 $(RELEASE) -o bin/sluice-linux-amd64 ./cmd/sluice
	GOOS=linux GOARCH=arm64 $(RELEASE) -o bin/sluice-linux-arm64 ./cmd/sluice
	GOOS=windows GOARCH=amd64 $(RELEASE) -o bin/sluice-windows-amd64.exe ./cmd/sluice

clean:
	rm -rf bin dist
