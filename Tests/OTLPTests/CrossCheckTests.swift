import Foundation
import OTLP
import Testing

/// What opentelemetry-proto (Python) writes, both encodings, is read back by it attribute for
/// attribute after it has been through our columns.
///
/// Needs `HOLDFAST_PYTHON`, an interpreter with that package.
struct CrossCheckTests {
    private static let python = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"]

    @Test(.enabled(if: python != nil, "HOLDFAST_PYTHON is not set"))
    func pythonAgreesAboutEveryField() throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("otlp-cross-check-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }

        try run("build", directory)
        var requests = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
            let parts = name.split(separator: ".")
            let body = [UInt8](try Data(contentsOf: directory.appendingPathComponent(name)))
            let isJSON = parts[2] == "json"
            let signal = try #require(Signal(rawValue: String(parts[1])))
            let (protobuf, json) = try reencoded(body, signal, isJSON: isJSON)
            let output = directory.appendingPathComponent(name).path + ".out"
            try Data(protobuf).write(to: URL(fileURLWithPath: output + ".pb"))
            try Data(json).write(to: URL(fileURLWithPath: output + ".json"))
            requests += 1
        }
        #expect(requests == 360)
        #expect(try run("compare", directory) == "\(requests * 2)\n")
    }

    private func reencoded(
        _ body: [UInt8],
        _ signal: Signal,
        isJSON: Bool
    ) throws -> (protobuf: [UInt8], json: [UInt8]) {
        switch signal {
        case .traces:
            let columns =
                try isJSON ? OTLPDecoder.spans(json: body) : OTLPDecoder.spans(protobuf: body)
            #expect(columns.violation() == nil)
            #expect(columns.rejections.count == 0)
            let model = OTLPReader.spans(from: columns)
            return (OTLPEncoder.protobuf(traces: model), OTLPEncoder.json(traces: model))
        case .logs:
            let columns =
                try isJSON ? OTLPDecoder.logs(json: body) : OTLPDecoder.logs(protobuf: body)
            #expect(columns.violation() == nil)
            #expect(columns.rejections.count == 0)
            let model = OTLPReader.logs(from: columns)
            return (OTLPEncoder.protobuf(logs: model), OTLPEncoder.json(logs: model))
        case .metrics:
            let columns =
                try isJSON ? OTLPDecoder.metrics(json: body) : OTLPDecoder.metrics(protobuf: body)
            #expect(columns.violation() == nil)
            #expect(columns.rejections.count == 0)
            let model = OTLPReader.metrics(from: columns)
            return (OTLPEncoder.protobuf(metrics: model), OTLPEncoder.json(metrics: model))
        }
    }

    /// Runs the script and gives what it printed.
    @discardableResult
    private func run(_ command: String, _ directory: URL) throws -> String {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("cross_check.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = [script.path, command, directory.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command): \(output.suffix(3000))")
        return output
    }
}
