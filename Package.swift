// swift-tools-version: 6.2
import PackageDescription

/// The house, floor by floor: a target may only depend on lines above it.
let layers: [(name: String, dependsOn: [Dependency])] = [
    ("JSON", []),
    ("Telemetry", ["JSON", .log]),
    ("TraceExport", ["COpenSSL", "JSON", "Telemetry", .log]),
    ("Tensors", ["CKernels", "COpenBLAS"]),
    ("Ranks", ["CRanks"]),
    ("Tokenization", ["CSentencePiece", "JSON"]),
    ("Checkpoints", ["JSON", "Tensors", "CZlib", "CZstd"]),
    ("HTTPServing", ["CEpoll", "COpenSSL", "CZlib", "Telemetry", .httpTypes, .log]),
    ("SwitchModel", ["Tensors", "Ranks", "Checkpoints", "JSON"]),
    ("Generation", ["Tensors", "Checkpoints", "SwitchModel", "JSON"]),
    ("Batching", ["Tensors", "SwitchModel", "Generation", "Telemetry", .collections]),
    ("Training", ["SwitchModel", "Ranks", "Checkpoints", "Tensors", "Tokenization", "JSON", "CZlib"]),
    (
        "InferenceAPI",
        [
            "HTTPServing", "Batching", "Generation", "SwitchModel", "Tokenization", "Checkpoints", "Telemetry", "JSON",
            .httpTypes, .log,
        ]
    ),
]

let tests: [(name: String, dependsOn: [Dependency])] = [
    ("JSONTests", ["JSON", "TestSupport"]),
    ("TelemetryTests", ["Telemetry", .log]),
    ("TraceExportTests", ["TraceExport", "Telemetry", .log]),
    ("TensorsTests", ["Tensors", "TestSupport"]),
    ("RanksTests", ["Ranks"]),
    ("TokenizationTests", ["Tokenization", "TestSupport"]),
    ("CheckpointsTests", ["Checkpoints", "Tensors", "TestSupport"]),
    ("HTTPServingTests", ["HTTPServing", "Telemetry", "TestSupport", "COpenSSL", .httpTypes, .log]),
    ("SwitchModelTests", ["SwitchModel", "Checkpoints", "Tensors", "JSON", "TestSupport"]),
    (
        "GenerationTests",
        ["Generation", "SwitchModel", "Checkpoints", "Ranks", "Tensors", "TestSupport", "CAllocationCounter"]
    ),
    (
        "BatchingTests",
        ["Batching", "Generation", "SwitchModel", "Checkpoints", "Ranks", "Telemetry", "Tensors", "TestSupport"]
    ),
    ("TrainingTests", ["Training", "Ranks", "Tokenization", "SwitchModel", "Checkpoints", "Tensors", "TestSupport"]),
    (
        "InferenceAPITests",
        [
            "InferenceAPI", "HTTPServing", "Batching", "Generation", "SwitchModel", "Tokenization", "Checkpoints",
            "Telemetry", "JSON", "TestSupport", .httpTypes, .log,
        ]
    ),
]

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A dependency of a target: another target by its name, or one of the named products.
typealias Dependency = Target.Dependency

extension Target.Dependency {
    static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let collections = product(name: "DequeModule", package: "swift-collections")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let signals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let log = product(name: "Logging", package: "swift-log")
}

let package = Package(
    name: "switchyard",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "switchyard", targets: ["switchyard"])],
    traits: [.trait(name: "MPI", description: "Experts over several machines, by Open MPI.")],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
        .target(
            name: "CRanks",
            dependencies: [.target(name: "COpenMPI", condition: .when(traits: ["MPI"]))],
            cSettings: [.define("HAS_MPI", .when(traits: ["MPI"]))]
        ),
        .target(
            name: "CKernels",
            cSettings: [
                .unsafeFlags(["-O3", "-fno-slp-vectorize", "-fno-math-errno", "-ffp-contract=off"]),
                // The package manager asks for a frame pointer after these: products of 4 bits would lose the register that
                // keeps their sums out of memory, and half their speed.
                .unsafeFlags(["-Xclang", "-mframe-pointer=none"]),
            ]
        ),
        .target(
            name: "CSentencePiece",
            linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]
        ),
        .executableTarget(
            name: "switchyard",
            dependencies: [
                "InferenceAPI", "HTTPServing", "Batching", "Generation", "SwitchModel", "Checkpoints", "Tensors",
                "Ranks",
                "Tokenization", "TraceExport", "Telemetry", "Training", .arguments, .httpTypes, .lifecycle, .log,
                .signals,
            ],
            resources: [.embedInCode("openapi.yaml"), .embedInCode("Console")],
            swiftSettings: swiftSettings
        ),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .target(
            name: "TestSupport",
            dependencies: ["Tensors", "Checkpoints", "SwitchModel", "Generation"],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings
        ),
    ]
        + layers.map { .target(name: $0.name, dependencies: $0.dependsOn, swiftSettings: swiftSettings) }
        + tests.map { .testTarget(name: $0.name, dependencies: $0.dependsOn, swiftSettings: swiftSettings) },
    cxxLanguageStandard: .cxx17
)
