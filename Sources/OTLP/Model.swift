// What telemetry comes from.

/// The entity that produced telemetry.
public struct Resource: Sendable, Hashable {
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// Attributes the sender left out.
    public var droppedAttributes: UInt32 = 0

    /// A resource made of these fields.
    public init(attributes: [KeyValue] = [], droppedAttributes: UInt32 = 0) {
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }
}

/// The piece of instrumentation that produced telemetry.
public struct Scope: Sendable, Hashable {
    /// Its name.
    public var name: String = ""
    /// Its version.
    public var version: String = ""
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// Attributes the sender left out.
    public var droppedAttributes: UInt32 = 0

    /// A scope made of these fields.
    public init(
        name: String = "",
        version: String = "",
        attributes: [KeyValue] = [],
        droppedAttributes: UInt32 = 0
    ) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }
}
