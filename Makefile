PACKAGES = libopenblas-dev libssl-dev zlib1g-dev libzstd-dev libsentencepiece-dev pkg-config
# What the tests of clients talk to the server with, or through.
CLIENT_PACKAGES = chromium chromium-driver curl haproxy jq nginx prometheus
BASE8 = .build/base8
DENSE = .build/dense
BIG = .build/base128

.PHONY: serve serve-ranks test train-compare lint docs check-imports check-deploy packages rank-packages \
	client-packages parity parity-fuzz tokenizer-parity test-clients embeddings bench expert-memory compare latency scores \
	accuracy endurance http-throughput fuzz fuzz-checkpoints schemathesis differential prometheus faults slow-clients overload soak \
	sanitize image-check quota

# Builds the server and runs it with the model that ships.
serve: packages
	swift build -c release --product switchyard
	.build/release/switchyard serve models/en-de

# Two ranks here, the first serving, each with half of the experts: docs/ranks.md has the command for several machines.
serve-ranks: packages rank-packages
	swift build -c release --traits MPI --product switchyard
	OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun -n 2 --oversubscribe --bind-to none \
		--mca mpi_yield_when_idle 1 .build/release/switchyard serve models/en-de --ranks-serve first

# Every test that needs nothing but this repository; those of numbers on every instruction set the processor has.
test: packages
	swift build --build-tests
	for set in $$(scripts/instruction-sets); do \
		SWITCHYARD_INSTRUCTION_SET=$$set swift test --skip-build --quiet \
			--filter 'KernelTests|FourBitTests|VocabularyScoresTests|KeyValuePoolTests|ParityTests|BatchInvarianceTests|PlantedModelTests|GoldenTests|LayerGradientTests|TwoExpertsTests' || exit 1; done
	swift test
	swift test -c release -Xswiftc -enable-testing --scratch-path .build/release-tests --filter AllocationTests

# Linux, and a Swift that is new enough.
.PHONY: machine
machine:
	@scripts/check-machine

packages: machine
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || pkg-config --exists openblas openssl zlib libzstd sentencepiece 2>/dev/null \
		|| scripts/install-packages $(PACKAGES)

.venv/deploy/bin/kubernetes-validate:
	python3 -m venv .venv/deploy
	.venv/deploy/bin/pip install -q PyYAML==6.0.3 kubernetes-validate==1.37.0

# Rules, dashboard, LiteLLM's file and docs/operations.md beside what a running server exposes; manifests, units and scripts
# beside schemas, systemd and the flags there are.
check-deploy: packages .venv/deploy/bin/kubernetes-validate
	@command -v promtool >/dev/null || scripts/install-packages prometheus
	@command -v systemd-analyze >/dev/null || scripts/install-packages systemd
	swift build --product switchyard
	.venv/deploy/bin/python scripts/check-deploy .build/debug/switchyard

# Format, and folders that one can take in.
lint:
	swift format lint --strict --recursive Sources Tests Package.swift
	scripts/check-layout
	scripts/check-docs

# The reference of every target, by docc, in .build/docs; anything docc complains of is an error.
docs: packages
	scripts/build-docs

# A target imports only what Package.swift lets it.
check-imports: packages
	swift build --build-tests --explicit-target-dependency-import-check error

.venv/benchmarks/bin/python:
	python3 -m venv .venv/benchmarks
	.venv/benchmarks/bin/python -m pip install -q -r benchmarks/requirements.txt

$(BASE8): .venv/benchmarks/bin/python
	$< benchmarks/make_base8.py $@

$(DENSE): .venv/benchmarks/bin/python | $(BASE8)
	$< benchmarks/make_dense.py $(BASE8) models/en-de $@

# Decoding and encoding of a Switch-base-8 shape beside the machine's own limits, and the picture of it.
bench: packages | $(BASE8)
	swift build -c release --product switchyard
	for weights in f32 bf16 int8 int4; do \
		.build/release/switchyard bench $(BASE8) --weights $$weights --json >.build/bench-$$weights.json || exit 1; done
	python3 benchmarks/roofline.py docs/roofline.svg .build/bench-f32.json .build/bench-bf16.json .build/bench-int8.json \
		.build/bench-int4.json

# Tokens per second over HTTP beside transformers and CTranslate2: decoding, then encoding.
compare: packages | $(BASE8) $(DENSE)
	swift build -c release --product switchyard
	.venv/benchmarks/bin/python benchmarks/compare.py $(BASE8) --dense $(DENSE) --rounds 5 --engines \
		switchyard-f32 switchyard-bf16 switchyard-int8 transformers-f32 transformers-bf16 ctranslate2-f32 ctranslate2-int8 \
		--floor 1 switchyard-f32/transformers-f32 1.3 --floor 32 switchyard-f32/transformers-f32 1
	.venv/benchmarks/bin/python benchmarks/compare.py $(BASE8) --dense $(DENSE) --rounds 5 --streams 1 \
		--prompt-tokens 512 --tokens 1 --engines switchyard-f32 switchyard-bf16 switchyard-int8 transformers-bf16 \
		ctranslate2-int8

SENTENCES = .build/sentences

.venv/sentences/bin/python:
	python3 -m venv .venv/sentences
	.venv/sentences/bin/python -m pip install -q -r benchmarks/requirements.txt sentence-transformers==6.2.0 protobuf

# Embeddings of a thousand sentences beside sentence-transformers, with an encoder of T5-base's shape.
embeddings: packages .venv/sentences/bin/python
	swift build -c release --product switchyard
	.venv/sentences/bin/python benchmarks/embeddings.py $(SENTENCES) models/en-de

$(BIG): .venv/benchmarks/bin/python
	$< benchmarks/make_base8.py $@ --experts 128 --bf16

# Decoding when experts do not fit: tokens a second by how much of them does, evenly used and not. 30 GB of disk.
expert-memory: packages | $(BIG)
	swift build -c release --product switchyard
	test -d $(BIG)-packed || .build/release/switchyard pack $(BIG) $(BIG)-packed --weights bf16
	for draw in uniform zipf; do for memory in 14500M 7250M 3625M 1450M; do echo $$draw $$memory; \
		.build/release/switchyard bench $(BIG)-packed --expert-memory $$memory --draw $$draw \
			--sequences 32 --sequences 8 --sequences 1 --encode 64 || exit 1; done; done

# Time between tokens of 1 to 64 streams while others join, and beams beside streams.
latency: packages | $(BASE8)
	swift build -c release --product switchyard
	python3 benchmarks/latency.py $(BASE8)

# A hundred candidates scored in one request, and by a completion each.
scores: packages | $(BASE8)
	swift build -c release --product switchyard
	python3 benchmarks/scores.py models/en-de
	python3 benchmarks/scores.py $(BASE8)

# The default number of threads beside every other, under quotas of 1 and 1.5 processors. Needs root.
quota: packages | $(BASE8)
	swift build -c release --product switchyard
	python3 benchmarks/quota.py $(BASE8)

# Tokens a second of training beside PyTorch: PAIRS is a file of lines 'source <tab> target'.
train-compare: packages .venv/benchmarks/bin/python
	swift build -c release --product switchyard
	.venv/benchmarks/bin/python benchmarks/train_compare.py .build/release/switchyard $(PAIRS)

# What bf16, int8, int4 and experts of fewer bits cost in accuracy: SOURCE and TARGET are parallel text, CALIBRATION texts
# that experts are rounded for.
accuracy: packages .venv/benchmarks/bin/python
	swift build -c release --product switchyard
	.venv/benchmarks/bin/python benchmarks/accuracy.py models/en-de $(SOURCE) $(TARGET) \
		$(if $(CALIBRATION),--calibration $(CALIBRATION))

# Ten thousand requests from 64 clients, a tenth of which leave midway.
endurance: packages
	swift build -c release --product switchyard
	python3 benchmarks/endurance.py --binary .build/release/switchyard

# Requests a second beside nginx, at a thousand connections, and over TLS. Needs wrk and nginx.
http-throughput: packages
	swift build -c release --product switchyard
	python3 benchmarks/http_throughput.py --tls

# Jobs of 1, 2 and 4 ranks, in shared memory and over network namespaces: bodies of one process, deaths, drains, what ranks take.
# Minutes, as root; RANKS are more words for pytest, such as --whole --kills 20, or --serve all.
.PHONY: ranks ranks-model fuzz-ranks
RANKS =

ranks: packages rank-packages .venv/clients/bin/pytest
	@command -v ip >/dev/null || scripts/install-packages iproute2
	swift build -c release --traits MPI --product switchyard
	SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard .venv/clients/bin/pytest -q -s Tests/Ranks $(RANKS)

# Steps that benchmarks/ranks_model.py tells beside steps of 1, 2 and 4 ranks measured here.
ranks-model: packages rank-packages | $(BASE8)
	swift build -c release --traits MPI --product switchyard
	python3 benchmarks/ranks_model.py compare $(BASE8)

# The readers of what ranks send each other, ten minutes each.
fuzz-ranks: packages
	for kind in calls cards; do scripts/fuzz-ranks/run.sh $$kind 600 || exit 1; done

# What clients send and are sent, ten minutes each.
fuzz: packages
	for kind in requests responses completions texts; do scripts/fuzz-http/run.sh $$kind 600 || exit 1; done
	scripts/fuzz-gzip/run.sh 600
	scripts/fuzz-json/run.sh 600

# The reader of PyTorch weight files, ten minutes each of pickles and of whole files.
fuzz-checkpoints: packages
	scripts/fuzz-checkpoints/run.sh pickles 600
	scripts/fuzz-checkpoints/run.sh files 600

# The wide comparison with transformers: minutes, and a virtual environment with torch.
parity: packages
	scripts/parity

# Every layout of T5X and Mesh TensorFlow, written by their own libraries, served and converted beside transformers: minutes.
.PHONY: formats fuzz-formats read-t5x
formats: packages
	scripts/formats

# The readers of what T5X and TensorFlow write, ten minutes each.
fuzz-formats: packages
	for kind in messages arrays chunks tables snappy; do scripts/fuzz-formats/run.sh $$kind 600 || exit 1; done

# Loading and converting a T5X checkpoint of Switch-base-8's shape beside safetensors and beside zlib alone.
read-t5x: packages .venv/formats/bin/python | $(BASE8)
	swift build -c release --product switchyard
	for compressor in none gzip; do test -d .build/t5x-$$compressor || \
		.venv/formats/bin/python benchmarks/make_t5x.py $(BASE8) .build/t5x-$$compressor --compressor $$compressor || exit 1; done
	python3 benchmarks/read_t5x.py .build/release/switchyard $(BASE8) .build/t5x-none .build/t5x-gzip

.venv/formats/bin/python:
	python3 -m venv .venv/formats
	.venv/formats/bin/python -m pip install -q -r Tests/Formats/requirements.txt

# Ten steps of fine-tuning from checkpoints of every kind, beside torch's.
.PHONY: fine-tuning
fine-tuning: packages
	scripts/fine-tuning

COUNT = 10000
FROM = 0

# COUNT random requests to random generation configurations, beside transformers; FROM goes on where a run ended.
parity-fuzz: packages
	scripts/parity-fuzz $(COUNT) $(FROM)

# Twenty thousand lines of every kind beside tokenizers and sentencepiece; TEXTS are gzipped files of more lines.
tokenizer-parity: packages
	scripts/tokenizer-parity $(TEXTS)

# What several processes talk to each other by.
RANK_PACKAGES = libopenmpi-dev openmpi-bin

rank-packages:
	@dpkg -s $(RANK_PACKAGES) >/dev/null 2>&1 || scripts/install-packages --no-install-recommends $(RANK_PACKAGES)

client-packages:
	@dpkg -s $(CLIENT_PACKAGES) >/dev/null 2>&1 || scripts/install-packages $(CLIENT_PACKAGES)

.venv/clients/bin/pytest: Tests/EndToEnd/requirements.txt
	python3 -m venv .venv/clients
	.venv/clients/bin/pip install -q -r $<
	touch $@

# The built server as clients see it: curl, httpx, the openai package, bad input, HTTP at the socket, its description.
test-clients: packages client-packages rank-packages .venv/clients/bin/pytest
	swift build -c release --traits MPI --product switchyard
	SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard .venv/clients/bin/pytest -q Tests/EndToEnd

.venv/console/bin/pytest: Tests/Console/requirements.txt
	python3 -m venv .venv/console
	.venv/console/bin/pip install -q -r $<
	.venv/console/bin/pip install -q --no-deps axe-playwright-python==0.1.8
	touch $@

# The page at / in a real browser: every view by pointer and by keys, beside what the server answers; bad servers and texts,
# proxies, accessibility, speed.
.PHONY: console console-pictures
console: packages client-packages .venv/console/bin/pytest
	swift build -c release --product switchyard
	SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard .venv/console/bin/pytest -q -rP Tests/Console

# The pictures of docs/console.md.
console-pictures: packages client-packages .venv/console/bin/pytest
	swift build -c release --product switchyard
	SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard .venv/console/bin/python scripts/console-pictures

# Where the environments of many clients are kept: they are large, and outlive a checkout.
WIDE = $(HOME)/.cache/switchyard/clients-wide
WIDE_SETS = current earlier agents load gateway
UV = 0.13.9

# overrides.txt names what a client wants and is not installed.
$(WIDE)/%/bin/pytest: Tests/Clients/%/requirements.txt $(wildcard Tests/Clients/*/overrides.txt)
	rm -rf $(WIDE)/$*
	python3 -m venv $(WIDE)/$*
	$(WIDE)/$*/bin/pip install -q uv==$(UV)
	$(WIDE)/$*/bin/uv pip install -q --python $(WIDE)/$*/bin/python \
		$(addprefix --override ,$(wildcard Tests/Clients/$*/overrides.txt)) -r $<
	touch $@

# Clients of many makers, each in its own words, in several environments, because they do not all fit into one. The first
# time it fetches 3 GB; the tests themselves have no network but loopback.
.PHONY: clients-wide
clients-wide: packages $(WIDE_SETS:%=$(WIDE)/%/bin/pytest)
	swift build -c release --product switchyard
	for set in $(WIDE_SETS); do SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard \
		timeout 1800 $(WIDE)/$$set/bin/pytest -q -rs Tests/Clients/$$set || exit 1; done

# Two thousand requests of each operation of openapi.yaml, and a million mutated ones beside h11 and llhttp.
schemathesis differential: packages .venv/clients/bin/pytest
	swift build -c release --product switchyard
	SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard \
		SCHEMATHESIS_EXAMPLES=2000 HTTP_DIFFERENTIAL_CASES=1000000 .venv/clients/bin/pytest -q -s \
		Tests/EndToEnd/HTTP/$(if $(filter schemathesis,$@),test_http_schema.py,test_http_differential.py)

# Prometheus itself, 3,600 scrapes of a server under load: an hour at one a second, in six minutes. Needs prometheus.
prometheus: packages .venv/clients/bin/pytest
	swift build -c release --product switchyard
	PROMETHEUS_SECONDS=360 PROMETHEUS_INTERVAL_MS=100 SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard \
		.venv/clients/bin/pytest -q -rP Tests/EndToEnd/Operations/test_prometheus.py

# Killed and resetting clients, full disks, signals, clocks, limits of the machine: four times what test-clients does.
faults: packages .venv/clients/bin/pytest
	swift build -c release --product switchyard
	FAULTS_SCALE=4 SWITCHYARD_BINARY=$(CURDIR)/.build/release/switchyard \
		.venv/clients/bin/pytest -q -rP Tests/EndToEnd/Operations/test_faults.py

# A thousand slow clients beside one in a hurry. Needs slowhttptest.
slow-clients: packages
	swift build -c release --product switchyard
	python3 benchmarks/slow_clients.py

# Ten times the capacity for two minutes.
overload: packages
	swift build -c release --product switchyard
	python3 benchmarks/overload.py --factor 10 --minutes 2

MINUTES = 30

# Three times the capacity for MINUTES, memory and descriptors watched.
soak: packages
	swift build -c release --product switchyard
	python3 benchmarks/overload.py --factor 3 --minutes $(MINUTES)

# Every test with the address sanitizer, and those of threads and sockets with the thread sanitizer.
sanitize: packages
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build/sanitize
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/thread-sanitizer.suppressions swift test --sanitize=thread \
		--scratch-path .build/sanitize-threads --filter 'HTTPServing|Batching|InferenceAPI|Telemetry|TraceExport'

# The Dockerfile built without an engine, its image run and asked, compose.yaml held to it. Needs root and 10 GB of disk.
image-check:
	scripts/image-check/run.sh
