PACKAGES = libopenblas-dev libssl-dev zlib1g-dev libsentencepiece-dev pkg-config
BASE8 = .build/base8

.PHONY: serve test lint check-imports packages parity test-clients compare endurance fuzz sanitize

# Builds the server and runs it with the model that ships.
serve: packages
	swift build -c release --product switchyard
	.build/release/switchyard serve models/en-de

# Every test that needs nothing but this repository.
test: packages
	swift test

packages:
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || scripts/install-packages $(PACKAGES)

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

# A target imports only what Package.swift lets it.
check-imports: packages
	swift build --build-tests --explicit-target-dependency-import-check error

# Tokens per second beside transformers, over HTTP; needs the environment of scripts/parity.
compare: packages
	swift build -c release --product switchyard
	test -d $(BASE8) || .venv/parity/bin/python benchmarks/make_base8.py $(BASE8)
	.venv/parity/bin/python benchmarks/compare.py $(BASE8)

# Ten thousand requests from 64 clients, a tenth of which leave midway.
endurance: packages
	swift build -c release --product switchyard
	python3 benchmarks/endurance.py --binary .build/release/switchyard

# The HTTP parsers, ten minutes.
fuzz: packages
	scripts/fuzz-http/run.sh 600

# The wide comparison with transformers: minutes, and a virtual environment with torch.
parity: packages
	scripts/parity

# The built server as clients see it: curl, httpx, the openai package, bad input.
test-clients: packages
	swift build -c release --product switchyard
	test -x .venv/clients/bin/pytest || { python3 -m venv .venv/clients && \
		.venv/clients/bin/pip install -q -r Tests/EndToEnd/requirements.txt; }
	SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard .venv/clients/bin/pytest -q Tests/EndToEnd

# Every test with the address sanitizer. (The thread sanitizer does not follow the standard library's mutex once it
# is contended and reports every access under one.)
sanitize: packages
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build/sanitize
