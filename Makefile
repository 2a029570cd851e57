# What a person types. The build itself is CMake's and Ninja's; see CMakePresets.json.
# Packages are installed only when one is missing, so all of this works offline after the first time.
.DEFAULT_GOAL := help
.PHONY: help run build test bench fuzz package screenshots clean
MAKEFLAGS += --no-print-directory

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: build ## build, replay real data, print the address of the console
	build/mainstem demo

build: ## build the release binary: build/mainstem
	@scripts/install-deps build
	@scripts/configure release
	cmake --build build --target mainstem

test: build ## run every test, the fast ones first
	@scripts/install-deps build test
	@scripts/configure tests -DMAINSTEM_ALL_BUILDS=ON
	cmake --build build/tests
	@scripts/run-tests build/tests -j2

bench: build ## measure: the tables of docs/measurements.md
	@scripts/install-deps build test
	@scripts/configure tests -DMAINSTEM_ALL_BUILDS=ON
	cmake --build build/tests
	scripts/bench build/tests

fuzz: ## run each fuzzer for 60 seconds (SECONDS_EACH=600 for longer)
	@scripts/install-deps build test
	@scripts/configure fuzz
	cmake --build build/fuzz
	scripts/fuzz build/fuzz $${SECONDS_EACH:-60}

package: build ## build the Debian package: build/mainstem_VERSION_amd64.deb (docs/install.md)
	@scripts/install-deps build package
	scripts/package build/mainstem build

screenshots: build ## pictures of every page of the console, into build/screenshots
	@scripts/install-deps build test
	scripts/screenshots build/mainstem build/screenshots

clean: ## remove what was built (no data)
	rm -rf build
