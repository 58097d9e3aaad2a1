import OTLP
import Telemetry

/// What answers depend on, as tags of the cache.
///
/// `space:S` is a whole space; below it lie `any:SIGNAL` for all of a signal, `svc:SERVICE:SIGNAL`
/// for that of one service, `names` for which services there are, and `trace:BUCKET`.
enum AnswerTag {
    /// Everything in a space.
    static func space(_ space: String) -> String { "space:" + word(space) }

    /// All telemetry of a signal.
    static func all(_ signal: Signal, in space: String) -> String {
        "\(self.space(space)):any:\(signal.rawValue)"
    }

    /// The telemetry of one service, or of all of them when none is named.
    static func service(_ name: String?, _ signal: Signal, in space: String) -> String {
        guard let name else { return all(signal, in: space) }
        return "\(self.space(space)):svc:\(word(name)):\(signal.rawValue)"
    }

    /// Which services there are.
    static func names(in space: String) -> String { "\(self.space(space)):names" }

    /// The traces of a bucket.
    static func trace(bucket: Int, in space: String) -> String {
        "\(self.space(space)):trace:\(String(bucket, radix: 16))"
    }

    /// A trace, and the others of its bucket.
    static func trace(_ id: TraceID, in space: String) -> String {
        trace(bucket: TraceBuckets.bucket(of: id), in: space)
    }

    /// So that no tag is longer than tags may be.
    private static let wordBytesMax = 90

    /// Any text as a part of a tag: letters and digits as they are, other bytes as `_` and two
    /// hexadecimal digits; of what is too long a part and a hash, which may share its tag.
    static func word(_ text: String) -> String {
        var word: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                word.append(byte)
            default: word += Array((byte < 16 ? "_0" : "_").utf8) + String(byte, radix: 16).utf8
            }
            if word.count > wordBytesMax { break }
        }
        if word.count > wordBytesMax {
            let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
            word = word.prefix(wordBytesMax - 17) + Array("_\(String(hash, radix: 16))".utf8)
        }
        return word.isEmpty ? "_" : String(decoding: word, as: UTF8.self)
    }
}
