// swift-tools-version:6.2
import PackageDescription

// The fuzzers. A package of its own, so that building them takes seconds: the library under test is a
// link to the folder of the real target.
let package = Package(
    name: "holdfast-fuzz",
    targets: [
        .target(name: "OTLP"),
        .executableTarget(name: "otlp-fuzz", dependencies: ["OTLP"]),
    ]
)

for target in package.targets {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
