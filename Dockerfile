FROM swift:6.3-bookworm AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    libopenblas-dev libssl-dev zlib1g-dev libsentencepiece-dev pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift openapi.yaml ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product switchyard --static-swift-stdlib

FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    libopenblas0-pthread libssl3 zlib1g libsentencepiece0 ca-certificates curl && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 switchyard
COPY --from=build /source/.build/release/switchyard /usr/local/bin/switchyard
COPY models /models
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD curl -fsS http://127.0.0.1:8080/readyz || exit 1
ENTRYPOINT ["switchyard"]
CMD ["serve", "/models/en-de", "--host", "0.0.0.0"]
