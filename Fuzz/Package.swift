// swift-tools-version:6.2
import PackageDescription

// The fuzzers. A package of its own, so that building them takes seconds: what is under test are links,
// to the folder of the real target OTLP and to the two files of Server that inflate.
let package = Package(
    name: "holdfast-fuzz",
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "OTLP"),
        .executableTarget(name: "otlp-fuzz", dependencies: ["CZlib", "OTLP"]),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
