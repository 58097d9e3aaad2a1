# Everything a person types. Each target does its own set-up; nothing else is needed on a fresh machine.
SHELL := /bin/bash
# The package manager passes traits in the order of a hash table: in a random one, it builds much again for nothing.
SWIFT := SWIFT_DETERMINISTIC_HASHING=1 swift
SWIFT_FLAGS := --explicit-target-dependency-import-check error
LINTED := Sources Tests Package.swift Benchmarks/Package.swift $(wildcard Benchmarks/Sources/*Benchmark*) \
	Fuzz/Package.swift Fuzz/Sources/otlp-fuzz
RUNS ?= 200
SEED ?= $(shell date +%s)
FUZZ_RUNS ?= 10000000
FUZZ_GZIP_RUNS ?= 1000000
FUZZ_SEED ?= 1

.PHONY: help libraries setup build run test lint format docs bench fuzz torture sanitize clean

help:  ## Say what can be done.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

libraries:  ## Install the system libraries that a build needs.
	@Scripts/bootstrap.sh build

setup:  ## Install those, and redis-server, tools and Python clients for the tests.
	@Scripts/bootstrap.sh test

build: libraries  ## Build the release binary at .build/release/holdfast.
	$(SWIFT) build -c release --product holdfast $(SWIFT_FLAGS)
	@Scripts/check_failpoints.sh .build/release/holdfast

run: build  ## Serve on ports 4317 and 4318 and send a shop's traffic there.
	@Scripts/run.sh

test: setup  ## Build everything and run every test.
	@Scripts/test.sh

lint:  ## Check formatting and style.
	swift format lint --strict --configuration .swift-format -r $(LINTED)

format:  ## Format the sources in place.
	swift format --in-place --configuration .swift-format -r $(LINTED)

docs: setup  ## Write the generated pages of docs/ anew.
	HOLDFAST_WRITE_DOCS=1 $(SWIFT) test --traits Failpoints --disable-xctest $(SWIFT_FLAGS) --filter 'thePageOf'

bench: build  ## Measure ingest, queries, and what a failpoint costs, and print the tables.
	@Scripts/bench.sh
	$(SWIFT) run -c release --package-path Benchmarks FailpointBenchmark

fuzz: libraries  ## Feed the decoders FUZZ_RUNS mutated requests, and FUZZ_GZIP_RUNS through gzip.
	$(SWIFT) run -c release --package-path Fuzz otlp-fuzz --runs $(FUZZ_RUNS) --seed $(FUZZ_SEED)
	$(SWIFT) run -c release --package-path Fuzz otlp-fuzz gzip --runs $(FUZZ_GZIP_RUNS) --seed $(FUZZ_SEED)

torture: build  ## Crash simulated stores, kill real servers RUNS times and at every failpoint.
	.build/release/holdfast torture --minutes 2 --once --seed $(SEED)
	.build/release/holdfast torture --kill --runs $(RUNS) --seed $(SEED)
	$(SWIFT) build -c release --traits Failpoints --scratch-path .build-failpoints --product holdfast $(SWIFT_FLAGS)
	.build-failpoints/release/holdfast torture --kill --at all

sanitize: setup  ## Run the Swift tests under AddressSanitizer and ThreadSanitizer.
	@Scripts/sanitize.sh

clean:  ## Remove what was built and what was measured.
	rm -rf .build .build-* .venv
