# The guard in an image without a shell or package manager:
#
#     docker build -t countersign .
#     docker run --rm countersign --help
#
# Every tag is an argument, so that a mirror or a digest can take its place.
ARG RUST_VERSION=1.95
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12
ARG RUNTIME_TAG=nonroot

FROM rust:${RUST_VERSION}-bookworm AS build
WORKDIR /build

# Dependencies first, against an empty crate: this layer stays until one of
# them changes. The manifest names benches and examples, so they must be there.
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY examples examples
RUN mkdir src \
    && touch src/lib.rs \
    && echo 'fn main() {}' > src/main.rs \
    && cargo build --release --locked --bin countersign \
    && rm -r src

COPY src src
COPY docs/rejections.md docs/rejections.md
# COPY keeps the dates of the sources, which may be older than the empty crate.
RUN touch src/lib.rs src/main.rs \
    && cargo build --release --locked --bin countersign \
    && strip --strip-debug -o /countersign target/release/countersign

FROM ${RUNTIME_IMAGE}:${RUNTIME_TAG}
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="A verifying reverse proxy for webhooks" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /countersign /countersign
# Where relative paths of the configuration start; certificates and secrets are mounted below it.
WORKDIR /etc/countersign
# `nonroot` of the distroless images, by number so that Kubernetes can see that it is not root.
USER 65532:65532
# Deliveries; health and metrics.
EXPOSE 8843 9843
ENTRYPOINT ["/countersign"]
