// swift-tools-version: 6.2
import PackageDescription

// The arrows of the house: everything points down or left, nothing points back.
//   Tensors ← Checkpoints ← Conditioning ← Denoising;  Checkpoints ← Models;  all of them and Imaging ← Pipeline ← Sweeps ← Scripting ← fluxlua
// Only Scripting may import CLua; only Tensors may import COneDNN and CKernels; only Imaging may import CCodecs.

// The release binary carries Swift with it and runs where there is none. Said here and not by --static-swift-stdlib, because
// that compiles every module anew, and the tests, which cannot be linked so, would compile them once more.
let alone: [SwiftSetting] = [.unsafeFlags(["-static-stdlib"], .when(platforms: [.linux], configuration: .release))]
let aloneAtLink: [LinkerSetting] = [.unsafeFlags(["-static-stdlib"], .when(platforms: [.linux], configuration: .release))]

let package = Package(
  name: "fluxlua",
  products: [
    .executable(name: "fluxlua", targets: ["fluxlua"]),
    .library(name: "FluxPipeline", targets: ["Pipeline"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
  ],
  targets: [
    // Libraries of the system and C: arithmetic and borders.
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CLuaLibrary", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "CEditLibrary", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg62-turbo-dev"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebpmux", providers: [.apt(["libwebp-dev"])]),
    .systemLibrary(name: "CCairo", pkgConfig: "pangocairo", providers: [.apt(["libcairo2-dev", "libpango1.0-dev"])]),
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("m")]),
    .target(name: "CCodecs", dependencies: ["CCairo", "CJPEG", "CPNG", "CWebP"]),
    .target(name: "CLineEdit", dependencies: ["CEditLibrary"]),
    .target(name: "CLua", dependencies: ["CLuaLibrary"]),
    .target(name: "EmbeddedModel", exclude: ["README.md", "model.tar"]),

    // The engine.
    .target(name: "Tensors", dependencies: ["COneDNN", "CKernels"]),
    .target(name: "Checkpoints", dependencies: ["COpenSSL", "Tensors"]),
    .target(name: "Conditioning", dependencies: ["Checkpoints", "Tensors"]),
    .target(name: "Models", dependencies: ["Checkpoints", "Tensors"]),
    .target(name: "Denoising", dependencies: ["Conditioning", "Tensors"]),
    .target(name: "Imaging", dependencies: ["CCodecs", "COpenSSL"]),
    .target(name: "Pipeline", dependencies: [
      "Checkpoints", "Conditioning", "Denoising", "EmbeddedModel", "Imaging", "Models", "Tensors",
    ]),

    .target(name: "ReportPage", exclude: ["report.css", "report.html", "report.js"]),
    .target(name: "Sweeps", dependencies: ["Checkpoints", "Imaging", "Pipeline", "ReportPage", "Tensors"]),

    // The language and the command.
    .target(name: "Scripting", dependencies: [
      "CLua", "Checkpoints", "Conditioning", "Denoising", "Imaging", "Pipeline", "Sweeps", "Tensors",
    ]),
    .executableTarget(name: "fluxlua", dependencies: [
      "CLineEdit", "Checkpoints", "Denoising", "Imaging", "Pipeline", "Scripting", "Sweeps",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ], swiftSettings: alone, linkerSettings: aloneAtLink),

    // Tests mirror Sources.
    .target(name: "TestSupport", dependencies: ["Checkpoints", "Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["Checkpoints", "Tensors", "CKernels", "TestSupport"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "TestSupport"]),
    .testTarget(name: "ConditioningTests", dependencies: ["Conditioning", "TestSupport"], exclude: ["Fixtures"]),
    .testTarget(name: "ModelsTests", dependencies: ["Models", "Conditioning", "TestSupport"]),
    .testTarget(name: "DenoisingTests", dependencies: ["Denoising", "TestSupport"]),
    .testTarget(name: "ImagingTests", dependencies: ["Imaging", "TestSupport"]),
    .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "Models", "TestSupport"]),
    .testTarget(name: "SweepsTests", dependencies: ["Denoising", "Imaging", "Pipeline", "Sweeps", "Tensors", "TestSupport"]),
    .testTarget(name: "ScriptingTests", dependencies: ["Scripting", "CLua", "TestSupport"], exclude: ["lua"]),
    .testTarget(name: "CommandTests", dependencies: ["Imaging", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu2x
)
