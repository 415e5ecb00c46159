FROM swift:6.3-bookworm AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    libopenblas-dev libssl-dev zlib1g-dev libzstd-dev libsentencepiece-dev pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift openapi.yaml ./
COPY Sources Sources
COPY Tests Tests
# Without what only a debugger reads, a fifth of it; names of functions stay, for perf.
RUN swift build -c release --product switchyard --static-swift-stdlib -Xlinker --strip-debug
COPY models /models
# A checkout may be one that only its owner reads.
RUN chmod -R a+rX /models

# For jobs of several processes: --target ranks.
FROM build AS build-ranks
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libopenmpi-dev && rm -rf /var/lib/apt/lists/*
RUN swift build -c release --traits MPI --product switchyard --static-swift-stdlib -Xlinker --strip-debug

FROM debian:bookworm-slim AS base
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    libopenblas0-pthread libssl3 zlib1g libzstd1 libsentencepiece0 ca-certificates curl && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin switchyard
COPY --from=build /models /models
EXPOSE 8080
# Ready at once ends the start period; a large checkpoint may load for minutes, as Kubernetes' startup probe allows too.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10m CMD curl -fsS "http://127.0.0.1:${SWITCHYARD_PORT:-8080}/readyz" || exit 1
ENTRYPOINT ["switchyard"]
CMD ["serve", "/models/en-de", "--host", "0.0.0.0"]

FROM base AS ranks
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends openmpi-bin openssh-client \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build-ranks /source/.build/release/switchyard /usr/local/bin/switchyard
USER 10001

FROM base
COPY --from=build /source/.build/release/switchyard /usr/local/bin/switchyard
USER 10001
