# Guard, signer and injector in one image, without a shell or package manager:
#
#     docker build -t countersign .
#     docker run --rm countersign --help
#
# The same bytes from the same sources, and layers that are as old as the last
# commit:
#
#     docker buildx build --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" \
#         --output type=image,name=registry.example.com/countersign,push=true,rewrite-timestamp=true .
#
# Every tag is an argument, so that a mirror or a digest can take its place.
# scripts/prove-image runs these very steps without Docker; it knows COPY, RUN,
# WORKDIR and the folder /image.
ARG RUST_VERSION=1.95
# glibc, time zones and certificate authorities: no OpenSSL, which nothing here uses.
ARG RUNTIME_IMAGE=gcr.io/distroless/base-nossl-debian12
ARG RUNTIME_TAG=nonroot

FROM rust:${RUST_VERSION}-bookworm AS build
# For compilers that would write today's date.
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}
WORKDIR /build

# Dependencies first, against an empty crate: this layer stays until one of
# them changes. The manifest names benches, examples and tests, so they must be
# there; tests may be empty.
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY examples examples
RUN mkdir -p src tests/configuration tests/integration \
    && touch src/lib.rs tests/configuration/main.rs tests/integration/main.rs \
    && echo 'fn main() {}' > src/main.rs \
    && cargo build --release --locked --bin countersign \
    && rm -r src

COPY src src
COPY docs/rejections.md docs/rejections.md
# COPY keeps the dates of the sources, which may be older than the empty crate.
RUN touch src/lib.rs src/main.rs \
    && cargo build --release --locked --bin countersign
# What goes into the image. Of GCC's runtime the unwinder, which the base image lacks.
RUN mkdir -p /image/usr/lib /image/etc/countersign \
    && strip --strip-debug -o /image/countersign target/release/countersign \
    && install -m 0644 "$(cc -print-file-name=libgcc_s.so.1)" /image/usr/lib/libgcc_s.so.1

FROM ${RUNTIME_IMAGE}:${RUNTIME_TAG}
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="A verifying reverse proxy for webhooks" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
# Where relative paths of the configuration start; certificates and secrets are mounted below it.
WORKDIR /etc/countersign
# `nonroot` of the distroless images, by number so that Kubernetes can see that it is not root.
USER 65532:65532
# Deliveries; health and metrics.
EXPOSE 8843 9843
ENTRYPOINT ["/countersign"]
