// swift-tools-version:6.2
import PackageDescription

// The micro-benchmarks of the libraries. A package of its own, so that building them takes seconds: the
// libraries under test are links to the folders of the real targets.
let package = Package(
    name: "holdfast-benchmarks",
    traits: [
        .trait(name: "Failpoints", description: "Measure the failpoints with their trait on."),
        .default(enabledTraits: []),
    ],
    targets: [
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        .target(name: "Failpoints"),
        .target(name: "TagCache", dependencies: ["CLMDB", "Failpoints"]),
        .executableTarget(name: "FailpointBenchmark", dependencies: ["Failpoints"]),
        .executableTarget(name: "TagCacheBenchmarks", dependencies: ["TagCache"]),
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
