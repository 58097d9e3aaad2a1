import Dispatch
import Foundation
import OTLP
import Synchronization
import Testing

/// Values as deep as they may be fit on a small stack, wherever they are walked.
struct DeepValueTests {
    /// Sanitizers make frames several times as large.
    private static let isInstrumented = ProcessInfo.processInfo.environment["ASAN_OPTIONS"] != nil

    /// Lists inside one another, the innermost of bytes, which are an object in JSON text.
    private static func deepest(isArray: Bool) -> AnyValue {
        var value = AnyValue.bytes([1])
        for _ in 0..<DecodeLimits().maxDepth {
            value = isArray ? .array([value]) : .kvlist([KeyValue("k", value)])
        }
        return value
    }

    /// What is wrong with the deepest value after it was encoded, decoded, kept as text and read.
    private static func problem(isArray: Bool, isJSON: Bool) -> String? {
        let value = deepest(isArray: isArray)
        let spans = [ResourceSpans(resource: Resource(attributes: [KeyValue("deep", value)]))]
        do throws(OTLPError) {
            let columns =
                isJSON
                ? try OTLPDecoder.spans(json: OTLPEncoder.json(traces: spans))
                : try OTLPDecoder.spans(protobuf: OTLPEncoder.protobuf(traces: spans))
            if let violation = columns.violation() { return violation }
            if OTLPReader.spans(from: columns) != spans { return "decoded as another value" }
            var object: [UInt8] = []
            ValueJSON.appendObject(
                of: columns.origins.resourceAttributes,
                range: 0..<1,
                text: columns.text,
                into: &object
            )
            let pairs = try ValueJSON.parseObject(object)
            if pairs != [KeyValue("deep", value)] { return "kept as another value" }
            if try ValueJSON.keys(ofObject: object) != ["deep"] { return "kept with another key" }
            var text: [UInt8] = []
            ValueJSON.append(value, into: &text)
            return try ValueJSON.parse(text) == value ? nil : "written as another value"
        } catch {
            return error.description
        }
    }

    @Test(
        .enabled(if: !DeepValueTests.isInstrumented, "the frames are not those of a program"),
        arguments: [false, true],
        [false, true]
    )
    func halfAMebibyteOfStackIsEnough(isArray: Bool, isJSON: Bool) {
        let problem = SmallThread.run { Self.problem(isArray: isArray, isJSON: isJSON) }
        #expect(problem == nil)
    }
}

/// What came of work on another thread.
private final class Outcome: Sendable {
    let problem = Mutex<String?>(nil)
    let isDone = DispatchSemaphore(value: 0)
}

/// Work on a thread with a stack of 512 KiB.
private enum SmallThread {
    /// What `work` gives there.
    static func run(_ work: @escaping @Sendable () -> String?) -> String? {
        let outcome = Outcome()
        let thread = Thread {
            let problem = work()
            outcome.problem.withLock { $0 = problem }
            outcome.isDone.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        outcome.isDone.wait()
        return outcome.problem.withLock { $0 }
    }
}
