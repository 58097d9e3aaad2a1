import Telemetry

/// Numbers origins from 0 in the order in which they are met; the same ones have one number.
///
/// Spans of one batch share an `Origin` object. What several batches, or memory and segments, say of
/// one origin are several objects, and are compared once each.
struct OriginNumbers {
    private let isSame: (Origin, Origin) -> Bool
    private var known: [ObjectIdentifier: Int] = [:]
    /// The first origin of each number.
    private(set) var firsts: [Origin] = []

    /// Origins are the same if `isSame` holds.
    init(_ isSame: @escaping (Origin, Origin) -> Bool) { self.isSame = isSame }

    /// The number of an origin.
    mutating func number(of origin: Origin) -> Int {
        if let number = known[ObjectIdentifier(origin)] { return number }
        let number = firsts.firstIndex { isSame($0, origin) } ?? firsts.count
        if number == firsts.count { firsts.append(origin) }
        known[ObjectIdentifier(origin)] = number
        return number
    }
}

extension Origin {
    /// Whether the resources are the same.
    func hasResource(of other: Origin) -> Bool {
        resource == other.resource && resourceSchemaURL == other.resourceSchemaURL
    }

    /// Whether resources and scopes are the same.
    func isSame(as other: Origin) -> Bool {
        hasResource(of: other) && scope == other.scope && scopeSchemaURL == other.scopeSchemaURL
    }
}
