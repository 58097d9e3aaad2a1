// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "holdfast",
    products: [
        .library(name: "Failpoints", targets: ["Failpoints"]),
        .library(name: "Parquet", targets: ["Parquet"]),
        .library(name: "RedisBus", targets: ["RedisBus"]),
        .library(name: "TagCache", targets: ["TagCache"]),
        .executable(name: "holdfast", targets: ["holdfast"]),
    ],
    traits: [
        .trait(name: "Failpoints", description: "Compile the named fault-injection points in."),
        .default(enabledTraits: []),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.45.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird",
            from: "2.28.1",
            traits: []
        ),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle",
            from: "2.13.0"
        ),
    ],
    targets: [
        // Level 0: know nobody.
        .systemLibrary(
            name: "CZstd",
            pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"])]
        ),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        // Without pkg-config: it gives hiredis a flag that the package manager prohibits.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "CKernels"),
        .target(name: "Failpoints"),
        .target(name: "Parquet", dependencies: ["CKernels", "CZstd"]),
        .target(name: "OTLP"),

        // Level 1: makes rows durable.
        .target(
            name: "Storage",
            dependencies: [
                "CKernels", "Failpoints", "Parquet",
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(name: "TagCache", dependencies: ["CLMDB", "Failpoints"]),

        // Level 2: gives the rows meaning; makes them suffer; takes invalidations to other nodes.
        .target(
            name: "RedisBus",
            dependencies: ["CHiredis", "COpenSSL", "Failpoints", "TagCache"]
        ),
        .target(name: "Simulation", dependencies: ["Failpoints", "Parquet", "Storage"]),
        .target(
            name: "Telemetry",
            dependencies: [
                "OTLP", "Parquet", "Storage",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),

        // Level 4: the composition root.
        .target(
            name: "Server",
            dependencies: [
                "CZlib", "OTLP", "Storage", "TagCache", "Telemetry",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),

        // Level 5: the command line.
        .executableTarget(
            name: "holdfast",
            dependencies: [
                "CKernels", "Failpoints", "OTLP", "Server", "Simulation", "Storage", "Telemetry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
    ]
)

let testTargets: [Target] = [
    .testTarget(name: "FailpointsTests", dependencies: ["Failpoints"]),
    .testTarget(
        name: "SimulationTests",
        dependencies: ["Failpoints", "Parquet", "Simulation", "Storage"]
    ),
    .testTarget(name: "RedisBusTests", dependencies: ["Failpoints", "RedisBus", "TagCache"]),
    .testTarget(name: "TagCacheTests", dependencies: ["Failpoints", "TagCache"]),
    .testTarget(name: "ParquetTests", dependencies: ["Parquet"], exclude: ["read_with_engines.py"]),
    .testTarget(name: "OTLPTests", dependencies: ["OTLP"], exclude: ["cross_check.py"]),
    .testTarget(name: "StorageTests", dependencies: ["Failpoints", "Parquet", "Storage"]),
    .testTarget(
        name: "TelemetryTests",
        dependencies: [
            "OTLP", "Simulation", "Storage", "Telemetry",
            .product(name: "Logging", package: "swift-log"),
        ]
    ),
    .testTarget(
        name: "ServerTests",
        dependencies: [
            "OTLP", "Server", "Storage", "TagCache", "Telemetry",
            .product(name: "GRPCCore", package: "grpc-swift-2"),
            .product(name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdTesting", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOEmbedded", package: "swift-nio"),
            .product(name: "NIOHPACK", package: "swift-nio-http2"),
            .product(name: "NIOHTTP2", package: "swift-nio-http2"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ]
    ),
    .testTarget(
        name: "HoldfastTests",
        dependencies: [
            "OTLP", "holdfast", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHPACK", package: "swift-nio-http2"),
        ]
    ),
    .testTarget(name: "TidyTests"),
]
package.targets += testTargets

// Every Swift target is built the same way: strict about ownership of names, and about warnings.
for target in package.targets where target.type != .system && target.name != "CKernels" {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
            .enableUpcomingFeature("ExistentialAny"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
            .enableUpcomingFeature("InternalImportsByDefault"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
            .enableUpcomingFeature("MemberImportVisibility"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0443-warning-control-flags.md
            .treatAllWarnings(as: .error),
        ]
}
