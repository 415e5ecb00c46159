PACKAGES = libopenblas-dev libssl-dev zlib1g-dev libsentencepiece-dev pkg-config

.PHONY: serve test lint check-imports packages

packages:
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || scripts/install-packages $(PACKAGES)

serve: packages
	swift build -c release --product switchyard
	.build/release/switchyard serve models/en-de

test: packages
	swift test

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

check-imports: packages
	swift build --build-tests --explicit-target-dependency-import-check error
